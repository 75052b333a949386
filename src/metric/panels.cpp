// The blocked product behind Panels, compiled for AVX-512, AVX2 and the baseline, chosen at run time.
#include "metric/panels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/aligned.hpp"
#include "base/threads.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kWidth = Panels::kWidth;
typedef float Vector __attribute__((vector_size(64), aligned(4), may_alias));

struct Block {
  const float* queries;
  const float* query_biases;
  std::int64_t count;
  std::int64_t dimension;
  const float* panels;  // the first panel
  const float* panel_biases;
  std::int64_t panel_count;
  float* out;
  std::int64_t stride;
};

// R queries against P panels. Always inlined, so that it is compiled for its caller's instruction set.
template <int R, int P>
[[gnu::always_inline]] inline void tile(const Block& b, std::int64_t row, std::int64_t panel) {
  const float* const query = b.queries + row * b.dimension;
  const float* const values = b.panels + panel * b.dimension * kWidth;
  Vector sums[R][P] = {};
  for (std::int64_t k = 0; k < b.dimension; ++k) {
    for (int p = 0; p < P; ++p) {
      const Vector column = *reinterpret_cast<const Vector*>(values + (p * b.dimension + k) * kWidth);
      for (int r = 0; r < R; ++r) sums[r][p] += query[r * b.dimension + k] * column;
    }
  }
  for (int p = 0; p < P; ++p) {
    const float* const biases = b.panel_biases + (panel + p) * kWidth;
    for (int r = 0; r < R; ++r) {
      float* const out = b.out + (row + r) * b.stride + (panel + p) * kWidth;
      const float own = b.query_biases[row + r];
      for (int j = 0; j < kWidth; ++j) out[j] = std::max(0.0F, (own + biases[j]) - 2.0F * sums[r][p][j]);
    }
  }
}

[[gnu::always_inline]] inline void block(const Block& b) {
  std::int64_t panel = 0;
  if (b.count == 1) {  // four sums at once hide the latency of each
    for (; panel + 4 <= b.panel_count; panel += 4) tile<1, 4>(b, 0, panel);
  }
  for (; panel < b.panel_count; ++panel) {
    std::int64_t row = 0;
    for (; row + 6 <= b.count; row += 6) tile<6, 1>(b, row, panel);
    for (; row < b.count; ++row) tile<1, 1>(b, row, panel);
  }
}

[[gnu::always_inline]] inline void norms(const float* panel, std::int64_t dimension, float* out) {
  Vector sum = {};
  for (std::int64_t k = 0; k < dimension; ++k) {
    const Vector column = *reinterpret_cast<const Vector*>(panel + k * kWidth);
    sum += column * column;
  }
  for (int j = 0; j < kWidth; ++j) out[j] = sum[j];
}

struct Variant {
  void (*block)(const Block&);
  void (*norms)(const float*, std::int64_t, float*);
};

#if defined(__x86_64__)
[[gnu::target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]] void block_avx512(const Block& b) { block(b); }
[[gnu::target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]] void norms_avx512(const float* p, std::int64_t d,
                                                                                 float* out) {
  norms(p, d, out);
}
[[gnu::target("avx2,fma")]] void block_avx2(const Block& b) { block(b); }
[[gnu::target("avx2,fma")]] void norms_avx2(const float* p, std::int64_t d, float* out) { norms(p, d, out); }
#endif
void block_plain(const Block& b) { block(b); }
void norms_plain(const float* p, std::int64_t d, float* out) { norms(p, d, out); }

Variant choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw")) {
    return {block_avx512, norms_avx512};
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {block_avx2, norms_avx2};
#endif
  return {block_plain, norms_plain};
}

const Variant& variant() {
  static const Variant chosen = choose();
  return chosen;
}

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
  for (std::int64_t i = 0; i < n; ++i) set(i, rows.data() + i * dimension, 0);
  for (std::int64_t p = 0; p < panels(); ++p) {
    variant().norms(floats(memory_) + p * dimension * kWidth, dimension, biases_.data() + p * kWidth);
  }
}

void Panels::set(std::int64_t row, const float* values, float bias) {
  float* to = floats(memory_) + row / kWidth * kWidth * dimension_ + row % kWidth;
  for (std::int64_t k = 0; k < dimension_; ++k) to[k * kWidth] = values[k];
  biases_[static_cast<std::size_t>(row)] = bias;
}

void Panels::distances(const float* queries, const float* biases, std::int64_t count, std::int64_t begin,
                       std::int64_t end, float* out, std::int64_t stride) const {
  variant().block({queries, biases, count, dimension_, floats(memory_) + begin * kWidth * dimension_,
                   biases_.data() + begin * kWidth, end - begin, out, stride});
}

std::vector<float> squared_norms(std::span<const float> rows, std::int64_t n, std::int64_t dimension) {
  const Panels panels(rows, n, dimension);
  std::vector<float> result(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) result[static_cast<std::size_t>(i)] = panels.bias(i);
  return result;
}

void require_finite_rows(std::span<const float> values, std::size_t n, std::size_t d, const char* what) {
  if (n != 0 && d == 0) throw InvalidArgument(std::string(what) + ": " + std::to_string(n) + " rows of dimension 0");
  if (d != 0 && (values.size() % d != 0 || values.size() / d != n)) {
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
