// One pass of queries over panels of rows: the blocked product with the search for what is near fused in.
#pragma once

#include <cstdint>

namespace facenet {

/// Rows lie in panels of 16. Of float32: 16 rows' values of the first dimension, then of the second, and so on. Of
/// signed bytes: 16 rows' values of the first four dimensions, four bytes for each row, then of the next four; the
/// dimension is a multiple of four.
inline constexpr std::int64_t kPanelRows = 16;

/// Bytes go into the product as their value times this: it takes no sign extension then. Exact, a power of two.
inline constexpr float kCodeScale = 0x1p24F;

/// Queries against `panel_count` panels, of float32 or of bytes. The distance of a query to a row is
/// max(0, own + bias - 2 <query, row>), each product summed over the dimensions in order: its bits depend on the two
/// alone, not on how many queries, rows or threads there are.
struct Scan {
  const float* queries = nullptr;  ///< from pack_queries; for bytes, already divided by kCodeScale
  std::int64_t count = 0;          ///< of queries
  const float* own = nullptr;      ///< of each query, padded_queries(count) of them
  const float* worst = nullptr;    ///< the same: only rows as near as this are reported; `found` may lower it
  std::int64_t dimension = 0;
  const float* rows = nullptr;          ///< or
  const std::int32_t* codes = nullptr;  ///< four bytes in each
  const float* biases = nullptr;        ///< of each row; infinite where there is none
  std::int64_t panel_count = 0;
  float* scratch = nullptr;  ///< for bytes and several queries: kPanelRows * dimension floats, 64-byte aligned
  float* all = nullptr;  ///< all distances go to all[query * stride + row]; then there is neither `worst` nor `found`
  std::int64_t stride = 0;
  void* state = nullptr;
  /// One of the panel's rows is near to a query: the distances of all sixteen.
  void (*found)(void* state, std::int64_t query, std::int64_t panel, const float* distances) = nullptr;
};

void scan(const Scan& scan);

/// |row|^2, summed as the scan sums products: as bias of both, it makes a row's distance to its copy exactly zero.
float scan_norm(const float* row, std::int64_t dimension);

/// The next multiple of what the kernel takes at once; 1 for one query.
std::int64_t padded_queries(std::int64_t count);

/// Queries [count,dimension] in the order in which the kernel reads them: padded_queries(count) * dimension floats.
/// What is added needs a `worst` below 0.
void pack_queries(const float* queries, std::int64_t count, std::int64_t dimension, float* packed);

}  // namespace facenet
