// Which of Winograd's algorithms a training step takes, and the gradient of the source as a convolution of its own.
#include "kernels/winograd_training.hpp"

#include <algorithm>
#include <vector>

#include "base/threads.hpp"
#include "kernels/winograd.hpp"

namespace facenet::kernels {
namespace {

constexpr std::int64_t kFewChannels = 32;

// The algorithm with the fewest multiplications on a map of this size, where tiles reach beyond the edge; 0: none
// halves them.
std::int64_t fewest_multiplications(const ConvolutionProblem& p) {
  if (p.type != DataType::f32 || !has_avx2() || std::min(p.weights[0], p.weights[1]) < kFewChannels) return 0;
  const std::int64_t height = p.dst()[2];
  const std::int64_t width = p.dst()[3];
  const std::int64_t r = p.weights[2];
  std::int64_t best = 0;
  std::int64_t fewest = height * width * r * r / 2;
  for (const std::int64_t m : {2, 4}) {
    if (!has_winograd(p, m)) continue;
    const auto tiles = [m](std::int64_t size) { return (size + m - 1) / m; };
    const std::int64_t multiplications = tiles(height) * tiles(width) * (m + r - 1) * (m + r - 1);
    if (multiplications > fewest) continue;
    fewest = multiplications - 1;
    best = m;
  }
  return best;
}

// The convolution that takes diff_dst to diff_src: kernels turned round, sources and results exchanged.
ConvolutionProblem turned(const ConvolutionProblem& p) {
  ConvolutionProblem back = p;
  back.src = p.dst();
  back.weights = {p.weights[1], p.weights[0], p.weights[2], p.weights[3]};
  for (std::size_t i = 0; i < 2; ++i) {
    back.pad_begin[i] = p.weights[2 + i] - 1 - p.pad_begin[i];
    back.pad_end[i] = p.weights[2 + i] - 1 - p.pad_end[i];
  }
  back.bias = back.relu = false;
  return back;
}

// [O,I,r,r] to [I,O,r,r], each kernel read backwards.
void turn(const float* from, std::int64_t outputs, std::int64_t inputs, std::int64_t points, float* to) {
  parallel_for(inputs, [&](std::int64_t i) {
    for (std::int64_t o = 0; o < outputs; ++o) {
      const float* kernel = from + (o * inputs + i) * points;
      std::reverse_copy(kernel, kernel + points, to + (i * outputs + o) * points);
    }
  });
}

}  // namespace

std::shared_ptr<const ConvolutionForward> winograd_training_forward(const ConvolutionProblem& p) {
  const std::int64_t m = fewest_multiplications(p);
  return m == 0 ? nullptr : winograd_forward(p, m);
}

std::shared_ptr<const ConvolutionBackwardData> winograd_training_backward_data(const ConvolutionProblem& p) {
  const bool wide = p.stride[0] > 1 || p.stride[1] > 1 || p.dilation[0] > 1 || p.dilation[1] > 1 || p.groups > 1;
  const std::int64_t reach = std::min(p.weights[2], p.weights[3]) - 1;
  if (wide || std::max({p.pad_begin[0], p.pad_begin[1], p.pad_end[0], p.pad_end[1]}) > reach) return nullptr;
  const ConvolutionProblem back = turned(p);
  const std::int64_t m = fewest_multiplications(back);
  if (m == 0) return nullptr;
  const auto forward = winograd_forward(back, m);
  auto backward = std::make_shared<ConvolutionBackwardData>();
  backward->diff_dst = forward->src;
  backward->diff_src = forward->dst;
  backward->kernel = forward->kernel;
  backward->packed_bytes = forward->packed_bytes;
  backward->pack = function_kernel("own:copy", [forward, weights = p.weights](std::span<void* const> a) {
    std::vector<float> kernels(static_cast<std::size_t>(weights.elements()));
    turn(static_cast<const float*>(a[0]), weights[0], weights[1], weights[2] * weights[3], kernels.data());
    forward->pack->run({kernels.data(), a[1]});
  });
  return backward;
}

}  // namespace facenet::kernels
