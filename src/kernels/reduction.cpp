// Each thread makes its own elements of the result, from the sources in their order: the bits do not depend on the
// threads. Sums are kept in double.
#include "kernels/reduction.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/simd.hpp"
#include "base/threads.hpp"

namespace facenet::kernels {
namespace {

constexpr std::int64_t kLanes = 64;  // results or partial results that a thread keeps at a time

// Some axes of a tensor, as a loop over their elements' offsets.
class Axes {
 public:
  void add(std::int64_t extent, std::int64_t stride) {
    extents_.push_back(extent);
    strides_.push_back(stride);
  }
  // Takes the innermost axis off where its elements lie side by side, and gives its extent; else 1.
  std::int64_t take_run() {
    if (strides_.empty() || strides_.back() != 1) return 1;
    const std::int64_t extent = extents_.back();
    extents_.pop_back();
    strides_.pop_back();
    return extent;
  }
  std::int64_t count() const {
    std::int64_t product = 1;
    for (const auto extent : extents_) product *= extent;
    return product;
  }
  std::int64_t offset(std::int64_t index) const {
    std::int64_t sum = 0;
    for (std::size_t i = extents_.size(); i-- > 0; index /= extents_[i]) sum += index % extents_[i] * strides_[i];
    return sum;
  }

 private:
  std::vector<std::int64_t> extents_, strides_;
};

struct Split {
  Axes kept, reduced;
  Split(const Shape& shape, const std::vector<bool>& goes) {
    std::array<std::int64_t, Shape::kMaxRank> strides{};
    std::int64_t stride = 1;
    for (std::size_t i = shape.rank(); i-- > 0; stride *= shape[i]) strides[i] = stride;
    // Neighbours that go the same way are one axis.
    for (std::size_t i = 0; i < shape.rank();) {
      std::int64_t extent = shape[i];
      std::size_t last = i;
      while (last + 1 < shape.rank() && goes[last + 1] == goes[i]) extent *= shape[++last];
      (goes[i] ? reduced : kept).add(extent, strides[last]);
      i = last + 1;
    }
  }
};

FACENET_SIMD void add_run(const float* src, std::int64_t count, double* sums) {
  for (std::int64_t i = 0; i < count; ++i) sums[i] += static_cast<double>(src[i]);
}
FACENET_SIMD void maximum_run(const float* src, std::int64_t count, double* maxima) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(src[i]);
    maxima[i] = value > maxima[i] ? value : maxima[i];
  }
}

struct Fold {
  bool maximum;
  double scale;  // of the result
  double start() const { return maximum ? -std::numeric_limits<double>::infinity() : 0.0; }
  void run(const float* src, std::int64_t count, double* results) const {
    (maximum ? maximum_run : add_run)(src, count, results);
  }
};

// The kept axis is the innermost: a run of results at a time, from as many runs as are reduced.
void fold_columns(const Fold& fold, const Axes& kept, const Axes& reduced, std::int64_t width, const float* src,
                  float* dst) {
  const std::int64_t chunks = (width + kLanes - 1) / kLanes;
  const std::int64_t rows = reduced.count();
  parallel_for(kept.count() * chunks, [&](std::int64_t i) {
    const std::int64_t begin = i % chunks * kLanes;
    const std::int64_t count = std::min(kLanes, width - begin);
    const float* first = src + kept.offset(i / chunks) + begin;
    std::array<double, kLanes> results;
    results.fill(fold.start());
    for (std::int64_t r = 0; r < rows; ++r) fold.run(first + reduced.offset(r), count, results.data());
    float* to = dst + i / chunks * width + begin;
    for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k)
      to[k] = static_cast<float>(results[k] * fold.scale);
  });
}

// The reduced axis is the innermost: kLanes partial results of one element at a time.
void fold_rows(const Fold& fold, const Axes& kept, const Axes& reduced, std::int64_t width, const float* src,
               float* dst) {
  const std::int64_t rows = reduced.count();
  parallel_for(kept.count(), [&](std::int64_t i) {
    const float* first = src + kept.offset(i);
    std::array<double, kLanes> results;
    results.fill(fold.start());
    for (std::int64_t r = 0; r < rows; ++r) {
      const float* row = first + reduced.offset(r);
      for (std::int64_t x = 0; x < width; x += kLanes) fold.run(row + x, std::min(kLanes, width - x), results.data());
    }
    double result = results[0];
    for (std::size_t k = 1; k < static_cast<std::size_t>(std::min(kLanes, width)); ++k) {
      result = fold.maximum ? std::max(result, results[k]) : result + results[k];
    }
    dst[i] = static_cast<float>(result * fold.scale);
  });
}

}  // namespace

KernelPtr reduction(Reduction kind, const Shape& src, const std::vector<bool>& reduced) {
  Split split(src, reduced);
  Fold fold{kind == Reduction::maximum, 1.0};
  if (kind == Reduction::mean) fold.scale = 1.0 / static_cast<double>(split.reduced.count());
  const bool rows = !reduced.empty() && reduced.back();
  const std::int64_t width = rows ? split.reduced.take_run() : split.kept.take_run();
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    (rows ? fold_rows : fold_columns)(fold, split.kept, split.reduced, width, static_cast<const float*>(a[0]),
                                      static_cast<float*>(a[1]));
  });
}

KernelPtr maximum_backward(const Shape& src, const std::vector<bool>& reduced) {
  const Split split(src, reduced);
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    const auto* data = static_cast<const float*>(a[0]);
    const auto* dst = static_cast<const float*>(a[1]);
    const auto* diff_dst = static_cast<const float*>(a[2]);
    auto* diff_src = static_cast<float*>(a[3]);
    const std::int64_t count = split.reduced.count();
    parallel_for(split.kept.count(), [&](std::int64_t i) {
      const std::int64_t first = split.kept.offset(i);
      bool found = false;
      for (std::int64_t r = 0; r < count; ++r) {
        const std::int64_t at = first + split.reduced.offset(r);
        const bool here = !found && data[at] == dst[i];
        diff_src[at] = here ? diff_dst[i] : 0.0F;
        found = found || here;
      }
    });
  });
}

}  // namespace facenet::kernels
