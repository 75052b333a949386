// Winograd convolution: what it applies to, the kernels' transformation, and who does which tiles.
#include "kernels/winograd.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/onednn.hpp"
#include "kernels/winograd_tiles.hpp"

namespace facenet::kernels {
namespace {

using Size = std::size_t;

// Rows of G, each a point x as 1, x, x^2, ... times a factor; the last one is infinity. They belong to the rows of B^T
// and A^T in winograd_body.hpp.
struct Point {
  double x, factor;
};
constexpr Point kFour[] = {{0, 1}, {1, 0.5}, {-1, 0.5}};
constexpr Point kSix[] = {{0, 1.0 / 4}, {1, -1.0 / 6}, {-1, -1.0 / 6}, {2, 1.0 / 24}, {-2, 1.0 / 24}};

std::vector<double> transformation(std::int64_t m, std::int64_t r) {
  const auto points = m + r - 1 == 4 ? std::span<const Point>(kFour) : std::span<const Point>(kSix);
  std::vector<double> rows;
  for (const auto& point : points) {
    double value = point.factor;
    for (std::int64_t i = 0; i < r; ++i, value *= point.x) rows.push_back(value);
  }
  rows.resize(rows.size() + static_cast<Size>(r));
  rows.back() = 1;
  return rows;
}

struct Choice {
  WinogradFunction* function;
  const char* name;
};

Choice best() {
  if (native_blocked_layout() == Layout::blocked16) return {&winograd_avx512, "avx512"};
#if defined(__x86_64__)
  if (has_avx2()) return {&winograd_avx2, "avx2"};
#endif
  return {&winograd_plain, "plain"};
}

WinogradTiles tiles_of(const ConvolutionProblem& p, std::int64_t m) {
  const std::int64_t block = block_of(native_blocked_layout());
  const std::int64_t r = p.weights[2];
  const std::int64_t height = p.dst()[2];
  const std::int64_t width = p.dst()[3];
  return {.m = m,
          .r = r,
          .height = p.src[2],
          .width = p.src[3],
          .out_height = height,
          .out_width = width,
          .pad_top = p.pad_begin[0],
          .pad_left = p.pad_begin[1],
          .src_blocks = (p.src[1] + block - 1) / block,
          .dst_blocks = (p.weights[0] + block - 1) / block,
          .rows = (height + m - 1) / m,
          .columns = (width + m - 1) / m,
          .relu = p.relu,
          .bf16 = p.type == DataType::bf16};
}

// The tiles go in groups whose transformed source stays in the second cache; where there are fewer groups than threads,
// panels of results are shared out too.
class Winograd final : public Kernel {
 public:
  Winograd(const ConvolutionProblem& problem, const WinogradTiles& tiles)
      : problem_(problem),
        tiles_(tiles),
        best_(best()),
        lanes_(block_of(native_blocked_layout())),
        count_(problem.src[0] * tiles.rows * tiles.columns),
        panels_((tiles.dst_blocks + 1) / 2),
        threads_(current_threads()) {
    constexpr std::int64_t kBytes = 384 * 1024;
    constexpr std::int64_t kRows = 14;  // that the widest kernel multiplies at a time
    const std::int64_t tile = tiles_.points() * tiles_.src_blocks * lanes_ * static_cast<std::int64_t>(sizeof(float));
    largest_ = std::clamp(kBytes / tile / kRows, std::int64_t{1}, std::int64_t{2}) * kRows;
    groups_ = (count_ + largest_ - 1) / largest_;
    if (groups_ >= threads_) {
      groups_ = (groups_ + threads_ - 1) / threads_ * threads_;
    } else {
      parts_ = std::min(panels_, (threads_ + groups_ - 1) / std::max<std::int64_t>(groups_, 1));
    }
  }

  std::size_t scratch_bytes() const override { return static_cast<Size>(threads_ * scratch()) * sizeof(float); }
  std::string implementation() const override {
    const std::string m = std::to_string(tiles_.m);
    return "winograd" + m + "x" + m + ":" + best_.name;
  }
  std::unique_ptr<BoundKernel> bind(std::span<void* const> pointers, void* scratch) const override {
    struct Bound final : BoundKernel {
      Bound(const Winograd& k, std::span<void* const> given, void* s) : kernel(k), scratch(static_cast<float*>(s)) {
        arguments = arguments_of(k.problem_, given);
      }
      void run() override {
        parallel_for(kernel.threads_, [&](std::int64_t thread) {
          kernel.share(thread, arguments, scratch + thread * kernel.scratch());
        });
      }
      Winograd kernel;
      ConvolutionArguments arguments{};
      float* scratch;
    };
    return std::make_unique<Bound>(*this, pointers, scratch);
  }

 private:
  std::int64_t scratch() const {  // of a thread
    return tiles_.points() * (largest_ * (tiles_.src_blocks + 2) + 2) * lanes_;
  }

  void share(std::int64_t thread, const ConvolutionArguments& arguments, float* scratch) const {
    const std::int64_t units = groups_ * parts_;
    for (std::int64_t unit = units * thread / threads_; unit < units * (thread + 1) / threads_; ++unit) {
      const std::int64_t group = unit / parts_;
      const std::int64_t part = unit % parts_;
      const std::int64_t first = count_ * group / groups_;
      best_.function(tiles_, first, count_ * (group + 1) / groups_ - first, panels_ * part / parts_,
                     panels_ * (part + 1) / parts_, arguments, scratch);
    }
  }

  ConvolutionProblem problem_;
  WinogradTiles tiles_;
  Choice best_;
  std::int64_t lanes_, count_, panels_, threads_;
  std::int64_t largest_ = 0, groups_ = 0, parts_ = 1;
};

constexpr std::int64_t kPanel = 32;  // results of two blocks, at most

// One source channel of a panel: kernel[r * r][kPanel] to transformed[points][kPanel].
FACENET_SIMD void transform_kernels(const double* g, std::int64_t n, std::int64_t r, const double* kernel, double* half,
                                    double* transformed) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t x = 0; x < r; ++x) {
      for (std::int64_t k = 0; k < kPanel; ++k) half[(i * r + x) * kPanel + k] = 0;
      for (std::int64_t y = 0; y < r; ++y) {
        for (std::int64_t k = 0; k < kPanel; ++k) {
          half[(i * r + x) * kPanel + k] += g[i * r + y] * kernel[(y * r + x) * kPanel + k];
        }
      }
    }
  }
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double* to = transformed + (i * n + j) * kPanel;
      for (std::int64_t k = 0; k < kPanel; ++k) to[k] = 0;
      for (std::int64_t x = 0; x < r; ++x) {
        for (std::int64_t k = 0; k < kPanel; ++k) to[k] += half[(i * r + x) * kPanel + k] * g[j * r + x];
      }
    }
  }
}

// [O,I,r,r] to [panel][point][source channel][channel of the panel], zeros where channels are filled up.
KernelPtr packing(const WinogradTiles& t, const Shape& weights) {
  const std::int64_t lanes = block_of(native_blocked_layout());
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    const auto* from = static_cast<const float*>(a[0]);
    auto* to = static_cast<float*>(a[1]);
    const auto g = transformation(t.m, t.r);
    const std::int64_t n = t.m + t.r - 1;
    const std::int64_t channels = t.src_blocks * lanes;
    parallel_for((t.dst_blocks + 1) / 2, [&](std::int64_t panel) {
      const std::int64_t width = std::min<std::int64_t>(2, t.dst_blocks - panel * 2) * lanes;
      float* u = to + panel * n * n * channels * 2 * lanes;
      std::vector<double> kernel(static_cast<Size>(t.r * t.r * kPanel));
      std::vector<double> half(static_cast<Size>(n * t.r * kPanel));
      std::vector<double> transformed(static_cast<Size>(n * n * kPanel));
      for (std::int64_t c = 0; c < channels; ++c) {
        std::fill(kernel.begin(), kernel.end(), 0.0);
        for (std::int64_t k = 0; k < width && c < weights[1]; ++k) {
          const std::int64_t o = panel * 2 * lanes + k;
          for (std::int64_t i = 0; o < weights[0] && i < t.r * t.r; ++i) {
            kernel[static_cast<Size>(i * kPanel + k)] = static_cast<double>(from[(o * weights[1] + c) * t.r * t.r + i]);
          }
        }
        transform_kernels(g.data(), n, t.r, kernel.data(), half.data(), transformed.data());
        for (std::int64_t point = 0; point < n * n; ++point) {
          for (std::int64_t k = 0; k < width; ++k) {
            u[(point * channels + c) * width + k] =
                static_cast<float>(transformed[static_cast<Size>(point * kPanel + k)]);
          }
        }
      }
    });
  });
}

}  // namespace

bool has_winograd(const ConvolutionProblem& p, std::int64_t m) {
  const bool fits = (p.weights[2] == 3 && (m == 2 || m == 4)) || (p.weights[2] == 5 && m == 2);
  const auto ones = std::array<std::int64_t, 2>{1, 1};
  const bool type = p.type == DataType::f32 || p.type == DataType::bf16;
  return fits && type && p.weights[2] == p.weights[3] && p.stride == ones && p.dilation == ones && p.groups == 1 &&
         p.weights[0] % block_of(native_blocked_layout()) == 0;
}

std::shared_ptr<const ConvolutionForward> winograd_forward(const ConvolutionProblem& p, std::int64_t m) {
  const WinogradTiles tiles = tiles_of(p, m);
  const std::int64_t lanes = block_of(native_blocked_layout());
  auto forward = std::make_shared<ConvolutionForward>();
  forward->src = {p.src, p.type, native_blocked_layout()};
  forward->dst = {p.dst(), p.type, native_blocked_layout()};
  forward->kernel = std::make_shared<Winograd>(p, tiles);
  forward->pack = packing(tiles, p.weights);
  forward->packed_bytes =
      static_cast<Size>(tiles.points() * tiles.src_blocks * tiles.dst_blocks * lanes * lanes) * sizeof(float);
  return forward;
}

}  // namespace facenet::kernels
