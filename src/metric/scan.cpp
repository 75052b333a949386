// The scan, compiled for AVX-512, AVX2 and the baseline, chosen at run time.
#include "metric/scan.hpp"

#include <algorithm>
#include <cstring>

#include "base/simd.hpp"

namespace facenet {
namespace {

// Lanes numbers in one register of the instruction set.
template <int Lanes>
struct Register {
  typedef float Floats __attribute__((vector_size(4 * Lanes), may_alias));
  typedef float Loose __attribute__((vector_size(4 * Lanes), aligned(4), may_alias));  // wherever it lies
  typedef std::int32_t Ints __attribute__((vector_size(4 * Lanes), may_alias));
};
typedef std::int64_t Pair __attribute__((vector_size(16), may_alias));

constexpr std::int64_t kAhead = 4096;  // bytes: far enough for memory, near enough for the first cache

// Is a lane of the mask set? By parts of 16 bytes, as no instruction set has one for all widths.
template <int Lanes>
FACENET_INLINE bool any(const typename Register<Lanes>::Ints& mask) {
  Pair parts[Lanes / 4];
  std::memcpy(parts, &mask, sizeof(parts));
  for (int i = 1; i < Lanes / 4; ++i) parts[0] |= parts[i];
  return (parts[0][0] | parts[0][1]) != 0;
}

// Byte `which` of each, times kCodeScale.
template <int Lanes>
FACENET_INLINE void unpack(const typename Register<Lanes>::Ints& four, int which,
                           typename Register<Lanes>::Floats& to) {
  constexpr auto kHighest = static_cast<std::int32_t>(0xff000000U);
  typename Register<Lanes>::Ints high = four << (24 - 8 * which);
  if (which != 0) high &= kHighest;
  to = __builtin_convertvector(high, typename Register<Lanes>::Floats);
}

// Writes the panel's distances, or reports it to those of its queries that have a row within their worst. `sums`: V
// registers for each query.
template <int Lanes, int R, int V, int Stride>
FACENET_INLINE void finish(const Scan& s, const typename Register<Lanes>::Floats (&sums)[R][Stride], int at,
                           std::int64_t first, std::int64_t panel) {
  using Floats = typename Register<Lanes>::Floats;
  const float* const biases = s.biases + panel * kPanelRows;
  for (int r = 0; r < R; ++r) {
    if (s.all != nullptr && first + r == s.count) return;  // what follows fills up the block
    const float own = s.own[first + r];
    const float worst = s.all != nullptr ? -1 : s.worst[first + r];
    alignas(64) float distances[kPanelRows];
    float* const to = s.all != nullptr ? s.all + (first + r) * s.stride + panel * kPanelRows : distances;
    typename Register<Lanes>::Ints near = {};
    for (int v = 0; v < V; ++v) {
      const Floats bias = *reinterpret_cast<const typename Register<Lanes>::Loose*>(biases + v * Lanes);
      const Floats distance = (own + bias) - 2.0F * sums[r][at + v];
      const Floats zero = {};
      const Floats kept = distance > zero ? distance : zero;
      near |= kept <= worst;
      *reinterpret_cast<typename Register<Lanes>::Loose*>(to + v * Lanes) = kept;
    }
    if (any<Lanes>(near)) s.found(s.state, first + r, panel, distances);
  }
}

// R queries from `first` on against P panels from `panel` on, which lie at `rows`.
template <int Lanes, int R, int P>
FACENET_INLINE void tile(const Scan& s, const float* rows, std::int64_t first, std::int64_t panel) {
  using Floats = typename Register<Lanes>::Floats;
  constexpr int kVectors = static_cast<int>(kPanelRows) / Lanes;  // of one panel
  const float* query = s.queries + first * s.dimension;
  const std::int64_t stride = s.dimension * kPanelRows;
  Floats sums[R][P * kVectors] = {};
  for (std::int64_t k = 0; k < s.dimension; ++k, query += R, rows += kPanelRows) {
    if constexpr (R == 1) {
      for (int p = 0; p < P; ++p) __builtin_prefetch(rows + p * stride + kAhead / 4);
    }
    Floats columns[P * kVectors];
    for (int c = 0; c < P * kVectors; ++c) {
      columns[c] = *reinterpret_cast<const Floats*>(rows + c / kVectors * stride + c % kVectors * Lanes);
    }
    for (int r = 0; r < R; ++r) {
      for (int c = 0; c < P * kVectors; ++c) sums[r][c] += query[r] * columns[c];
    }
  }
  for (int p = 0; p < P; ++p) finish<Lanes, R, kVectors>(s, sums, p * kVectors, first, panel + p);
}

// One query against P panels of bytes.
template <int Lanes, int P>
FACENET_INLINE void code_tile(const Scan& s, std::int64_t panel) {
  using Floats = typename Register<Lanes>::Floats;
  using Ints = typename Register<Lanes>::Ints;
  constexpr int kVectors = static_cast<int>(kPanelRows) / Lanes;
  const std::int64_t stride = s.dimension / 4 * kPanelRows;
  const std::int32_t* from = s.codes + panel * stride;
  Floats sums[1][P * kVectors] = {};
  for (std::int64_t k = 0; k < s.dimension; k += 4, from += kPanelRows) {
    for (int p = 0; p < P; ++p) __builtin_prefetch(from + p * stride + kAhead / 4);
    for (int c = 0; c < P * kVectors; ++c) {
      const Ints four = *reinterpret_cast<const Ints*>(from + c / kVectors * stride + c % kVectors * Lanes);
      for (int i = 0; i < 4; ++i) {
        Floats column;
        unpack<Lanes>(four, i, column);
        sums[0][c] += s.queries[k + i] * column;
      }
    }
  }
  for (int p = 0; p < P; ++p) finish<Lanes, 1, kVectors>(s, sums, p * kVectors, 0, panel + p);
}

// A panel of bytes as one of floats.
template <int Lanes>
FACENET_INLINE void unpack_panel(const Scan& s, std::int64_t panel) {
  using Floats = typename Register<Lanes>::Floats;
  using Ints = typename Register<Lanes>::Ints;
  const std::int32_t* from = s.codes + panel * (s.dimension / 4) * kPanelRows;
  float* to = s.scratch;
  for (std::int64_t k = 0; k < s.dimension; k += 4, from += kPanelRows, to += 4 * kPanelRows) {
    for (int v = 0; v < kPanelRows; v += Lanes) {
      const Ints four = *reinterpret_cast<const Ints*>(from + v);
      for (int i = 0; i < 4; ++i) unpack<Lanes>(four, i, *reinterpret_cast<Floats*>(to + i * kPanelRows + v));
    }
  }
}

// R: queries at once; P: panels at once; Single: panels at once for one query; Codes: the same of bytes. They fill the
// registers with sums, but that more than four streams of floats, which begin alike in the cache, drive each other out.
template <int Lanes, int R, int P, int Single, int Codes>
FACENET_INLINE void run(const Scan& s) {
  const std::int64_t stride = s.dimension * kPanelRows;
  std::int64_t panel = 0;
  if (s.count == 1 && s.codes != nullptr) {
    for (; panel + Codes <= s.panel_count; panel += Codes) code_tile<Lanes, Codes>(s, panel);
    for (; panel < s.panel_count; ++panel) code_tile<Lanes, 1>(s, panel);
  } else if (s.count == 1) {
    for (; panel + Single <= s.panel_count; panel += Single)
      tile<Lanes, 1, Single>(s, s.rows + panel * stride, 0, panel);
    for (; panel < s.panel_count; ++panel) tile<Lanes, 1, 1>(s, s.rows + panel * stride, 0, panel);
  } else if (s.codes != nullptr) {
    for (; panel < s.panel_count; ++panel) {
      unpack_panel<Lanes>(s, panel);  // once, into the first cache, for all queries
      for (std::int64_t q = 0; q < s.count; q += R) tile<Lanes, R, 1>(s, s.scratch, q, panel);
    }
  } else {
    for (; panel + P <= s.panel_count; panel += P) {
      for (std::int64_t q = 0; q < s.count; q += R) tile<Lanes, R, P>(s, s.rows + panel * stride, q, panel);
    }
    for (; panel < s.panel_count; ++panel) {
      for (std::int64_t q = 0; q < s.count; q += R) tile<Lanes, R, 1>(s, s.rows + panel * stride, q, panel);
    }
  }
}

// Fused where the tiles' products are; said, as a compiler may leave a sum of plain numbers unfused.
template <bool Fused>
FACENET_INLINE float norm(const float* row, std::int64_t dimension) {
  float sum = 0;
  for (std::int64_t k = 0; k < dimension; ++k)
    sum = Fused ? __builtin_fmaf(row[k], row[k], sum) : sum + row[k] * row[k];
  return sum;
}

struct Variant {
  void (*run)(const Scan&);
  float (*norm)(const float*, std::int64_t);
  std::int64_t queries;
};

#if defined(__x86_64__)
[[gnu::target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]] void run_avx512(const Scan& s) {
  run<16, 8, 2, 4, 8>(s);
}
[[gnu::target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]] float norm_avx512(const float* row, std::int64_t d) {
  return norm<true>(row, d);
}
[[gnu::target("avx2,fma")]] float norm_avx2(const float* row, std::int64_t d) { return norm<true>(row, d); }
[[gnu::target("avx2,fma")]] void run_avx2(const Scan& s) { run<8, 6, 1, 4, 4>(s); }
#endif
void run_plain(const Scan& s) { run<4, 2, 1, 2, 2>(s); }

float norm_plain(const float* row, std::int64_t d) { return norm<false>(row, d); }

Variant choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw")) {
    return {run_avx512, norm_avx512, 8};
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {run_avx2, norm_avx2, 6};
#endif
  return {run_plain, norm_plain, 2};
}

const Variant& variant() {
  static const Variant chosen = choose();
  return chosen;
}

}  // namespace

void scan(const Scan& scan) { variant().run(scan); }

float scan_norm(const float* row, std::int64_t dimension) { return variant().norm(row, dimension); }

std::int64_t padded_queries(std::int64_t count) {
  const std::int64_t queries = variant().queries;
  return count <= 1 ? count : (count + queries - 1) / queries * queries;
}

void pack_queries(const float* queries, std::int64_t count, std::int64_t dimension, float* packed) {
  const std::int64_t padded = padded_queries(count);
  const std::int64_t group = count == 1 ? 1 : variant().queries;
  for (std::int64_t q = 0; q < padded; ++q) {
    float* const to = packed + q / group * group * dimension + q % group;
    for (std::int64_t k = 0; k < dimension; ++k) to[k * group] = q < count ? queries[q * dimension + k] : 0.0F;
  }
}

}  // namespace facenet
