// A matrix of embeddings: what Embedder gives and what Verifier, Gallery, Clusterer and Evaluation take.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <facenet/export.hpp>

namespace facenet {

/// [N,D] float32 rows, each of unit length unless said otherwise. A plain value: copy it, share it read-only.
struct Embeddings {
  std::size_t dimension = 0;
  std::vector<float> values;  ///< N * dimension numbers, row by row

  std::size_t size() const { return dimension == 0 ? 0 : values.size() / dimension; }
  std::span<const float> operator[](std::size_t row) const {
    return {values.data() + row * dimension, dimension};
  }
  std::span<float> operator[](std::size_t row) { return {values.data() + row * dimension, dimension}; }
  void append(std::span<const float> embedding) {
    if (dimension == 0) dimension = embedding.size();
    values.insert(values.end(), embedding.begin(), embedding.end());
  }
};

/// Squared L2 distance of two embeddings: 0 to 4 between unit vectors (paper, section 3.1).
FACENET_API float squared_distance(std::span<const float> a, std::span<const float> b);

}  // namespace facenet
