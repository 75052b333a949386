// What a person says is never undone, by any method; contradictions are named; the file is read as told.
#include "facenet/constraints.hpp"

#include <numeric>

#include "base/threads.hpp"
#include "catch.hpp"
#include "cluster/links.hpp"
#include "data.hpp"
#include "facenet/error.hpp"
#include "facenet/files.hpp"
#include "naive.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

// Something a person may say who sees other people than the embeddings show: true of a partition drawn at random.
Constraints drawn(std::size_t items, std::size_t people, std::size_t pairs, std::size_t none, Random& random) {
  Constraints constraints;
  std::vector<std::uint64_t> person(items);
  for (auto& one : person) one = random.below(people);
  std::vector<bool> face(items, true);
  for (std::size_t i = 0; i < none; ++i) {
    const std::uint64_t item = random.below(items);
    face[item] = false;
    constraints.not_a_face.push_back(static_cast<std::int32_t>(item));
  }
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::uint64_t a = random.below(items);
    const std::uint64_t b = random.below(items);
    if (person[a] == person[b] && !(face[a] && face[b])) continue;
    (person[a] == person[b] ? constraints.same : constraints.different)
        .emplace_back(static_cast<std::int32_t>(a), static_cast<std::int32_t>(b));
  }
  return constraints;
}

bool holds(const Constraints& constraints, const Clustering& found) {
  const auto label = [&](std::int32_t item) { return found.labels[static_cast<std::size_t>(item)]; };
  bool all = true;
  for (const auto& [a, b] : constraints.same) all = all && label(a) == label(b) && label(a) >= 0;
  for (const auto& [a, b] : constraints.different) {
    all = all && (label(a) != label(b) || label(a) == Clustering::kNotAFace);
  }
  const std::set<std::int32_t> none(constraints.not_a_face.begin(), constraints.not_a_face.end());
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(found.labels.size()); ++i) {
    all = all && (label(i) == Clustering::kNotAFace) == none.contains(i);
  }
  return all;
}

Clusterer clusterer(ClusterMethod method, float threshold, std::int32_t clusters) {
  if (method == ClusterMethod::kmeans) return Clusterer({.method = method, .clusters = clusters});
  return Clusterer({.method = method, .threshold = threshold});
}

std::string refusal(const Constraints& constraints, std::size_t items) {
  try {
    checked_links(constraints, items);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("whatever is said holds, with every method, threshold and number of threads") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    const std::size_t groups = 3 + random.below(6);
    const Embeddings e = people(groups, 2 + random.below(8), 8, seed, random.uniform(0.1, 1.5));
    const Constraints said =
        drawn(e.size(), 1 + random.below(groups * 2), random.below(e.size() * 3), random.below(4), random);
    for (const ClusterMethod method : kMethods) {
      for (const float threshold : {0.0F, 0.3F, 1.0F, 4.0F}) {
        INFO("seed " << seed << ", " << name_of(method) << " at " << threshold);
        const Clusterer one = clusterer(method, threshold, 1);
        const Clustering found = one.cluster(e, said);
        REQUIRE(holds(said, found));
        REQUIRE(std::accumulate(found.sizes.begin(), found.sizes.end(), 0) ==
                std::count_if(found.labels.begin(), found.labels.end(), [](std::int32_t l) { return l >= 0; }));
        for (std::int32_t c = 0; c < found.clusters(); ++c) {
          const auto medoid = static_cast<std::size_t>(found.medoids[static_cast<std::size_t>(c)]);
          REQUIRE(found.labels[medoid] == c);
        }
        const ThreadScope scope(3);
        REQUIRE(one.cluster(e, said).labels == found.labels);
        if (method == ClusterMethod::kmeans) break;
      }
    }
  }
}

TEST_CASE("with constraints every linkage still equals the naive agglomeration") {
  for (const ClusterMethod method : kLinkages) {
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
      INFO(name_of(method) << " seed " << seed);
      Random random(seed);
      const Embeddings e = people(4 + seed % 5, 3 + seed % 4, 6, seed, 0.8);
      const Constraints said = drawn(e.size(), 6, 4 + 2 * seed, 0, random);
      const Links links = checked_links(said, e.size());
      const auto numbers = bundle_numbers(links, e.size());
      std::vector<Members> start(e.size() - links.same.size());
      for (std::size_t i = 0; i < e.size(); ++i) start[static_cast<std::size_t>(numbers[i])].push_back(i);
      const Naive whole = naive(e, method, 1e9, 1, start, said.different);
      const auto least = static_cast<std::int32_t>(whole.groups.size());
      const auto most = static_cast<std::int32_t>(start.size());
      for (const std::int32_t clusters : {1, least, (least + most) / 2, most}) {
        const auto expected = naive(e, method, 1e9, static_cast<std::size_t>(clusters), start, said.different);
        const auto found = Clusterer({.method = method, .clusters = clusters}).cluster(e, said);
        REQUIRE(found.clusters() == std::max(clusters, least));
        REQUIRE(same_partition(found.labels, expected.groups));
      }
      for (const float limit : {0.2F, 0.6F, 1.1F}) {
        const auto expected = naive(e, method, static_cast<double>(limit), 1, start, said.different);
        REQUIRE(
            same_partition(Clusterer({.method = method, .threshold = limit}).cluster(e, said).labels, expected.groups));
      }
    }
  }
}

TEST_CASE("saying nothing changes nothing; saying what is so already changes nothing either") {
  const Embeddings e = people(6, 5, 16, 3, 0.2);  // person i % 6
  Constraints obvious;
  for (std::int32_t i = 0; i < 24; ++i) obvious.same.emplace_back(i, i + 6);
  for (std::int32_t i = 0; i < 5; ++i) obvious.different.emplace_back(i, i + 1);
  for (const ClusterMethod method : kMethods) {
    INFO(name_of(method));
    const Clusterer one = clusterer(method, 0.9F, 6);
    const Clustering plain = one.cluster(e);
    REQUIRE(plain.clusters() == 6);
    const Clustering empty = one.cluster(e, Constraints{});
    REQUIRE(empty.labels == plain.labels);
    REQUIRE(empty.outlier == plain.outlier);
    const Clustering same = one.cluster(e, obvious);
    REQUIRE(same.labels == plain.labels);
    REQUIRE(same.medoids == plain.medoids);
  }
}

TEST_CASE("what is no face has no cluster and moves none") {
  Embeddings e{1, {1, 2, 6, 11, 12}};
  Constraints said;
  said.not_a_face = {2, 2};
  said.different = {{2, 3}};  // of no consequence
  const Clustering found = Clusterer({.method = ClusterMethod::single, .threshold = 30.0F}).cluster(e, said);
  REQUIRE(found.labels == std::vector<std::int32_t>{0, 0, -1, 1, 1});
  REQUIRE(found.sizes == std::vector<std::int32_t>{2, 2});
  REQUIRE(found.medoids == std::vector<std::int32_t>{0, 3});
  REQUIRE(found.outlier[2] == 1.0F);
  said.not_a_face = {0, 1, 2, 3, 4};
  REQUIRE(Clusterer({.threshold = 1.0F}).cluster(e, said).clusters() == 0);
  REQUIRE(Clusterer({.threshold = 1.0F}).cluster(e, said).labels == std::vector<std::int32_t>(5, -1));
}

TEST_CASE("k-means keeps to the number of clusters where those to stay apart fit, and makes room where not") {
  const Embeddings e = people(1, 12, 8, 5, 0.5);
  Constraints ring;  // of even length: two clusters are enough, and only one division does it
  for (std::int32_t i = 0; i < 12; ++i) ring.different.emplace_back(i, (i + 1) % 12);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto found = Clusterer({.method = ClusterMethod::kmeans, .clusters = 2, .seed = seed}).cluster(e, ring);
    REQUIRE(found.clusters() == 2);
    REQUIRE(holds(ring, found));
  }
  ring.different.emplace_back(0, 2);  // a triangle
  REQUIRE(Clusterer({.method = ClusterMethod::kmeans, .clusters = 2}).cluster(e, ring).clusters() == 3);
}

TEST_CASE("a contradiction is refused with its chain") {
  Constraints said;
  said.same = {{0, 1}, {2, 1}, {2, 3}, {0, 4}, {4, 5}};
  said.different = {{5, 3}};
  said.names = {"ada.jpg", "bob.jpg", "cy.jpg", "dan.jpg", "eve.jpg", "fay.jpg"};
  REQUIRE(refusal(said, 6).find("'fay.jpg' = 'eve.jpg' = 'ada.jpg' = 'bob.jpg' = 'cy.jpg' = 'dan.jpg'") !=
          std::string::npos);
  said.names.clear();
  REQUIRE(refusal(said, 6).find("item 5 and item 3") != std::string::npos);
  said.different = {{2, 2}};
  REQUIRE(refusal(said, 6).find("item 2 and item 2") != std::string::npos);
  said.different.clear();
  REQUIRE(refusal(said, 6).empty());
  said.not_a_face = {4};
  REQUIRE(refusal(said, 6).find("item 4 is said to be no face") != std::string::npos);
  REQUIRE(refusal(said, 5).find("there is no item 5") != std::string::npos);
  REQUIRE(refusal({.same = {{-1, 0}}}, 6).find("there is no item -1") != std::string::npos);
  // Three in one group leave four groups of six items.
  const Constraints three{.same = {{0, 1}, {1, 2}}};
  const Embeddings e = people(6, 1, 4, 1, 0.1);
  REQUIRE_THROWS_AS(Clusterer({.clusters = 5}).cluster(e, three), InvalidArgument);
  REQUIRE(Clusterer({.clusters = 4}).cluster(e, three).clusters() == 4);
}

TEST_CASE("a constraints file names faces as the embeddings do, or by the end of a path") {
  const ScratchFolder scratch;
  const std::vector<FaceName> faces{{"/album/ada/1.jpg", 0},
                                    {"/album/bob/1.jpg", 0},
                                    {"/album/group.jpg", 0},
                                    {"/album/group.jpg", 1},
                                    {"/album/cy, young/\"x\".jpg", 0}};
  const auto read = [&](const std::string& text) {
    write_file(scratch / "c.csv", text);
    return read_constraints(scratch / "c.csv", faces);
  };
  const auto fault = [&](const std::string& text) {
    try {
      read(text);
    } catch (const FormatError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const Constraints said = read(
      "file_a,face_a,file_b,face_b,relation\n"
      "/album/ada/1.jpg,0,bob/1.jpg,,different\n"
      "group.jpg,1,./ada/1.jpg,0,same\n"
      "\"cy, young/\"\"x\"\".jpg\",,,,not a face\n");
  using Pairs = std::vector<std::pair<std::int32_t, std::int32_t>>;
  REQUIRE(said.different == Pairs{{0, 1}});
  REQUIRE(said.same == Pairs{{3, 0}});
  REQUIRE(said.not_a_face == std::vector<std::int32_t>{4});
  REQUIRE(said.names[3] == "/album/group.jpg, face 1");
  REQUIRE(read("relation,file_b,file_a\nsame,ada/1.jpg,bob/1.jpg\n").same == Pairs{{1, 0}});
  REQUIRE(read("file_a,file_b,relation\n").empty());

  const std::string head = "file_a,face_a,file_b,face_b,relation\n";
  REQUIRE(fault(head + "eve.jpg,,bob/1.jpg,,same\n").find("line 2: 'eve.jpg' is none of the files") !=
          std::string::npos);
  REQUIRE(fault(head + "1.jpg,,bob/1.jpg,,same\n").find("write more of its path") != std::string::npos);
  REQUIRE(fault(head + "group.jpg,,bob/1.jpg,,same\n").find("shows 2 faces") != std::string::npos);
  REQUIRE(fault(head + "group.jpg,7,bob/1.jpg,,same\n").find("no face '7'") != std::string::npos);
  REQUIRE(fault(head + "group.jpg,1x,bob/1.jpg,,same\n").find("no face '1x'") != std::string::npos);
  REQUIRE(fault(head + "group.jpg,1,bob/1.jpg,,maybe\n").find("'maybe' is none of") != std::string::npos);
  REQUIRE(fault(head + "group.jpg,1,bob/1.jpg,,not a face\n").find("leave file_b empty") != std::string::npos);
  REQUIRE(fault("file_a,file_b\n").find("relation") != std::string::npos);
  std::string many = head;
  for (int i = 0; i < 15; ++i) many += "x" + std::to_string(i) + ".jpg,,,,not a face\n";
  REQUIRE(fault(many).find("and 5 more") != std::string::npos);
  const std::string against =
      fault(head + "ada/1.jpg,,bob/1.jpg,,same\nbob/1.jpg,,group.jpg,1,same\ngroup.jpg,1,ada/1.jpg,,different\n");
  REQUIRE(against.find("c.csv") != std::string::npos);
  REQUIRE(against.find("'/album/group.jpg, face 1' = '/album/bob/1.jpg' = '/album/ada/1.jpg'") != std::string::npos);
}
