// Clustering against a naive agglomeration over all pairs of items in double, and its promises at the edges.
#include "facenet/clusterer.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "base/threads.hpp"
#include "catch.hpp"
#include "cluster/agglomerate.hpp"
#include "facenet/error.hpp"
#include "naive.hpp"

using namespace facenet;
using namespace facenet::test;

TEST_CASE("every linkage equals the naive agglomeration: heights, cuts by threshold and by number") {
  using Function = std::vector<Merge> (*)(const Embeddings&, const Links&, float, Watch&);
  const std::map<ClusterMethod, Function> functions{{ClusterMethod::average, merge_average},
                                                    {ClusterMethod::complete, merge_complete},
                                                    {ClusterMethod::single, merge_single},
                                                    {ClusterMethod::centroid, merge_centroid}};
  for (const ClusterMethod method : kLinkages) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      INFO(name_of(method) << " seed " << seed);
      const Embeddings e = people(4 + seed, 2 + seed % 4, 3 + seed * 2, seed, 0.3 + 0.15 * static_cast<double>(seed));
      const Naive whole = naive(e, method, 1e9, 1);
      const ClusterProgress silent;
      Watch watch(silent, {});
      const auto merges = functions.at(method)(e, {}, std::numeric_limits<float>::infinity(), watch);
      REQUIRE(merges.size() == e.size() - 1);
      for (std::size_t i = 0; i < merges.size(); ++i) {
        REQUIRE(static_cast<double>(merges[i].distance) == Approx(whole.heights[i]).margin(2e-5));
      }
      for (const std::size_t clusters : {std::size_t{1}, std::size_t{3}, e.size() / 2, e.size()}) {
        const Clusterer clusterer({.method = method, .clusters = static_cast<std::int32_t>(clusters)});
        REQUIRE(same_partition(clusterer.cluster(e).labels, naive(e, method, 1e9, clusters).groups));
      }
      for (const double share : {0.0, 0.2, 0.5, 0.8, 0.95}) {
        // Halfway between two heights, so that rounding cannot move the cut.
        const auto at = static_cast<std::size_t>(share * static_cast<double>(whole.heights.size() - 1));
        const double limit = (whole.heights[at] + whole.heights[at + 1]) / 2;
        if (std::abs(whole.heights[at] - whole.heights[at + 1]) < 1e-4) continue;
        const Clusterer clusterer({.method = method, .threshold = static_cast<float>(limit)});
        REQUIRE(same_partition(clusterer.cluster(e).labels, naive(e, method, limit, 1).groups));
      }
    }
  }
}

TEST_CASE("people far apart are found by every method, in the promised order") {
  const Embeddings e = people(5, 7, 32, 3, 0.15);  // person i % 5
  for (const ClusterMethod method : {ClusterMethod::average, ClusterMethod::complete, ClusterMethod::single,
                                     ClusterMethod::centroid, ClusterMethod::kmeans}) {
    INFO(name_of(method));
    const auto result = Clusterer({.method = method, .clusters = 5}).cluster(e);
    REQUIRE(result.clusters() == 5);
    REQUIRE(result.sizes == std::vector<std::int32_t>(5, 7));
    for (std::size_t i = 0; i < e.size(); ++i) {
      REQUIRE(result.labels[i] == static_cast<std::int32_t>(i % 5));  // equal sizes: by first item
      REQUIRE(result.outlier[i] < 0.5F);
    }
  }
}

TEST_CASE("clusters are numbered by size; medoids and outlier scores follow their definitions") {
  // A line: four near 2, two near 11, one at 5 that joins the four, one alone at 101.
  const Embeddings e{1, {101, 11, 12, 1, 2, 3, 2.5F, 5}};
  const auto result = Clusterer({.method = ClusterMethod::average, .threshold = 20.0F}).cluster(e);
  REQUIRE(result.labels == std::vector<std::int32_t>{2, 1, 1, 0, 0, 0, 0, 0});
  REQUIRE(result.sizes == std::vector<std::int32_t>{5, 2, 1});
  REQUIRE(result.medoids == std::vector<std::int32_t>{6, 1, 0});
  REQUIRE(result.outlier[0] == 1.0F);
  // Item 7 at 5: the rest of its cluster has its mean at 2.125; the other cluster's mean is 11.5.
  const double rest = (5 - 2.125) * (5 - 2.125);
  const double other = (11.5 - 5) * (11.5 - 5);
  REQUIRE(static_cast<double>(result.outlier[7]) == Approx(rest / (rest + other)).epsilon(1e-4));
  const auto one = Clusterer({.method = ClusterMethod::single, .clusters = 1}).cluster(e);
  REQUIRE(one.outlier == std::vector<float>(8, 0.0F));
  REQUIRE(one.quality == std::vector<float>{1.0F});
}

TEST_CASE("chaining is what tells single from complete linkage") {
  const Embeddings line{1, {1, 2, 3, 4, 5, 6}};
  REQUIRE(Clusterer({.method = ClusterMethod::single, .threshold = 1.0F}).cluster(line).clusters() == 1);
  REQUIRE(Clusterer({.method = ClusterMethod::complete, .threshold = 1.0F}).cluster(line).clusters() == 3);
}

TEST_CASE("copies merge at distance zero, and all-equal items do not confuse any method") {
  Embeddings e{3, {}};
  for (int i = 0; i < 50; ++i) e.append(std::vector<float>{0.3F, -0.7F, 0.65F});
  for (const ClusterMethod method : kLinkages) {
    REQUIRE(Clusterer({.method = method, .threshold = 0.0F}).cluster(e).clusters() == 1);
  }
  const auto split = Clusterer({.method = ClusterMethod::kmeans, .clusters = 3}).cluster(e);
  REQUIRE(split.clusters() == 3);  // none is left empty
}

TEST_CASE("the same clusters at any number of threads, and k-means for any seed but its own") {
  const Embeddings e = people(150, 12, 24, 8, 0.8);
  for (const ClusterMethod method : {ClusterMethod::average, ClusterMethod::complete, ClusterMethod::single,
                                     ClusterMethod::centroid, ClusterMethod::kmeans}) {
    const Clusterer clusterer({.method = method, .clusters = 150, .seed = 5});
    const ThreadScope one(1);
    const auto expected = clusterer.cluster(e);
    for (const int threads : {2, 3}) {
      const ThreadScope scope(threads);
      const auto again = clusterer.cluster(e);
      REQUIRE(again.labels == expected.labels);
      REQUIRE(again.outlier == expected.outlier);
      REQUIRE(again.medoids == expected.medoids);
    }
  }
  REQUIRE(Clusterer({.method = ClusterMethod::kmeans, .clusters = 150, .seed = 6}).cluster(e).labels !=
          Clusterer({.method = ClusterMethod::kmeans, .clusters = 150, .seed = 5}).cluster(e).labels);
}

TEST_CASE("a threshold gives the same clusters as the whole tree cut there") {
  // Large enough for the groups to be packed again and again, and for the search to use threads.
  const Embeddings e = people(700, 5, 16, 4, 0.6);
  const ClusterProgress silent;
  Watch watch(silent, {});
  const auto all = merge_average(e, {}, std::numeric_limits<float>::infinity(), watch);
  REQUIRE(all.size() == e.size() - 1);
  for (const float limit : {0.2F, 0.5F, 1.2F}) {
    const auto merges = merge_average(e, {}, limit, watch);
    const auto expected =
        std::count_if(all.begin(), all.end(), [&](const Merge& merge) { return merge.distance <= limit; });
    REQUIRE(merges.size() == static_cast<std::size_t>(expected));
    const auto cut = Clusterer({.threshold = limit}).cluster(e);
    const auto number = Clusterer({.clusters = cut.clusters()}).cluster(e);
    REQUIRE(cut.labels == number.labels);
  }
}

TEST_CASE("progress reaches one, and a stop is obeyed") {
  const Embeddings e = people(20, 5, 8, 1, 0.5);
  for (const ClusterMethod method : {ClusterMethod::average, ClusterMethod::complete, ClusterMethod::single,
                                     ClusterMethod::centroid, ClusterMethod::kmeans}) {
    std::vector<double> seen;
    const Clusterer clusterer({.method = method, .clusters = 20});
    clusterer.cluster(e, [&](double done) { seen.push_back(done); });
    REQUIRE(seen.size() > 2);
    REQUIRE(std::is_sorted(seen.begin(), seen.end()));
    REQUIRE(seen.back() == 1);
    std::stop_source stop;
    REQUIRE_THROWS_AS(clusterer.cluster(
                          e,
                          [&](double done) {
                            if (done > 0.05) stop.request_stop();
                          },
                          stop.get_token()),
                      Interrupted);
  }
}

TEST_CASE("nothing, one item, and what is refused") {
  for (const ClusterMethod method : kMethods) {
    INFO(name_of(method));
    const bool kmeans = method == ClusterMethod::kmeans;
    const Clusterer clusterer({.method = method, .threshold = kmeans ? std::nullopt : std::optional(1.0F)});
    REQUIRE(clusterer.cluster({}).clusters() == 0);
    const auto one = clusterer.cluster(Embeddings{2, {1, 0}});
    REQUIRE(one.labels == std::vector<std::int32_t>{0});
    REQUIRE(one.medoids == std::vector<std::int32_t>{0});
    REQUIRE(one.outlier == std::vector<float>{1.0F});
  }
  REQUIRE_THROWS_AS(Clusterer({}), InvalidArgument);
  REQUIRE_THROWS_AS(Clusterer({.threshold = 1.0F, .clusters = 2}), InvalidArgument);
  REQUIRE_THROWS_AS(Clusterer({.threshold = NAN}), InvalidArgument);
  REQUIRE_THROWS_AS(Clusterer({.clusters = 0}), InvalidArgument);
  REQUIRE_THROWS_AS(Clusterer({.method = ClusterMethod::kmeans, .threshold = 1.0F}), InvalidArgument);
  REQUIRE_THROWS_AS(Clusterer({.clusters = 3}).cluster(Embeddings{1, {1, 2}}), InvalidArgument);
  REQUIRE_THROWS_AS(Clusterer({.clusters = 1}).cluster(Embeddings{2, {1, 2, 3}}), InvalidArgument);
  try {
    Clusterer({.clusters = 1}).cluster(Embeddings{1, {1, 2, NAN}});
    FAIL("a NaN was taken");
  } catch (const InvalidArgument& error) {
    REQUIRE(std::string(error.what()).find("row 2") != std::string::npos);
  }
  try {
    Clusterer({.clusters = 1}).cluster(Embeddings{2, {1, 0, 0, 0, 0, 1}});
    FAIL("a row of zeros was taken");
  } catch (const InvalidArgument& error) {
    REQUIRE(std::string(error.what()).find("row 1 of 3 is all zeros") != std::string::npos);
  }
  REQUIRE_THROWS_AS(cluster_method_from_name("ward"), InvalidArgument);
  REQUIRE(cluster_method_from_name("centroid") == ClusterMethod::centroid);
}

TEST_CASE("complete linkage refuses a matrix that is too large, before it is made") {
  Embeddings many{1, std::vector<float>(20'001, 1.0F)};
  const auto message_of = [&](const Clusterer::Parameters& parameters, const Constraints& said = {}) {
    try {
      Clusterer(parameters).cluster(many, said);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  constexpr ClusterMethod kComplete = ClusterMethod::complete;
  REQUIRE(message_of({.method = kComplete, .clusters = 2}).find("give a threshold instead") != std::string::npos);
  REQUIRE(message_of({.method = kComplete, .threshold = 0.5F}).find("20001 x 20001") != std::string::npos);
  REQUIRE(message_of({.method = ClusterMethod::single, .threshold = 0.5F}, {.different = {{0, 1}}})
              .find("give a lower threshold, or take average linkage") != std::string::npos);
  // What the threshold divides needs no matrix of all.
  for (std::size_t i = 0; i < many.size(); ++i) many.values[i] = 1.0F + static_cast<float>(i % 40);
  REQUIRE(Clusterer({.method = kComplete, .threshold = 0.5F}).cluster(many).clusters() == 40);
}

TEST_CASE("average and complete linkage divide into what can ever merge, and comes to the same as without") {
  // Chains of people, so that some parts are large, and what was said across them.
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const Embeddings e = people(150, 5, 6 + seed, seed, 0.5);
    Constraints said;
    Random random(seed);
    for (int i = 0; i < 40; ++i) {
      const auto a = static_cast<std::int32_t>(random.below(e.size()));
      const auto b = static_cast<std::int32_t>(random.below(e.size()));
      if (a % 150 != b % 150) said.different.emplace_back(a, b);
      if (i % 4 == 0) said.same.emplace_back(a, (a + 150) % 750);
    }
    const Links links = checked_links(said, e.size());
    const ClusterProgress silent;
    Watch watch(silent, {});
    for (const float limit : {0.1F, 0.4F, 0.8F, 3.0F}) {
      const auto divided = merge_average(e, links, limit, watch);
      const auto whole = merge_bulk(e, {}, links, limit, watch);
      REQUIRE(divided.size() == whole.size());
      DisjointSets a(e.size());
      DisjointSets b(e.size());
      for (std::size_t i = 0; i < whole.size(); ++i) {
        REQUIRE(static_cast<double>(divided[i].distance) ==
                Approx(static_cast<double>(whole[i].distance)).margin(1e-5));
        a.join(divided[i].a, divided[i].b);
        b.join(whole[i].a, whole[i].b);
      }
      for (std::int32_t i = 0; i < static_cast<std::int32_t>(e.size()); ++i) REQUIRE(a.root(i) == b.root(i));

      // Complete linkage too: what merges below the limit is what merges without one, as far as that.
      auto all = merge_complete(e, links, std::numeric_limits<float>::infinity(), watch);
      std::erase_if(all, [&](const Merge& merge) { return merge.distance > limit; });
      const auto parts = merge_complete(e, links, limit, watch);
      REQUIRE(parts.size() == all.size());
      DisjointSets c(e.size());
      DisjointSets d(e.size());
      for (std::size_t i = 0; i < all.size(); ++i) {
        c.join(parts[i].a, parts[i].b);
        d.join(all[i].a, all[i].b);
      }
      for (std::int32_t i = 0; i < static_cast<std::int32_t>(e.size()); ++i) REQUIRE(c.root(i) == d.root(i));
    }
  }
}
