// An index is searched while rows come and go.
#include <atomic>
#include <cmath>
#include <thread>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "facenet/error.hpp"
#include "gallery/index.hpp"

namespace facenet {
namespace {

void search_while_changing(Index& index, const Embeddings& rows) {
  constexpr std::int64_t kStay = 100;  // always there
  const auto block = [&](std::int64_t from, std::int64_t count) {
    const auto at = rows.values.begin() + from * 16;
    return Embeddings{16, {at, at + count * 16}};
  };
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < kStay; ++i) ids.push_back(i);
  index.add(ids, block(0, kStay));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      const ThreadScope one(1);
      for (std::int64_t i = t; !done; i = (i + 1) % kStay) {
        const auto hits = index.search(block(i, 1), 3)[0];
        if (hits.empty() || hits[0].id != i || hits[0].distance > 1e-5F) ++wrong;
        if (index.info().size < kStay) ++wrong;
      }
    });
  }
  const ThreadScope one(1);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::int64_t> coming;
    for (std::int64_t i = 0; i < 50; ++i) coming.push_back(kStay + round * 50 + i);
    index.add(coming, block(kStay + round * 50, 50));
    if (round % 2 == 1) index.remove(coming);
  }
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(index.info().size == kStay + 10 * 50);
}

}  // namespace

TEST_CASE("threads search an index while rows come and go") {
  Random random(1);
  Embeddings rows{16, std::vector<float>(1100 * 16)};
  for (float& value : rows.values) value = static_cast<float>(random.normal());
  search_while_changing(*make_index(IndexKind::exact, 16), rows);
  std::unique_ptr<Index> graph;
  try {
    graph = make_index(IndexKind::hnsw, 16);
  } catch (const InvalidArgument&) {
    WARN("SKIPPED: built without FACENET_WITH_HNSW");
    return;
  }
  search_while_changing(*graph, rows);
}

}  // namespace facenet
