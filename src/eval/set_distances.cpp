// Distances of sets of images: clips and templates.
#include <algorithm>
#include <cmath>
#include <map>

#include <facenet/error.hpp>
#include <facenet/protocols.hpp>

#include "metric/panels.hpp"

namespace facenet {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void add(Vector& sum, std::span<const float> row) {
  sum.resize(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) sum[i] += static_cast<double>(row[i]);
}

// What is left of a set: a vector, and the mean squared length of what it is the mean of.
struct Pooled {
  Vector mean;
  double squares = 0;
};

Pooled mean_of_rows(const Embeddings& embeddings, const std::vector<std::size_t>& rows) {
  Pooled pooled;
  for (const std::size_t row : rows) {
    add(pooled.mean, embeddings[row]);
    for (const float value : embeddings[row]) pooled.squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto count = static_cast<double>(rows.size());
  for (double& value : pooled.mean) value /= count;
  pooled.squares /= count;
  return pooled;
}

Pooled template_of(const Embeddings& embeddings, const std::vector<std::size_t>& rows,
                   std::span<const std::int32_t> medium) {
  std::map<std::int32_t, std::vector<std::size_t>> media;
  for (const std::size_t row : rows) media[medium[row]].push_back(row);
  Pooled pooled;
  pooled.mean.resize(embeddings.dimension);
  for (const auto& [number, own] : media) {
    const Vector mean = mean_of_rows(embeddings, own).mean;
    for (std::size_t i = 0; i < mean.size(); ++i) pooled.mean[i] += mean[i];
  }
  const double length = std::sqrt(dot(pooled.mean, pooled.mean));
  if (!(length > 1e-12)) throw InvalidArgument("score_sets: the images of a template cancel each other out");
  for (double& value : pooled.mean) value /= length;
  pooled.squares = 1;
  return pooled;
}

}  // namespace

ScoredSets score_sets(const Embeddings& embeddings, std::span<const std::int32_t> set,
                      std::span<const std::int32_t> medium, std::size_t sets, std::span<const NumberedPair> pairs,
                      SetDistance how) {
  if (set.size() != embeddings.size() || medium.size() != embeddings.size()) {
    throw InvalidArgument("score_sets: needs a set and a medium for each of the " + std::to_string(embeddings.size()) +
                          " embeddings");
  }
  require_finite_rows(embeddings.values, embeddings.size(), embeddings.dimension, "score_sets");
  const auto index = [sets](std::int32_t number) {
    const auto at = static_cast<std::size_t>(number);
    if (number < 0 || at >= sets) throw InvalidArgument("score_sets: there is no set " + std::to_string(number));
    return at;
  };
  std::vector<std::vector<std::size_t>> rows(sets);
  for (std::size_t i = 0; i < set.size(); ++i) rows[index(set[i])].push_back(i);
  std::vector<Pooled> pooled(sets);
  for (std::size_t i = 0; i < sets; ++i) {
    if (rows[i].empty()) continue;
    pooled[i] =
        how == SetDistance::templates ? template_of(embeddings, rows[i], medium) : mean_of_rows(embeddings, rows[i]);
  }
  ScoredSets result;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pooled& a = pooled[index(pairs[i].a)];
    const Pooled& b = pooled[index(pairs[i].b)];
    if (a.mean.empty() || b.mean.empty()) continue;
    // The mean over all x of one and y of the other of |x - y|^2 needs no pairs: it is E|x|^2 + E|y|^2 - 2 E[x].E[y].
    const double distance = std::max(0.0, a.squares + b.squares - 2 * dot(a.mean, b.mean));
    result.pairs.push_back({static_cast<float>(distance), pairs[i].same, pairs[i].fold});
    result.numbers.push_back(i);
  }
  return result;
}

}  // namespace facenet
