// Mining against the definitions, and the loss and its gradient against a naive sum over triplets in double.
#include <cmath>
#include <functional>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "facenet/error.hpp"
#include "facenet/train/triplet_loss.hpp"

using namespace facenet;

namespace {

struct Batch {
  std::size_t n;
  std::size_t d;
  std::vector<float> embeddings;
  std::vector<std::int32_t> labels;
  std::vector<float> distances;
};

// Unit vectors that lean towards their person; the last rows are people with one image.
Batch make_batch(std::size_t people, std::size_t images, std::size_t singles, std::size_t d, std::uint64_t seed,
                 double lean = 0.7) {
  Batch batch{people * images + singles, d, {}, {}, {}};
  for (std::size_t i = 0; i < batch.n; ++i) {
    const std::size_t person = i < people * images ? i % people : people + i;
    batch.labels.push_back(static_cast<std::int32_t>(person) * 7 - 3);
    Random own(seed, i);
    Random shared(seed + 1, person);
    std::vector<double> row(d);
    double norm = 0;
    for (double& value : row) {
      value = own.normal() + lean * shared.normal();
      norm += value * value;
    }
    for (double value : row) batch.embeddings.push_back(static_cast<float>(value / std::sqrt(norm)));
  }
  batch.distances = pairwise_squared_distances(batch.embeddings, batch.n, d);
  return batch;
}

double distance(const std::vector<double>& e, std::size_t d, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t k = 0; k < d; ++k) sum += (e[i * d + k] - e[j * d + k]) * (e[i * d + k] - e[j * d + k]);
  return sum;
}

void for_all_triplets(const Batch& b, const std::function<void(std::size_t, std::size_t, std::size_t)>& visit) {
  for (std::size_t a = 0; a < b.n; ++a) {
    for (std::size_t p = 0; p < b.n; ++p) {
      if (p == a || b.labels[p] != b.labels[a]) continue;
      for (std::size_t m = 0; m < b.n; ++m) {
        if (b.labels[m] != b.labels[a]) visit(a, p, m);
      }
    }
  }
}

std::vector<Triplet> active_of_all(const Batch& b, float alpha) {
  std::vector<Triplet> list;
  for_all_triplets(b, [&](std::size_t a, std::size_t p, std::size_t m) {
    if (static_cast<double>(b.distances[a * b.n + p]) - static_cast<double>(b.distances[a * b.n + m]) +
            static_cast<double>(alpha) >
        0) {
      list.push_back({static_cast<std::int32_t>(a), static_cast<std::int32_t>(p), static_cast<std::int32_t>(m)});
    }
  });
  return list;
}

double naive_loss(const std::vector<double>& e, std::size_t d, const std::vector<Triplet>& triplets, double alpha) {
  double sum = 0;
  for (const Triplet& t : triplets) {
    const auto a = static_cast<std::size_t>(t.anchor);
    sum += std::max(0.0, distance(e, d, a, static_cast<std::size_t>(t.positive)) -
                             distance(e, d, a, static_cast<std::size_t>(t.negative)) + alpha);
  }
  return sum / static_cast<double>(triplets.size());
}

TripletSelection mine(const Batch& b, Mining strategy, std::uint64_t seed = 1, std::uint64_t step = 0) {
  return TripletMiner({.strategy = strategy, .alpha = 0.2F, .seed = seed}).mine(b.distances, b.labels, step);
}

TripletLossResult loss_of(const Batch& b, const TripletSelection& selection,
                          TripletReduction reduction = TripletReduction::mean_selected) {
  return TripletLoss({.alpha = 0.2F, .reduction = reduction}).compute(b.embeddings, b.n, b.d, b.distances, selection);
}

}  // namespace

TEST_CASE("semi-hard: a negative within the margin, else the least violating, else none") {
  // One anchor-positive pair at 1.0 (rows 0 and 1); rows 2.. are other people at chosen distances from row 0.
  const auto choose = [](const std::vector<float>& negatives, std::uint64_t step = 0) {
    const std::size_t n = 2 + negatives.size();
    std::vector<float> distances(n * n, 3.0F);  // far from row 1: its pair is beyond the margin
    std::vector<std::int32_t> labels{5, 5};
    for (std::size_t j = 0; j < negatives.size(); ++j) {
      labels.push_back(static_cast<std::int32_t>(10 + j));
      distances[2 + j] = negatives[j];
    }
    distances[1] = distances[n] = 1.0F;
    const auto selection = TripletMiner().mine(distances, labels, step);
    REQUIRE(selection.pairs == 2);
    return selection.triplets;
  };
  REQUIRE(choose({0.5F, 1.1F, 2.0F}) == std::vector<Triplet>{{0, 1, 3}});
  REQUIRE(choose({0.5F, 0.9F, 0.7F, 1.5F}) == std::vector<Triplet>{{0, 1, 3}});
  REQUIRE(choose({1.0F, 0.9F}) == std::vector<Triplet>{{0, 1, 2}});
  REQUIRE(choose({1.21F, 2.0F}).empty());
  std::vector<int> chosen(4);
  for (std::uint64_t step = 0; step < 300; ++step) {
    const auto triplets = choose({1.05F, 0.2F, 1.1F, 1.15F}, step);
    REQUIRE(triplets.size() == 1);
    ++chosen[static_cast<std::size_t>(triplets[0].negative) - 2];
  }
  REQUIRE(chosen[1] == 0);
  for (const std::size_t j : {0U, 2U, 3U}) REQUIRE(chosen[j] > 60);
}

TEST_CASE("hardest takes the nearest negative of every pair, random any, all has no list") {
  const Batch b = make_batch(6, 4, 9, 12, 4);
  const auto hardest = mine(b, Mining::hardest);
  REQUIRE(hardest.triplets.size() == 6 * 4 * 3);
  REQUIRE(hardest.pairs == 6 * 4 * 3);
  for (const Triplet& t : hardest.triplets) {
    const auto a = static_cast<std::size_t>(t.anchor);
    REQUIRE(b.labels[a] == b.labels[static_cast<std::size_t>(t.positive)]);
    REQUIRE(t.anchor != t.positive);
    for (std::size_t j = 0; j < b.n; ++j) {
      if (b.labels[j] != b.labels[a]) {
        REQUIRE(b.distances[a * b.n + static_cast<std::size_t>(t.negative)] <= b.distances[a * b.n + j]);
      }
    }
  }
  const auto random = mine(b, Mining::random);
  REQUIRE(random.triplets.size() == 6 * 4 * 3);
  for (const Triplet& t : random.triplets) {
    REQUIRE(b.labels[static_cast<std::size_t>(t.anchor)] != b.labels[static_cast<std::size_t>(t.negative)]);
  }
  REQUIRE(mine(b, Mining::all).triplets.empty());
}

TEST_CASE("the choice depends on seed and step, not on the number of threads") {
  const Batch b = make_batch(9, 5, 13, 16, 5);
  const ThreadScope one(1);
  for (Mining strategy : {Mining::semi_hard, Mining::hardest, Mining::all, Mining::random}) {
    const auto selection = mine(b, strategy, 3, 8);
    const auto loss = loss_of(b, selection);
    for (int threads : {2, 3}) {
      const ThreadScope scope(threads);
      const auto again = mine(b, strategy, 3, 8);
      REQUIRE(again.triplets == selection.triplets);
      const auto result = loss_of(b, again);
      REQUIRE(result.gradient == loss.gradient);
      REQUIRE(result.loss == loss.loss);
    }
  }
  REQUIRE(mine(b, Mining::random, 3, 8).triplets != mine(b, Mining::random, 3, 9).triplets);
  REQUIRE(mine(b, Mining::random, 3, 8).triplets != mine(b, Mining::random, 4, 8).triplets);
}

TEST_CASE("loss and gradient equal the naive sum in double, for every strategy") {
  const Batch b = make_batch(5, 3, 6, 7, 11);
  for (Mining strategy : {Mining::semi_hard, Mining::hardest, Mining::all, Mining::random}) {
    INFO(name_of(strategy));
    const auto selection = mine(b, strategy);
    const auto triplets = strategy == Mining::all ? active_of_all(b, 0.2F) : selection.triplets;
    REQUIRE(triplets.size() > 10);
    const auto result = loss_of(b, selection);
    REQUIRE(result.selected == static_cast<std::int64_t>(triplets.size()));
    std::vector<double> e(b.embeddings.begin(), b.embeddings.end());
    REQUIRE(result.loss == Approx(naive_loss(e, b.d, triplets, 0.2)).epsilon(1e-5));
    double positive = 0;
    for (const Triplet& t : triplets) {
      positive += distance(e, b.d, static_cast<std::size_t>(t.anchor), static_cast<std::size_t>(t.positive));
    }
    REQUIRE(result.mean_positive == Approx(positive / static_cast<double>(triplets.size())).epsilon(1e-5));
    double largest = 0;
    for (std::size_t i = 0; i < e.size(); ++i) {
      constexpr double kStep = 1e-6;
      const double kept = e[i];
      e[i] = kept + kStep;
      const double up = naive_loss(e, b.d, triplets, 0.2);
      e[i] = kept - kStep;
      const double down = naive_loss(e, b.d, triplets, 0.2);
      e[i] = kept;
      const double numeric = (up - down) / (2 * kStep);
      REQUIRE(std::abs(static_cast<double>(result.gradient[i]) - numeric) < 1e-6);
      largest = std::max(largest, std::abs(numeric));
    }
    REQUIRE(largest > 1e-2);
  }
}

TEST_CASE("reductions divide the same sum") {
  const Batch b = make_batch(5, 3, 6, 7, 12, 2.5);
  const auto selection = mine(b, Mining::random);
  const auto sum = loss_of(b, selection, TripletReduction::sum);
  const auto selected = loss_of(b, selection);
  const auto active = loss_of(b, selection, TripletReduction::mean_active);
  REQUIRE(sum.active > 0);
  REQUIRE(sum.active < sum.selected);
  REQUIRE(sum.active_fraction == Approx(static_cast<double>(sum.active) / static_cast<double>(sum.selected)));
  REQUIRE(selected.loss * static_cast<double>(sum.selected) == Approx(sum.loss));
  REQUIRE(active.loss * static_cast<double>(sum.active) == Approx(sum.loss));
  REQUIRE(static_cast<double>(selected.gradient[0]) * static_cast<double>(sum.selected) ==
          Approx(static_cast<double>(sum.gradient[0])).epsilon(1e-4));
}

TEST_CASE("a batch without triplets has loss zero and a gradient of zeros") {
  const auto check = [](const Batch& b, Mining strategy) {
    const auto selection = mine(b, strategy);
    const auto result = loss_of(b, selection);
    REQUIRE(result.loss == 0);
    REQUIRE(result.active == 0);
    REQUIRE(result.active_fraction == 0);
    REQUIRE(result.gradient == std::vector<float>(b.n * b.d, 0.0F));
  };
  for (Mining strategy : {Mining::semi_hard, Mining::hardest, Mining::all, Mining::random}) {
    check(make_batch(0, 0, 0, 4, 1), strategy);   // nobody
    check(make_batch(0, 0, 1, 4, 1), strategy);   // one face
    check(make_batch(0, 0, 20, 4, 1), strategy);  // no positives
    check(make_batch(1, 6, 0, 4, 1), strategy);   // no negatives
  }
  // Everybody apart by more than the margin: every triplet satisfied.
  Batch far = make_batch(3, 2, 0, 4, 1);
  for (std::size_t i = 0; i < far.n; ++i) {
    for (std::size_t k = 0; k < far.d; ++k) far.embeddings[i * far.d + k] = i % 3 == k ? 1.0F : 0.0F;
  }
  far.distances = pairwise_squared_distances(far.embeddings, far.n, far.d);
  for (Mining strategy : {Mining::semi_hard, Mining::hardest, Mining::all, Mining::random}) check(far, strategy);
}

TEST_CASE("a collapsed batch has the margin as its loss") {
  Batch b = make_batch(4, 3, 2, 3, 1);
  b.embeddings.assign(b.embeddings.size(), 0.5F);
  b.distances = pairwise_squared_distances(b.embeddings, b.n, b.d);
  for (Mining strategy : {Mining::semi_hard, Mining::hardest, Mining::all, Mining::random}) {
    REQUIRE(loss_of(b, mine(b, strategy)).loss == Approx(0.2));
  }
}

TEST_CASE("miner and loss refuse what does not fit") {
  const Batch b = make_batch(3, 2, 0, 4, 1);
  REQUIRE_THROWS_AS(TripletMiner({.alpha = -1}), InvalidArgument);
  REQUIRE_THROWS_AS(TripletLoss({.alpha = NAN}), InvalidArgument);
  REQUIRE_THROWS_AS(TripletMiner().mine(b.distances, std::vector<std::int32_t>(5), 0), InvalidArgument);
  TripletSelection outside;
  outside.triplets = {{0, 1, 6}};
  REQUIRE_THROWS_AS(loss_of(b, outside), InvalidArgument);
  REQUIRE_THROWS_AS(mining_from_name("semihard"), InvalidArgument);
  REQUIRE(mining_from_name("semi-hard") == Mining::semi_hard);
}
