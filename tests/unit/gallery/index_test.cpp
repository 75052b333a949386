// Indexes against a naive search in double: odd sizes, ties, all threads, rows that come and go.
#include "gallery/index.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "facenet/codes.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

Embeddings random_rows(std::size_t n, std::size_t dimension, std::uint64_t seed, bool unit = true) {
  Random random(seed);
  Embeddings rows{dimension, std::vector<float>(n * dimension)};
  for (std::size_t i = 0; i < n; ++i) {
    double norm = 0;
    for (float& value : rows[i]) {
      value = static_cast<float>(random.normal());
      norm += static_cast<double>(value) * static_cast<double>(value);
    }
    if (!unit) continue;
    for (float& value : rows[i]) value /= static_cast<float>(std::sqrt(norm));
  }
  return rows;
}

std::vector<std::int64_t> numbers(std::size_t n, std::int64_t from = 0) {
  std::vector<std::int64_t> ids(n);
  std::iota(ids.begin(), ids.end(), from);
  return ids;
}

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    sum += std::pow(static_cast<double>(a[k]) - static_cast<double>(b[k]), 2);
  }
  return sum;
}

// The hits of one query: right distances, in order, and nothing nearer was left out.
void check_hits(const std::vector<Hit>& hits, std::span<const float> query, const Embeddings& rows, std::size_t k) {
  REQUIRE(hits.size() == std::min(k, rows.size()));
  std::vector<double> all(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) all[i] = distance(query, rows[i]);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const double expected = all[static_cast<std::size_t>(hits[i].id)];
    REQUIRE(std::abs(static_cast<double>(hits[i].distance) - expected) < 1e-5 * (1 + expected));
    if (i > 0) REQUIRE(hits[i - 1] < hits[i]);
  }
  if (hits.empty()) return;
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < hits.size(); ++i) {
    REQUIRE(std::abs(static_cast<double>(hits[i].distance) - all[i]) < 1e-5 * (1 + all[i]));
  }
}

}  // namespace

TEST_CASE("exact search equals a naive one in double, over odd sizes and dimensions") {
  for (const std::size_t dimension : {1U, 3U, 64U, 127U, 128U, 512U}) {
    for (const std::size_t n : {1U, 15U, 16U, 17U, 333U}) {
      const Embeddings rows = random_rows(n, dimension, n + dimension);
      const auto index = make_index(IndexKind::exact, static_cast<std::int64_t>(dimension));
      index->add(numbers(n), rows);
      for (const std::size_t count : {1U, 2U, 7U, 100U}) {
        const Embeddings queries = random_rows(count, dimension, 99);
        for (const std::size_t k : {1U, 10U, 400U}) {
          const Hits hits = index->search(queries, static_cast<std::int64_t>(k));
          REQUIRE(hits.size() == count);
          for (std::size_t q = 0; q < count; ++q) check_hits(hits[q], queries[q], rows, k);
        }
      }
    }
  }
}

TEST_CASE("exact search crosses chunks and groups of queries") {
  const Embeddings rows = random_rows(20'000, 24, 5);
  const auto index = make_index(IndexKind::exact, 24);
  index->add(numbers(rows.size()), rows);
  const Embeddings queries = random_rows(2'500, 24, 6);
  const Hits hits = index->search(queries, 5);
  for (std::size_t q = 0; q < queries.size(); q += 97) check_hits(hits[q], queries[q], rows, 5);
}

TEST_CASE("exact search gives the same bits for one query and many, and at any number of threads") {
  const Embeddings rows = random_rows(9'000, 33, 1);
  const Embeddings queries = random_rows(131, 33, 2);
  const auto index = make_index(IndexKind::exact, 33);
  index->add(numbers(rows.size()), rows);
  const ThreadScope one(1);
  const Hits expected = index->search(queries, 7);
  for (const int threads : {2, 3, 5}) {
    const ThreadScope scope(threads);
    REQUIRE(index->search(queries, 7) == expected);
    for (const std::size_t q : {0U, 77U, 130U}) {
      const Embeddings single{33, {queries[q].begin(), queries[q].end()}};
      REQUIRE(index->search(single, 7)[0] == expected[q]);
    }
  }
}

TEST_CASE("of equal distances the lower number comes first, wherever the rows lie") {
  Embeddings rows{4, {}};
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < 100; ++i) {
    rows.append(std::vector<float>{0.5F, 0.5F, i % 2 == 0 ? 0.5F : -0.5F, 0.5F});
    ids.push_back(1000 - 7 * i);  // falling
  }
  const auto index = make_index(IndexKind::exact, 4);
  index->add(ids, rows);
  const Embeddings query{4, {0.5F, 0.5F, 0.5F, 0.5F}};
  const auto hits = index->search(query, 60)[0];
  REQUIRE(hits.size() == 60);
  std::vector<std::int64_t> same;
  for (std::size_t i = 0; i < 100; i += 2) same.push_back(ids[i]);
  std::sort(same.begin(), same.end());
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(hits[i].id == same[i]);
    CHECK(hits[i].distance == 0.0F);
  }
  CHECK(hits[50].distance == 1.0F);
  CHECK(hits[50].id < hits[59].id);
}

TEST_CASE("rows go, and others come") {
  const auto index = make_index(IndexKind::exact, 16);
  CHECK(index->search(random_rows(3, 16, 1), 5) == Hits(3));
  CHECK(index->search({16, {}}, 5).empty());
  Embeddings rows = random_rows(500, 16, 8);
  index->add(numbers(500), rows);
  Random random(3);
  std::vector<bool> there(500, true);
  for (int step = 0; step < 300; ++step) {
    const auto id = static_cast<std::int64_t>(random.below(500));
    CHECK(index->remove(std::vector<std::int64_t>{id, -5}) == (there[static_cast<std::size_t>(id)] ? 1 : 0));
    there[static_cast<std::size_t>(id)] = false;
  }
  CHECK(index->info().size == std::count(there.begin(), there.end(), true));
  for (std::size_t i = 0; i < 500; ++i) {
    const Embeddings query{16, {rows[i].begin(), rows[i].end()}};
    const Hit nearest = index->search(query, 1)[0][0];
    CHECK((nearest.id == static_cast<std::int64_t>(i)) == there[i]);
    CHECK((nearest.distance == 0.0F) == there[i]);
  }
  const auto everything = numbers(500);
  index->remove(everything);
  CHECK(index->info().size == 0);
  CHECK(index->search(rows, 1)[0].empty());
  index->add(numbers(500, 500), rows);
  CHECK(index->search(rows, 1)[42][0].id == 542);
}

TEST_CASE("codes are searched at the distances that the codec gives, one query or many") {
  for (const std::size_t dimension : {3U, 64U, 127U, 128U, 513U}) {
    const Embeddings rows = random_rows(700, dimension, dimension);
    const Codec codec = Codec::calibrate(rows, "8bit");
    const Codes codes = codec.encode(rows);
    const auto index = build_index(IndexKind::codes, rows, numbers(700));
    CHECK(index->info().kind == IndexKind::codes);
    const Embeddings queries = random_rows(50, dimension, 4);
    const Hits hits = index->search(queries, 9);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      std::vector<double> all;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        all.push_back(static_cast<double>(codec.distance(queries[q], codes[i])));
      }
      for (const Hit& hit : hits[q]) {
        REQUIRE(std::abs(static_cast<double>(hit.distance) - all[static_cast<std::size_t>(hit.id)]) < 2e-5);
      }
      std::sort(all.begin(), all.end());
      REQUIRE(hits[q].size() == 9);
      REQUIRE(std::abs(static_cast<double>(hits[q][8].distance) - all[8]) < 2e-5);
      REQUIRE(index->search({dimension, {queries[q].begin(), queries[q].end()}}, 9)[0] == hits[q]);
    }
    const auto gone = numbers(600);
    CHECK(index->remove(gone) == 600);
    for (const auto& own : index->search(queries, 9)) {
      for (const Hit& hit : own) REQUIRE(hit.id >= 600);
    }
  }
  CHECK_THROWS_AS(make_index(IndexKind::codes, 3), InvalidArgument);
  CHECK_THROWS_AS(build_index(IndexKind::codes, random_rows(1, 3, 1), numbers(1)), InvalidArgument);
}

TEST_CASE("the graph finds nearly all, says how many, and forgets what is removed") {
  std::unique_ptr<Index> index;
  try {
    index = make_index(IndexKind::hnsw, 32);
  } catch (const InvalidArgument& error) {
    REQUIRE(std::string(error.what()).find("FACENET_WITH_HNSW") != std::string::npos);
    WARN("SKIPPED: built without FACENET_WITH_HNSW");
    return;
  }
  const Embeddings rows = random_rows(3000, 32, 11);
  index->add(numbers(3000), rows);
  IndexInfo info = index->info();
  CHECK(info.kind == IndexKind::hnsw);
  CHECK(info.size == 3000);
  REQUIRE(info.recall.has_value());
  CHECK(*info.recall > 0.95);
  CHECK(info.recall_size == 3000);
  CHECK(info.recall_queries == 200);
  const Embeddings queries = random_rows(100, 32, 12);
  const auto share_found = [&](const Index& other, std::int64_t left) {
    const Hits exact = other.search(queries, 10);
    const Hits found = index->search(queries, 10);
    std::int64_t right = 0;
    for (std::size_t q = 0; q < exact.size(); ++q) {
      REQUIRE(found[q].size() == 10);
      for (const Hit& hit : found[q]) {
        REQUIRE(hit.id >= 3000 - left);
        for (const Hit& one : exact[q]) right += one.id == hit.id ? 1 : 0;
      }
    }
    return static_cast<double>(right) / 1000;
  };
  const auto exact = build_index(IndexKind::exact, rows, numbers(3000));
  CHECK(share_found(*exact, 3000) > 0.95);
  const auto gone = numbers(2000);  // most of them
  CHECK(index->remove(gone) == 2000);
  CHECK(exact->remove(gone) == 2000);
  CHECK(index->info().size == 1000);
  CHECK(share_found(*exact, 1000) > 0.95);
  for (std::size_t i = 0; i < 2000; i += 100) {  // none is found at its own place
    REQUIRE(index->search({32, {rows[i].begin(), rows[i].end()}}, 1)[0][0].distance > 0.0F);
  }
  const auto bytes = index->info().bytes;
  index->add(numbers(2000, 5000), random_rows(2000, 32, 13));
  CHECK(index->info().bytes == bytes);  // into the places of those that went
  const auto rest = numbers(7000);
  CHECK(index->remove(rest) == 3000);
  CHECK(index->search(queries, 10) == Hits(100));
  index->add(numbers(3000), rows);
  CHECK(index->search(rows, 1)[1234][0] == Hit{1234, 0.0F});
}

TEST_CASE("the kind is chosen by size, and names are names") {
  CHECK(index_kind_for(0) == IndexKind::exact);
  CHECK(index_kind_for(kExactUpTo) == IndexKind::exact);
  for (const char* name : {"exact", "codes", "hnsw"}) CHECK(name_of(index_kind_from_name(name)) == name);
  CHECK_THROWS_AS(index_kind_from_name("exakt"), InvalidArgument);
}

TEST_CASE("an index refuses what it cannot hold, and stays as it was") {
  CHECK_THROWS_AS(make_index(IndexKind::exact, 0), InvalidArgument);
  const auto index = make_index(IndexKind::exact, 3);
  const Embeddings rows = random_rows(4, 3, 1);
  index->add(numbers(4), rows);
  Embeddings broken = random_rows(2, 3, 2);
  broken.values[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(index->add(numbers(2, 10), broken), InvalidArgument);
  CHECK_THROWS_AS(index->search(broken, 1), InvalidArgument);
  CHECK_THROWS_AS(index->add(numbers(2, 10), {3, {1e19F, 0, 0, 1e19F, 1, 1}}), InvalidArgument);
  CHECK_THROWS_AS(index->add(numbers(2, 3), random_rows(2, 3, 2)), InvalidArgument);          // 3 is there
  CHECK_THROWS_AS(index->add(std::vector<std::int64_t>{9, 9}, rows), InvalidArgument);        // two for four
  CHECK_THROWS_AS(index->add(std::vector<std::int64_t>{9, 8, 7, 9}, rows), InvalidArgument);  // twice
  CHECK_THROWS_AS(index->add(numbers(2, 10), random_rows(2, 4, 2)), InvalidArgument);
  CHECK_THROWS_AS(index->search(random_rows(1, 4, 2), 1), InvalidArgument);
  CHECK_THROWS_AS(index->search(rows, 0), InvalidArgument);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(index->search(rows, 1, stop.get_token()), Interrupted);
  CHECK(index->info().size == 4);
  CHECK(index->search(rows, 1)[3][0] == Hit{3, 0.0F});
}

}  // namespace facenet
