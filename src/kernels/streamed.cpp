// Streamed convolution: what it applies to, how weights lie, and who does which part.
#include "kernels/streamed.hpp"

#include <algorithm>
#include <array>

#include "base/threads.hpp"
#include "kernels/streamed_tasks.hpp"

namespace facenet::kernels {
namespace {

std::int64_t lanes() { return block_of(native_blocked_layout()); }

StreamedMap map_of(const ConvolutionProblem& p) {
  return {.kernel_height = p.weights[2],
          .kernel_width = p.weights[3],
          .stride_y = p.stride[0],
          .stride_x = p.stride[1],
          .pad_top = p.pad_begin[0],
          .pad_left = p.pad_begin[1],
          .height = p.src[2],
          .width = p.src[3],
          .out_height = p.dst()[2],
          .out_width = p.dst()[3],
          .src_blocks = (p.src[1] + lanes() - 1) / lanes(),
          .dst_blocks = p.weights[0] / lanes(),
          .relu = p.relu};
}

// Threads share out the destination's channels, so that each weight is read by one of them; or the pixels, where that
// would leave some threads with much less to do.
class Streamed final : public Kernel {
 public:
  Streamed(const ConvolutionProblem& problem, const StreamedMap& map)
      : problem_(problem), map_(map), threads_(current_threads()) {
    const std::int64_t most = (map.dst_blocks + threads_ - 1) / threads_;
    by_pixels_ = most * threads_ * 7 > map.dst_blocks * 8;
  }

  std::size_t scratch_bytes() const override {
    return map_.as_it_is() ? 0 : static_cast<std::size_t>(threads_ * scratch()) * sizeof(float);
  }
  std::string implementation() const override {
    return native_blocked_layout() == Layout::blocked16 ? "streamed:avx512" : "streamed:avx2";
  }
  std::unique_ptr<BoundKernel> bind(std::span<void* const> pointers, void* scratch) const override {
    struct Bound final : BoundKernel {
      Bound(const Streamed& k, std::span<void* const> given, void* s) : kernel(k), scratch(static_cast<float*>(s)) {
        arguments = arguments_of(k.problem_, given);
      }
      void run() override {
        parallel_for(kernel.threads_, [&](std::int64_t thread) {
          kernel.share(thread, arguments, scratch == nullptr ? nullptr : scratch + thread * kernel.scratch());
        });
      }
      Streamed kernel;
      ConvolutionArguments arguments{};
      float* scratch;
    };
    return std::make_unique<Bound>(*this, pointers, scratch);
  }

 private:
  std::int64_t scratch() const { return map_.planes() * map_.pixels() * lanes(); }  // of a thread

  void share(std::int64_t thread, const ConvolutionArguments& arguments, float* scratch) const {
    const auto part = [&](std::int64_t all) {
      return std::array<std::int64_t, 2>{all * thread / threads_, all * (thread + 1) / threads_};
    };
    const auto pixels = by_pixels_ ? part(map_.pixels()) : std::array<std::int64_t, 2>{0, map_.pixels()};
    const auto blocks = by_pixels_ ? std::array<std::int64_t, 2>{0, map_.dst_blocks} : part(map_.dst_blocks);
    if (pixels[0] == pixels[1] || blocks[0] == blocks[1]) return;
#if defined(__x86_64__)
    const auto function = native_blocked_layout() == Layout::blocked16 ? streamed_avx512 : streamed_avx2;
    function(map_, {pixels[0], pixels[1], blocks[0], blocks[1]}, arguments, scratch);
#endif
  }

  ConvolutionProblem problem_;
  StreamedMap map_;
  std::int64_t threads_;
  bool by_pixels_ = false;
};

// [O,I,H,W] to [chunk][destination block][plane of the chunk][source lane][destination lane], zeros where source
// channels are filled up.
KernelPtr packing(const StreamedMap& map, const Shape& weights) {
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    const auto* from = static_cast<const float*>(a[0]);
    auto* to = static_cast<float*>(a[1]);
    const std::int64_t n = lanes();
    const std::int64_t places = map.kernel_height * map.kernel_width;
    for (std::int64_t first = 0; first < map.planes(); first += StreamedMap::kChunk) {
      const std::int64_t count = std::min(StreamedMap::kChunk, map.planes() - first);
      parallel_for(map.dst_blocks, [&](std::int64_t block) {
        float* w = to + (first * map.dst_blocks + block * count) * n * n;
        for (std::int64_t plane = first; plane < first + count; ++plane) {
          for (std::int64_t i = 0; i < n; ++i) {
            const std::int64_t channel = plane % map.src_blocks * n + i;
            for (std::int64_t o = 0; o < n; ++o) {
              *w++ = channel < weights[1]
                         ? from[((block * n + o) * weights[1] + channel) * places + plane / map.src_blocks]
                         : 0.0F;
            }
          }
        }
      });
    }
  });
}

}  // namespace

bool has_streamed(const ConvolutionProblem& p) {
  const auto ones = std::array<std::int64_t, 2>{1, 1};
  return has_avx2() && p.src[0] == 1 && p.type == DataType::f32 && p.groups == 1 && p.dilation == ones &&
         p.weights[0] % lanes() == 0;
}

std::shared_ptr<const ConvolutionForward> streamed_forward(const ConvolutionProblem& p) {
  const StreamedMap map = map_of(p);
  auto forward = std::make_shared<ConvolutionForward>();
  forward->src = {p.src, p.type, native_blocked_layout()};
  forward->dst = {p.dst(), p.type, native_blocked_layout()};
  forward->kernel = std::make_shared<Streamed>(p, map);
  forward->pack = packing(map, p.weights);
  forward->packed_bytes = static_cast<std::size_t>(map.planes() * map.dst_blocks * lanes() * lanes()) * sizeof(float);
  return forward;
}

}  // namespace facenet::kernels
