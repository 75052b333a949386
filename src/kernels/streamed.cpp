// Streamed convolution: what it applies to, how weights lie, and who does which part.
#include "kernels/streamed.hpp"

#include <algorithm>
#include <array>

#include "base/threads.hpp"
#include "kernels/streamed_tasks.hpp"
#include "kernels/vector_views.hpp"

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
          .relu = p.relu,
          .chunk = p.type == DataType::bf16 ? 16 : 8};
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
    return sums_bytes() + static_cast<std::size_t>(threads_) * planes_bytes();
  }
  std::string implementation() const override {
    return bf16() ? "streamed:avx512_bf16" : lanes() == 16 ? "streamed:avx512" : "streamed:avx2";
  }
  std::unique_ptr<BoundKernel> bind(std::span<void* const> pointers, void* scratch) const override {
    struct Bound final : BoundKernel {
      Bound(const Streamed& k, std::span<void* const> given, void* s)
          : kernel(k), arguments(arguments_of(k.problem_, given)), scratch(static_cast<std::byte*>(s)) {}
      void run() override {
        parallel_for(kernel.threads_, [&](std::int64_t thread) { kernel.share(thread, arguments, scratch); });
      }
      Streamed kernel;
      ConvolutionArguments arguments;
      std::byte* scratch;
    };
    return std::make_unique<Bound>(*this, pointers, scratch);
  }

 private:
  bool bf16() const { return problem_.type == DataType::bf16; }
  // Scratch memory: the sums, where dst cannot hold them, then each thread's planes.
  std::size_t sums_bytes() const {
    return bf16() ? static_cast<std::size_t>(map_.dst_blocks * map_.pixels() * lanes()) * sizeof(float) : 0;
  }
  std::size_t planes_bytes() const {
    return map_.as_it_is() ? 0 : static_cast<std::size_t>(map_.planes() * map_.pixels() * lanes()) * (bf16() ? 2 : 4);
  }

  void share(std::int64_t thread, const ConvolutionArguments& arguments, std::byte* scratch) const {
    const auto part = [&](std::int64_t all) {
      return std::array<std::int64_t, 2>{all * thread / threads_, all * (thread + 1) / threads_};
    };
    const auto pixels = by_pixels_ ? part(map_.pixels()) : std::array<std::int64_t, 2>{0, map_.pixels()};
    const auto blocks = by_pixels_ ? std::array<std::int64_t, 2>{0, map_.dst_blocks} : part(map_.dst_blocks);
    if (pixels[0] == pixels[1] || blocks[0] == blocks[1]) return;
#if defined(__x86_64__)
    const auto function = bf16() ? streamed_avx512bf16 : lanes() == 16 ? streamed_avx512 : streamed_avx2;
    void* const planes = scratch + sums_bytes() + static_cast<std::size_t>(thread) * planes_bytes();
    auto* const sums = static_cast<float*>(bf16() ? static_cast<void*>(scratch) : arguments.dst);
    function(map_, {pixels[0], pixels[1], blocks[0], blocks[1]}, arguments, planes, sums);
#endif
  }

  ConvolutionProblem problem_;
  StreamedMap map_;
  std::int64_t threads_;
  bool by_pixels_ = false;
};

// [O,I,H,W] to what StreamedPart says, zeros where source channels are filled up. kSide source lanes lie side by side.
template <typename T, std::int64_t kSide>
KernelPtr packing(const StreamedMap& map, const Shape& weights) {
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    const auto* from = static_cast<const float*>(a[0]);
    auto* to = static_cast<T*>(a[1]);
    const std::int64_t n = lanes();
    const std::int64_t places = map.kernel_height * map.kernel_width;
    for (std::int64_t first = 0; first < map.planes(); first += map.chunk) {
      const std::int64_t count = std::min(map.chunk, map.planes() - first);
      parallel_for(map.dst_blocks, [&](std::int64_t block) {
        T* square = to + (first * map.dst_blocks + block * count) * n * n;
        for (std::int64_t plane = first; plane < first + count; ++plane, square += n * n) {
          for (std::int64_t i = 0; i < n; ++i) {
            const std::int64_t channel = plane % map.src_blocks * n + i;
            for (std::int64_t o = 0; o < n; ++o) {
              square[(i / kSide * n + o) * kSide + i % kSide] =
                  channel < weights[1]
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
  const bool type = p.type == DataType::f32 || (p.type == DataType::bf16 && has_native_bf16());
  return has_avx2() && p.src[0] == 1 && type && p.groups == 1 && p.dilation == ones && p.weights[0] % lanes() == 0;
}

bool streams_as_it_is(const ConvolutionProblem& p) { return map_of(p).as_it_is(); }

std::shared_ptr<const ConvolutionForward> streamed_forward(const ConvolutionProblem& p) {
  const StreamedMap map = map_of(p);
  auto forward = std::make_shared<ConvolutionForward>();
  forward->src = {p.src, p.type, native_blocked_layout()};
  forward->dst = {p.dst(), p.type, native_blocked_layout()};
  forward->kernel = std::make_shared<Streamed>(p, map);
  const bool bf16 = p.type == DataType::bf16;
  forward->pack = bf16 ? packing<Bfloat16, 2>(map, p.weights) : packing<float, 1>(map, p.weights);
  forward->packed_bytes = static_cast<std::size_t>(map.planes() * map.dst_blocks * lanes() * lanes()) * (bf16 ? 2 : 4);
  return forward;
}

}  // namespace facenet::kernels
