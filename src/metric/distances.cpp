// Distances between embeddings, and how far a batch spreads.
#include <algorithm>
#include <string>

#include "base/threads.hpp"
#include "facenet/embeddings.hpp"
#include "facenet/error.hpp"
#include "facenet/train/triplet_miner.hpp"
#include "metric/panels.hpp"

namespace facenet {

float squared_distance(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) {
    throw InvalidArgument("squared_distance: the embeddings have dimensions " + std::to_string(a.size()) + " and " +
                          std::to_string(b.size()) + "; both must come from the same model");
  }
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double difference = static_cast<double>(a[k]) - static_cast<double>(b[k]);
    sum += difference * difference;
  }
  return static_cast<float>(sum);
}

std::vector<float> pairwise_squared_distances(std::span<const float> embeddings, std::size_t n, std::size_t d) {
  require_finite_rows(embeddings, n, d, "pairwise_squared_distances");
  const auto rows = static_cast<std::int64_t>(n);
  const auto dimension = static_cast<std::int64_t>(d);
  const Panels panels(embeddings, rows, dimension);
  const std::vector<float> norms = squared_norms(embeddings, rows, dimension);
  constexpr std::int64_t kBlock = 48;
  const std::int64_t stride = panels.panels() * Panels::kWidth;
  std::vector<float> result(n * n);
  parallel_for((rows + kBlock - 1) / kBlock, [&](std::int64_t b) {
    const std::int64_t begin = b * kBlock;
    const std::int64_t count = std::min(kBlock, rows - begin);
    std::vector<float> block(static_cast<std::size_t>(count * stride));
    panels.distances(embeddings.data() + begin * dimension, norms.data() + begin, count, 0, panels.panels(),
                     block.data(), stride);
    for (std::int64_t i = 0; i < count; ++i) {
      float* const row = result.data() + (begin + i) * rows;
      std::copy_n(block.data() + i * stride, rows, row);
      row[begin + i] = 0;
    }
  });
  return result;
}

double embedding_variance(std::span<const float> embeddings, std::size_t n, std::size_t d) {
  require_finite_rows(embeddings, n, d, "embedding_variance");
  double variance = 0;
  for (std::size_t k = 0; k < d && n > 0; ++k) {
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += static_cast<double>(embeddings[i * d + k]);
    mean /= static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double difference = static_cast<double>(embeddings[i * d + k]) - mean;
      variance += difference * difference;
    }
  }
  return n == 0 ? 0 : variance / static_cast<double>(n);
}

}  // namespace facenet
