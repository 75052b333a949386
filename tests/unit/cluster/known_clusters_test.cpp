// New faces join known clusters: against a run over all faces, against what was said, and through a file.
#include "facenet/known_clusters.hpp"

#include <limits>
#include <map>

#include "base/threads.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"
#include "facenet/files.hpp"
#include "naive.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

// The items from `begin` to `end`.
Embeddings part_of(const Embeddings& e, std::size_t begin, std::size_t end) {
  Embeddings part{e.dimension, {}};
  for (std::size_t i = begin; i < end; ++i) part.append(e[i]);
  return part;
}

std::vector<Members> groups_of(const std::vector<std::int32_t>& labels) {
  std::map<std::int32_t, Members> groups;
  for (std::size_t i = 0; i < labels.size(); ++i) groups[labels[i]].push_back(i);
  std::vector<Members> result;
  for (const auto& [label, members] : groups) result.push_back(members);
  return result;
}

// Labels of old and new items, after merges of known clusters.
std::vector<std::int32_t> together(std::vector<std::int32_t> old, const KnownClusters::Added& added) {
  for (std::int32_t& label : old) {
    for (const auto& [from, into] : added.merged) {
      if (label == from) label = into;
    }
  }
  old.insert(old.end(), added.labels.begin(), added.labels.end());
  return old;
}

}  // namespace

TEST_CASE("new faces join, found and merge clusters as in a run over all with the old ones kept together") {
  std::size_t merged = 0;
  std::size_t founded = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    for (const float threshold : {0.3F, 0.7F, 1.1F}) {
      INFO("seed " << seed << " at " << threshold);
      const Embeddings e = people(4 + seed % 20, 6, 8 + seed % 9, seed, 0.3 + 0.02 * static_cast<double>(seed));
      const std::size_t old = e.size() * (1 + seed % 4) / 5;
      const Clusterer clusterer({.threshold = threshold});
      const Embeddings before = part_of(e, 0, old);
      const Clustering first = clusterer.cluster(before);
      KnownClusters known(before, first);
      const auto added = known.add(part_of(e, old, e.size()), threshold);
      Constraints keep;
      keep.keep_together(first.labels);
      const Clustering all = clusterer.cluster(e, keep);
      const auto labels = together(first.labels, added);
      REQUIRE(same_partition(all.labels, groups_of(labels)));
      std::vector<std::int32_t> sizes(static_cast<std::size_t>(known.clusters()));
      for (const std::int32_t label : labels) ++sizes[static_cast<std::size_t>(label)];
      REQUIRE(std::vector<std::int32_t>(known.sizes().begin(), known.sizes().end()) == sizes);
      for (std::size_t i = 0; i < added.labels.size(); ++i) {
        REQUIRE(static_cast<double>(added.outlier[i]) ==
                Approx(static_cast<double>(all.outlier[old + i])).margin(1e-4));
      }
      merged += added.merged.size();
      founded += static_cast<std::size_t>(known.clusters() - first.clusters());
    }
  }
  REQUIRE(merged > 10);  // or the cases would be too easy
  REQUIRE(founded > 100);
}

TEST_CASE("one after the other, faces come to what a full run gives, nearly") {
  const Embeddings e = people(120, 8, 24, 77, 0.6);
  const Clusterer clusterer({.threshold = 0.75F});
  const std::size_t start = e.size() / 2;
  const Clustering first = clusterer.cluster(part_of(e, 0, start));
  KnownClusters known(part_of(e, 0, start), first);
  std::vector<std::int32_t> labels = first.labels;
  for (std::size_t at = start; at < e.size(); at += 16) {
    labels = together(labels, known.add(part_of(e, at, std::min(at + 16, e.size())), 0.75F));
  }
  REQUIRE(score_clustering(labels, clusterer.cluster(e).labels).pairwise.f > 0.97);
}

TEST_CASE("what was said holds in every addition, and goes on through the file") {
  const ScratchFolder scratch;
  // Two groups on a line that a person holds apart, and what comes between them.
  const Embeddings e{1, {10, 10.2F, 10.8F, 11}};
  Constraints said{.different = {{1, 2}}};
  const Clusterer clusterer({.threshold = 2.0F});
  const Clustering first = clusterer.cluster(e, said);
  REQUIRE(first.labels == std::vector<std::int32_t>{0, 0, 1, 1});
  KnownClusters(e, first, said, 2.0F).save(scratch / "k");
  KnownClusters known = KnownClusters::open(scratch / "k");
  REQUIRE(known.threshold() == 2.0F);
  REQUIRE(known.dimension() == 1);
  // 10.5 is near to both; 10.51 and 10.52 are said to be two people; 10.6 is no face.
  Constraints fresh{.same = {{0, 3}}, .different = {{1, 2}}, .not_a_face = {4}};
  const auto added = known.add(Embeddings{1, {10.4F, 10.51F, 10.52F, 10.45F, 10.6F}}, *known.threshold(), fresh);
  REQUIRE(added.merged.empty());
  REQUIRE(added.labels[0] == 0);
  REQUIRE(added.labels[3] == 0);
  REQUIRE(added.labels[1] != added.labels[2]);
  REQUIRE(added.labels[4] == Clustering::kNotAFace);
  REQUIRE(known.clusters() == 2);
  known.save(scratch / "k");
  known = KnownClusters::open(scratch / "k");
  REQUIRE(known.add(Embeddings{1, {10.5F}}, 1e9F).merged.empty());
  // New ones who are different found clusters that stay apart as well.
  const Constraints strangers{.different = {{0, 1}}};
  const auto two = known.add(Embeddings{1, {50, 50.1F}}, 2.0F, strangers);
  REQUIRE(two.labels == std::vector<std::int32_t>{2, 3});
  REQUIRE(known.add(Embeddings{1, {50.05F}}, 2.0F).merged.empty());
  REQUIRE(known.clusters() == 4);
}

TEST_CASE("what is said of new and known faces holds, goes on through the file, and is never undone") {
  const ScratchFolder scratch;
  const Embeddings e{1, {10, 10.1F, 20, 20.1F, 30, 40}};
  const Clusterer clusterer({.threshold = 1.0F});
  const Clustering first = clusterer.cluster(e, Constraints{.not_a_face = {5}});
  REQUIRE(first.labels == std::vector<std::int32_t>{0, 0, 1, 1, 2, Clustering::kNotAFace});
  KnownClusters known(e, first);
  known.name(std::vector<FaceName>{{"a"}, {"b"}, {"c"}, {"d"}, {"e"}, {"f", 2}});
  known.save(scratch / "k");
  known = KnownClusters::open(scratch / "k");
  REQUIRE(std::vector<std::int32_t>(known.labels().begin(), known.labels().end()) == first.labels);
  REQUIRE(known.names().size() == 6);
  REQUIRE(known.names()[5].file == "f");
  REQUIRE(known.names()[5].face == 2);

  // Two new faces: known ones begin at 2. The first is far from "c" and said to be it; the second is "a" to look at,
  // and said to be somebody else.
  const auto added = known.add(Embeddings{1, {25, 10.05F}}, 1.0F, {.same = {{0, 4}}, .different = {{1, 2}}});
  REQUIRE(added.labels == std::vector<std::int32_t>{1, 3});
  REQUIRE(added.merged.empty());
  known.name(std::vector<FaceName>{{"g"}, {"h"}});
  known.save(scratch / "k");
  known = KnownClusters::open(scratch / "k");
  REQUIRE(known.names()[6].file == "g");
  // Nothing that comes between joins who was said to be different, now by way of the cluster that "h" founded.
  REQUIRE(known.add(Embeddings{1, {10.06F}}, 1e9F).merged.size() == 2);
  const std::vector<std::int32_t> labels(known.labels().begin(), known.labels().end());
  REQUIRE(labels[0] != labels[7]);
  REQUIRE(labels[2] == labels[4]);  // all others were merged, and their faces say so
  REQUIRE(labels[5] == Clustering::kNotAFace);

  // A new face that is said to be two known ones makes one cluster of theirs, at any distance.
  KnownClusters two(e, first);
  const auto bridge = two.add(Embeddings{1, {15}}, 0.1F, {.same = {{0, 1}, {0, 5}}});
  REQUIRE(bridge.labels == std::vector<std::int32_t>{0});
  REQUIRE(bridge.merged == std::vector<std::pair<std::int32_t, std::int32_t>>{{2, 0}});
  REQUIRE(two.sizes()[0] == 4);
  // Known faces alone; with none that is new.
  REQUIRE(two.add({}, 0.1F, {.same = {{0, 2}}}).merged == std::vector<std::pair<std::int32_t, std::int32_t>>{{1, 0}});
  REQUIRE(two.sizes()[0] == 6);
  REQUIRE(two.labels()[3] == 0);
}

TEST_CASE("what contradicts known clusters is named, and nothing has changed") {
  const Embeddings e{1, {10, 10.1F, 20, 30}};
  const Constraints said{.different = {{0, 2}}, .not_a_face = {3}, .names = {"a", "b", "c", "d"}};
  const Clustering first = Clusterer({.threshold = 1.0F}).cluster(e, said);
  KnownClusters known(e, first, said);
  const auto message = [&](Constraints fresh) {
    fresh.names = {"new", "other", "a", "b", "c", "d"};
    try {
      known.add(Embeddings{1, {15, 16}}, 1.0F, fresh);
    } catch (const InvalidArgument& error) {
      REQUIRE(std::vector<std::int32_t>(known.sizes().begin(), known.sizes().end()) == std::vector<std::int32_t>{2, 1});
      REQUIRE(known.labels().size() == 4);
      return std::string(error.what());
    }
    return std::string("taken");
  };
  REQUIRE(message({.same = {{0, 3}, {0, 4}}}).find("'b' = 'new' = 'c'") != std::string::npos);     // as a is not c
  REQUIRE(message({.same = {{0, 2}}, .different = {{0, 3}}}).find("'new'") != std::string::npos);  // a and b are one
  REQUIRE(message({.different = {{2, 3}}}).find("'a' and 'b' are said to be different people, and are in one known") ==
          0);
  REQUIRE(message({.not_a_face = {4}}).find("'c' is said to be no face, and is part of a known cluster") == 0);
  REQUIRE(message({.same = {{1, 5}}}).find("'d' was said to be no face, and now to be the same person as 'other'") ==
          0);
  REQUIRE(message({.same = {{0, 6}}}).find("no item 6; there are 2 new faces and 4 known") != std::string::npos);
  REQUIRE(message({.different = {{0, 5}, {2, 4}}, .not_a_face = {5}}) == "taken");
}

TEST_CASE("numbers stay: a cluster that has become part of another is empty, and its number is given no more") {
  const Embeddings e{1, {10, 10.1F, 10.05F, 11.9F, 20}};
  const Clustering first = Clusterer({.threshold = 2.0F}).cluster(e);
  REQUIRE(first.sizes == std::vector<std::int32_t>{3, 1, 1});
  KnownClusters known(e, first);
  const auto added = known.add(Embeddings{1, {11.1F, 11.0F, 11.05F, 30}}, 2.0F);
  REQUIRE(added.merged == std::vector<std::pair<std::int32_t, std::int32_t>>{{1, 0}});
  REQUIRE(added.labels == std::vector<std::int32_t>{0, 0, 0, 3});
  REQUIRE(std::vector<std::int32_t>(known.sizes().begin(), known.sizes().end()) ==
          std::vector<std::int32_t>{7, 0, 1, 1});
  REQUIRE(known.add(Embeddings{1, {12}}, 4.0F).labels == std::vector<std::int32_t>{0});
  REQUIRE(known.add(Embeddings{1, {60}}, 0.1F).labels == std::vector<std::int32_t>{4});
}

TEST_CASE("from nothing, to nothing, and what is refused leaves the clusters as they were") {
  KnownClusters none({}, {});
  REQUIRE(none.clusters() == 0);
  REQUIRE(none.add({}, 1.0F).labels.empty());
  const Embeddings e = people(10, 4, 8, 3, 0.2);
  const auto added = none.add(e, 0.8F);
  REQUIRE(same_partition(Clusterer({.threshold = 0.8F}).cluster(e).labels, groups_of(added.labels)));
  const std::vector<std::int32_t> sizes(none.sizes().begin(), none.sizes().end());
  REQUIRE_THROWS_AS(none.add(people(2, 2, 9, 1, 0.2), 0.8F), InvalidArgument);
  REQUIRE_THROWS_AS(none.add(Embeddings{8, std::vector<float>(8)}, 0.8F), InvalidArgument);
  REQUIRE_THROWS_AS(none.add(e, NAN), InvalidArgument);
  REQUIRE_THROWS_AS(none.add(e, 0.8F, {.same = {{0, 1}}, .different = {{0, 1}}}), InvalidArgument);
  REQUIRE_THROWS_AS(none.add(e, 0.8F, {.same = {{0, 80}}}), InvalidArgument);
  std::stop_source stop;
  stop.request_stop();
  REQUIRE_THROWS_AS(none.add(e, 0.8F, {}, stop.get_token()), Interrupted);
  REQUIRE(std::vector<std::int32_t>(none.sizes().begin(), none.sizes().end()) == sizes);
  REQUIRE_THROWS_AS(KnownClusters(e, {}), InvalidArgument);
  KnownClusters full({{2, {1, 0}}, {0}, {std::numeric_limits<std::int32_t>::max()}, {}, {}});
  REQUIRE_THROWS_AS(full.add({2, {1, 0}}, 0.5F), InvalidArgument);
}

TEST_CASE("the same numbers at any number of threads") {
  const Embeddings e = people(300, 5, 24, 6, 0.6);
  const Embeddings before = part_of(e, 0, 1200);
  const Clustering first = Clusterer({.threshold = 0.7F}).cluster(before);
  const auto with = [&](int threads) {
    const ThreadScope scope(threads);
    KnownClusters known(before, first);
    return known.add(part_of(e, 1200, e.size()), 0.7F);
  };
  const auto one = with(1);
  const auto three = with(3);
  REQUIRE(one.labels == three.labels);
  REQUIRE(one.outlier == three.outlier);
  REQUIRE(one.merged == three.merged);
}

TEST_CASE("a file of clusters that is none is refused with the reason") {
  const ScratchFolder scratch;
  const auto fault = [&](const KnownClusters::Data& data) {
    KnownClusters(data).save(scratch / "k");
    try {
      KnownClusters::open(scratch / "k");
    } catch (const FormatError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const KnownClusters::Data good{{2, {1, 0, 0, 1}}, {0, 0.1F}, {1, 2}, {{0, 1}}, {}};
  REQUIRE(fault(good).empty());
  REQUIRE_FALSE(KnownClusters::open(scratch / "k").threshold());
  auto bad = good;
  bad.means.values[2] = NAN;
  REQUIRE(fault(bad).find("a mean is not finite") != std::string::npos);
  bad = good;
  bad.sizes[1] = -1;
  REQUIRE(fault(bad).find("cluster 1 has an impossible size") != std::string::npos);
  bad = good;
  bad.spreads[0] = INFINITY;
  REQUIRE(fault(bad).find("cluster 0 has an impossible size or spread") != std::string::npos);
  for (const auto& pair : {std::pair(1, 0), std::pair(0, 2), std::pair(-1, 1)}) {
    bad = good;
    bad.different = {pair};
    REQUIRE(fault(bad).find("row 0 of 'different'") != std::string::npos);
  }
  bad = good;
  bad.labels = {0, 1, 2};
  REQUIRE(fault(bad).find("a face is in cluster 2") != std::string::npos);
  bad.labels = {0, 0, 1};
  REQUIRE(fault(bad).find("'labels' and 'sizes'") != std::string::npos);
  bad.labels = {0};
  bad.names = {{"a"}, {"b"}};
  REQUIRE(fault(bad).find("'files', 'faces' and 'labels'") != std::string::npos);
  bad = good;
  bad.threshold = -1.0F;
  REQUIRE(fault(bad).find("threshold '-1'") != std::string::npos);
  write_file(scratch / "k", "no clusters");
  REQUIRE_THROWS_AS(KnownClusters::open(scratch / "k"), FormatError);
  REQUIRE_THROWS_AS(KnownClusters::open(scratch / "none"), IoError);
}
