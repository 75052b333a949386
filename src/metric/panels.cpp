// Rows in panels; their products are the scan's.
#include "metric/panels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/aligned.hpp"
#include "facenet/error.hpp"
#include "metric/scan.hpp"

namespace facenet {
namespace {

float* floats(const std::shared_ptr<std::byte>& memory) { return reinterpret_cast<float*>(memory.get()); }

}  // namespace

Panels::Panels(std::int64_t rows, std::int64_t dimension)
    : size_(rows),
      dimension_(dimension),
      memory_(aligned_bytes(static_cast<std::size_t>(panels() * kWidth * dimension) * sizeof(float))),
      biases_(static_cast<std::size_t>(panels() * kWidth)) {
  std::memset(memory_.get(), 0, static_cast<std::size_t>(panels() * kWidth * dimension) * sizeof(float));
}

Panels::Panels(std::span<const float> rows, std::int64_t n, std::int64_t dimension) : Panels(n, dimension) {
  for (std::int64_t i = 0; i < n; ++i)
    set(i, rows.data() + i * dimension, scan_norm(rows.data() + i * dimension, dimension));
}

void Panels::set(std::int64_t row, const float* values, float bias) {
  float* to = floats(memory_) + row / kWidth * kWidth * dimension_ + row % kWidth;
  for (std::int64_t k = 0; k < dimension_; ++k) to[k * kWidth] = values[k];
  biases_[static_cast<std::size_t>(row)] = bias;
}

void Panels::distances(const float* queries, const float* biases, std::int64_t count, std::int64_t begin,
                       std::int64_t end, float* out, std::int64_t stride) const {
  Scan pass{.queries = queries,
            .count = count,
            .own = biases,
            .dimension = dimension_,
            .rows = data() + begin * kWidth * dimension_,
            .biases = biases_.data() + begin * kWidth,
            .panel_count = end - begin,
            .all = out,
            .stride = stride};
  std::vector<float> own, packed;
  if (count > 1) {
    const auto padded = static_cast<std::size_t>(padded_queries(count));
    own.assign(biases, biases + count);
    own.resize(padded);
    packed.resize(padded * static_cast<std::size_t>(dimension_));
    pack_queries(queries, count, dimension_, packed.data());
    pass.queries = packed.data();
    pass.own = own.data();
  }
  scan(pass);
}

std::vector<float> squared_norms(std::span<const float> rows, std::int64_t n, std::int64_t dimension) {
  std::vector<float> result;
  for (std::int64_t i = 0; i < n; ++i) result.push_back(scan_norm(rows.data() + i * dimension, dimension));
  return result;
}

void require_finite_rows(std::span<const float> values, std::size_t n, std::size_t d, const char* what) {
  if (n != 0 && d == 0) throw InvalidArgument(std::string(what) + ": " + std::to_string(n) + " rows of dimension 0");
  if (d == 0 ? !values.empty() : values.size() % d != 0 || values.size() / d != n) {
    throw InvalidArgument(std::string(what) + ": " + std::to_string(values.size()) + " values are not [" +
                          std::to_string(n) + ", " + std::to_string(d) + "]");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw InvalidArgument(std::string(what) + ": row " + std::to_string(i / d) + " of " + std::to_string(n) +
                            " is not finite (dimension " + std::to_string(i % d) +
                            "); the network or the file that it comes from is broken");
    }
  }
}

}  // namespace facenet
