// Triplet loss through pairs: the gradient is linear in how often each pair pulls and pushes.
//   weight(i,j) = (active triplets with i the anchor and j the positive) - (... and j the negative)
//   d loss / d e_i = 2 scale * sum over j of (weight(i,j) + weight(j,i)) (e_i - e_j)
#include "facenet/train/triplet_loss.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

struct Sums {
  double loss = 0;
  double positive = 0;
  double negative = 0;
  std::int64_t selected = 0;
  std::int64_t active = 0;
  std::int64_t possible = 0;  // triplets of the batch, for Mining::all
};

// The other rows that a row is drawn to or pushed from, of all active triplets of a list.
struct Pulls {
  std::vector<std::size_t> begin;    // [n+1]: where a row's others begin
  std::vector<std::int32_t> others;  // j: drawn to row j; ~j: pushed from it

  template <typename Function>
  void of(std::size_t row, Function&& function) const {
    for (std::size_t at = begin[row]; at < begin[row + 1]; ++at) {
      const std::int32_t j = others[at];
      function(static_cast<std::size_t>(j >= 0 ? j : ~j), j >= 0 ? 1.0 : -1.0);
    }
  }
};

Sums pull_list(const std::vector<Triplet>& triplets, std::size_t n, const float* distances, float alpha, Pulls& pulls) {
  Sums sums;
  const auto fits = [n](std::int32_t i) { return i >= 0 && static_cast<std::size_t>(i) < n; };
  const auto distance = [&](std::int32_t a, std::int32_t b) {
    return static_cast<double>(distances[static_cast<std::size_t>(a) * n + static_cast<std::size_t>(b)]);
  };
  const auto loss_of = [&](const Triplet& t) {
    return distance(t.anchor, t.positive) - distance(t.anchor, t.negative) + static_cast<double>(alpha);
  };
  std::vector<std::size_t>& begin = pulls.begin;
  begin.assign(n + 2, 0);
  const auto count = [&](std::int32_t row, std::size_t others) { begin[static_cast<std::size_t>(row) + 2] += others; };
  for (const Triplet& t : triplets) {
    if (!fits(t.anchor) || !fits(t.positive) || !fits(t.negative)) {
      throw InvalidArgument("TripletLoss: triplet (" + std::to_string(t.anchor) + ", " + std::to_string(t.positive) +
                            ", " + std::to_string(t.negative) + ") is outside a batch of " + std::to_string(n));
    }
    sums.positive += distance(t.anchor, t.positive);
    sums.negative += distance(t.anchor, t.negative);
    ++sums.selected;
    const double loss = loss_of(t);
    if (loss <= 0) continue;
    ++sums.active;
    sums.loss += loss;
    count(t.anchor, 2);
    count(t.positive, 1);
    count(t.negative, 1);
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  // begin[row + 1] moves on as a row's others are put down, and ends where the next row begins.
  pulls.others.resize(begin.back());
  const auto put = [&](std::int32_t row, std::int32_t other) {
    pulls.others[begin[static_cast<std::size_t>(row) + 1]++] = other;
  };
  for (const Triplet& t : triplets) {
    if (loss_of(t) <= 0) continue;
    put(t.anchor, t.positive);
    put(t.positive, t.anchor);
    put(t.anchor, ~t.negative);
    put(t.negative, ~t.anchor);
  }
  return sums;
}

// All triplets of one anchor with a positive loss, summed by sorting its positives and negatives: a positive at d meets
// the negatives nearer than d + alpha, which are the first of their order.
Sums weigh_row(std::span<const std::int32_t> labels, std::size_t anchor, const float* distances, float alpha,
               std::int32_t* weights) {
  struct Item {
    double distance;
    std::size_t row;
    bool operator<(const Item& other) const {
      return distance != other.distance ? distance < other.distance : row < other.row;
    }
  };
  std::vector<Item> positives;
  std::vector<Item> negatives;
  for (std::size_t j = 0; j < labels.size(); ++j) {
    if (j == anchor) continue;
    const double distance = static_cast<double>(distances[j]);
    if (labels[j] == labels[anchor]) {
      positives.push_back({distance + static_cast<double>(alpha), j});
    } else {
      negatives.push_back({distance, j});
    }
  }
  Sums sums;
  sums.possible = static_cast<std::int64_t>(positives.size()) * static_cast<std::int64_t>(negatives.size());
  if (sums.possible == 0) return sums;
  std::sort(positives.begin(), positives.end());
  std::sort(negatives.begin(), negatives.end());
  std::size_t nearer = 0;
  double sum = 0;  // of the `nearer` first negatives' distances
  for (std::size_t p = 0; p < positives.size(); ++p) {
    for (; nearer < negatives.size() && negatives[nearer].distance < positives[p].distance; ++nearer) {
      sum += negatives[nearer].distance;
      // Every positive from here on is active with this negative.
      weights[negatives[nearer].row] -= static_cast<std::int32_t>(positives.size() - p);
    }
    const auto count = static_cast<double>(nearer);
    weights[positives[p].row] += static_cast<std::int32_t>(nearer);
    sums.loss += count * positives[p].distance - sum;
    sums.positive += count * (positives[p].distance - static_cast<double>(alpha));
    sums.negative += sum;
    sums.active += static_cast<std::int64_t>(nearer);
  }
  sums.selected = sums.active;
  return sums;
}

Sums weigh_all(std::span<const std::int32_t> labels, const float* distances, float alpha,
               std::vector<std::int32_t>& weights) {
  const std::size_t n = labels.size();
  std::vector<Sums> rows(n);
  parallel_for(static_cast<std::int64_t>(n), [&](std::int64_t a) {
    const auto anchor = static_cast<std::size_t>(a);
    rows[anchor] = weigh_row(labels, anchor, distances + anchor * n, alpha, weights.data() + anchor * n);
  });
  Sums total;
  for (const Sums& row : rows) {
    total.loss += row.loss;
    total.positive += row.positive;
    total.negative += row.negative;
    total.selected += row.selected;
    total.active += row.active;
    total.possible += row.possible;
  }
  return total;
}

// weights becomes weights(i,j) + weights(j,i), square by square: a column is never walked across all rows. Each is at
// most a number of rows, so that the sum is no overflow.
void symmetrise(std::vector<std::int32_t>& weights, std::size_t n) {
  constexpr std::size_t kSide = 32;
  const std::size_t squares = (n + kSide - 1) / kSide;
  // A long strip of squares with a short one, so that every piece is as long.
  const auto strip = [&](std::size_t y) {
    for (std::size_t x = y; x < squares; ++x) {
      for (std::size_t i = y * kSide; i < std::min(n, (y + 1) * kSide); ++i) {
        for (std::size_t j = x == y ? i : x * kSide; j < std::min(n, (x + 1) * kSide); ++j) {
          const std::int32_t sum = weights[i * n + j] + weights[j * n + i];
          weights[i * n + j] = sum;
          weights[j * n + i] = sum;
        }
      }
    }
  };
  parallel_for(static_cast<std::int64_t>((squares + 1) / 2), [&](std::int64_t piece) {
    const auto y = static_cast<std::size_t>(piece);
    strip(y);
    if (squares - 1 - y != y) strip(squares - 1 - y);
  });
}

// sum[k] += factor * (own[k] - other[k])
FACENET_SIMD void pull(double factor, const float* own, const float* other, double* sum, std::size_t d) {
  for (std::size_t k = 0; k < d; ++k) {
    sum[k] += factor * (static_cast<double>(own[k]) - static_cast<double>(other[k]));
  }
}

// The gradient: of each row, what `pulls(row, function)` calls function(other row, weight) for.
template <typename PullsOf>
void differentiate(std::span<const float> embeddings, std::size_t n, std::size_t d, double scale, const PullsOf& pulls,
                   std::vector<float>& gradient) {
  parallel_for(static_cast<std::int64_t>(n), [&](std::int64_t row) {
    const auto i = static_cast<std::size_t>(row);
    std::vector<double> sum(d);
    const float* const own = embeddings.data() + i * d;
    pulls(i, [&](std::size_t j, double weight) { pull(weight, own, embeddings.data() + j * d, sum.data(), d); });
    for (std::size_t k = 0; k < d; ++k) gradient[i * d + k] = static_cast<float>(2 * scale * sum[k]);
  });
}

}  // namespace

TripletLoss::TripletLoss(const Parameters& parameters) : parameters_(parameters) {
  if (!(parameters.alpha >= 0) || !std::isfinite(parameters.alpha)) {
    throw InvalidArgument("TripletLoss: alpha " + std::to_string(parameters.alpha) + " must be 0 or more");
  }
}

TripletLossResult TripletLoss::compute(std::span<const float> embeddings, std::size_t n, std::size_t d,
                                       std::span<const float> distances, const TripletSelection& selection) const {
  const bool all = !selection.all_of.empty();
  if (embeddings.size() != n * d || distances.size() != n * n || (all && selection.all_of.size() != n)) {
    throw InvalidArgument("TripletLoss: " + std::to_string(embeddings.size()) + " embedding values, " +
                          std::to_string(distances.size()) + " distances and " +
                          std::to_string(selection.all_of.size()) + " labels do not fit [" + std::to_string(n) + ", " +
                          std::to_string(d) + "]");
  }
  std::vector<std::int32_t> weights(all ? n * n : 0);
  Pulls pulls;
  const Sums sums = all ? weigh_all(selection.all_of, distances.data(), parameters_.alpha, weights)
                        : pull_list(selection.triplets, n, distances.data(), parameters_.alpha, pulls);
  TripletLossResult result;
  result.gradient.assign(n * d, 0.0F);
  result.selected = sums.selected;
  result.active = sums.active;
  const std::int64_t out_of = all ? sums.possible : sums.selected;
  if (out_of > 0) result.active_fraction = static_cast<double>(sums.active) / static_cast<double>(out_of);
  if (sums.selected > 0) {
    result.mean_positive = sums.positive / static_cast<double>(sums.selected);
    result.mean_negative = sums.negative / static_cast<double>(sums.selected);
  }
  if (sums.active == 0) return result;

  double scale = 1;
  if (parameters_.reduction == TripletReduction::mean_selected) scale /= static_cast<double>(sums.selected);
  if (parameters_.reduction == TripletReduction::mean_active) scale /= static_cast<double>(sums.active);
  result.loss = sums.loss * scale;
  if (!all) {
    differentiate(
        embeddings, n, d, scale, [&](std::size_t row, const auto& function) { pulls.of(row, function); },
        result.gradient);
    return result;
  }
  symmetrise(weights, n);
  const auto weighed = [&](std::size_t row, const auto& function) {
    for (std::size_t j = 0; j < n; ++j) {
      if (weights[row * n + j] != 0 && row != j) function(j, static_cast<double>(weights[row * n + j]));
    }
  };
  differentiate(embeddings, n, d, scale, weighed, result.gradient);
  return result;
}

}  // namespace facenet
