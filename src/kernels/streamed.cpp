// Streamed convolution: what it applies to, how weights lie, and who does which part.
#include "kernels/streamed.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/threads.hpp"
#include "kernels/streamed_tasks.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

std::int64_t lanes() { return block_of(native_blocked_layout()); }

// A float32 problem that may be multiplied in float16.
bool in_f16(const ConvolutionProblem& p) { return p.type == DataType::f32 && p.f16 && has_native_f16(); }

StreamedMap map_of(const ConvolutionProblem& p) {
  StreamedMap map{.kernel_height = p.weights[2],
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
                  // Of float16, not more than 64 products are summed up in it.
                  .chunk = p.type == DataType::bf16 ? 16
                           : in_f16(p)              ? 4
                                                    : 8,
                  .gathers = true};
  map.gathers = in_f16(p) || !map.as_it_is();
  return map;
}

// One of the instruction sets.
struct Variant {
  const char* name;
  StreamedFunction* function;
  std::int64_t blocks;  // of a group
  std::size_t planes;   // bytes of each of their numbers
};
Variant variant_of([[maybe_unused]] const ConvolutionProblem& p) {
#if defined(FACENET_HAVE_FP16)
  if (in_f16(p)) return {"streamed:avx512_fp16", streamed_avx512fp16, 2, 4};
#endif
#if defined(__x86_64__)
  if (p.type == DataType::bf16) return {"streamed:avx512_bf16", streamed_avx512bf16, 1, 2};
  if (lanes() == 16) return {"streamed:avx512", streamed_avx512, 1, 4};
  return {"streamed:avx2", streamed_avx2, 1, 4};
#else
  return {"none", nullptr, 1, 4};
#endif
}

// Threads share out the destination's channels, so that each weight is read by one of them; or the pixels, where that
// would leave some threads with much less to do, or pixels are many and to be converted.
class Streamed final : public Kernel {
 public:
  Streamed(const ConvolutionProblem& problem, const StreamedMap& map)
      : problem_(problem),
        map_(map),
        variant_(variant_of(problem)),
        groups_(map.groups(variant_.blocks)),
        threads_(current_threads()) {
    constexpr std::int64_t kManyToConvert = 100;
    const std::int64_t most = (groups_ + threads_ - 1) / threads_;
    by_pixels_ = most * threads_ * 7 > groups_ * 8 || (in_f16(problem) && map.pixels() >= kManyToConvert);
    if (in_f16(problem)) tile_ = std::min<std::int64_t>(tile_, kTile);
  }

  std::size_t scratch_bytes() const override {
    return sums_bytes() + static_cast<std::size_t>(threads_) * planes_bytes();
  }
  std::string implementation() const override { return variant_.name; }
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
  static constexpr std::int64_t kTile = 98;  // pixels whose planes stay in the second cache, with rows of 14 at a time

  // Scratch memory: the sums, where dst cannot hold them, then each thread's planes.
  std::size_t sums_bytes() const {
    return problem_.type == DataType::f32
               ? 0
               : static_cast<std::size_t>(map_.dst_blocks * map_.pixels() * lanes()) * sizeof(float);
  }
  std::size_t planes_bytes() const {
    return map_.gathers
               ? static_cast<std::size_t>(map_.planes() * std::min(tile_, map_.pixels()) * lanes()) * variant_.planes
               : 0;
  }

  void share(std::int64_t thread, const ConvolutionArguments& arguments, std::byte* scratch) const {
    const auto part = [&](std::int64_t all) {
      return std::array<std::int64_t, 2>{all * thread / threads_, all * (thread + 1) / threads_};
    };
    const auto pixels = by_pixels_ ? part(map_.pixels()) : std::array<std::int64_t, 2>{0, map_.pixels()};
    const auto groups = by_pixels_ ? std::array<std::int64_t, 2>{0, groups_} : part(groups_);
    if (groups[0] == groups[1]) return;
    void* const planes = scratch + sums_bytes() + static_cast<std::size_t>(thread) * planes_bytes();
    for (std::int64_t image = 0; image < problem_.src[0]; ++image) {
      const ConvolutionArguments a = of_image(arguments, image);
      auto* const sums = static_cast<float*>(sums_bytes() > 0 ? static_cast<void*>(scratch) : a.dst);
      for (std::int64_t first = pixels[0]; first < pixels[1]; first += tile_) {
        variant_.function(map_, {first, std::min(first + tile_, pixels[1]), groups[0], groups[1]}, a, planes, sums);
      }
    }
  }

  ConvolutionArguments of_image(ConvolutionArguments a, std::int64_t image) const {
    if (image == 0) return a;
    const std::int64_t src = map_.src_blocks * map_.height * map_.width * lanes();
    const std::int64_t dst = map_.dst_blocks * map_.pixels() * lanes();
    a.src = static_cast<const float*>(a.src) + image * src;
    if (a.sum != nullptr) a.sum = static_cast<const float*>(a.sum) + image * dst;
    a.dst = static_cast<float*>(a.dst) + image * dst;
    return a;
  }

  ConvolutionProblem problem_;
  StreamedMap map_;
  Variant variant_;
  std::int64_t groups_;
  std::int64_t threads_;
  std::int64_t tile_ = std::numeric_limits<std::int32_t>::max();  // pixels at a time
  bool by_pixels_ = false;
};

// [O,I,H,W] to what StreamedPart says, zeros where channels are filled up. kSide source lanes lie side by side, a group
// has kBlocks blocks.
template <typename T, std::int64_t kSide, std::int64_t kBlocks>
KernelPtr packing(const StreamedMap& map, const Shape& weights) {
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    const auto* from = static_cast<const float*>(a[0]);
    auto* to = static_cast<T*>(a[1]);
    const std::int64_t n = lanes();
    const std::int64_t width = n * kBlocks;
    const std::int64_t groups = map.groups(kBlocks);
    const std::int64_t places = map.kernel_height * map.kernel_width;
    for (std::int64_t first = 0; first < map.planes(); first += map.chunk) {
      const std::int64_t count = std::min(map.chunk, map.planes() - first);
      parallel_for(groups, [&](std::int64_t group) {
        T* square = to + (first * groups + group * count) * n * width;
        for (std::int64_t plane = first; plane < first + count; ++plane, square += n * width) {
          for (std::int64_t i = 0; i < n; ++i) {
            const std::int64_t channel = plane % map.src_blocks * n + i;
            for (std::int64_t o = 0; o < width; ++o) {
              const std::int64_t result = group * width + o;
              square[(i / kSide * width + o) * kSide + i % kSide] =
                  channel < weights[1] && result < weights[0]
                      ? from[(result * weights[1] + channel) * places + plane / map.src_blocks]
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
  return has_avx2() && (p.src[0] == 1 || in_f16(p)) && type && p.groups == 1 && p.dilation == ones &&
         p.weights[0] % lanes() == 0;
}

bool streams_as_it_is(const ConvolutionProblem& p) { return !map_of(p).gathers; }

std::shared_ptr<const ConvolutionForward> streamed_forward(const ConvolutionProblem& p) {
  const StreamedMap map = map_of(p);
  auto forward = std::make_shared<ConvolutionForward>();
  forward->src = {p.src, p.type, native_blocked_layout()};
  forward->dst = {p.dst(), p.type, native_blocked_layout()};
  forward->kernel = std::make_shared<Streamed>(p, map);
  const auto pack = [&]<typename T, std::int64_t kSide, std::int64_t kBlocks>() {
    forward->pack = packing<T, kSide, kBlocks>(map, p.weights);
    forward->packed_bytes =
        static_cast<std::size_t>(map.planes() * map.groups(kBlocks) * kBlocks * lanes() * lanes()) * sizeof(T);
  };
  if (in_f16(p)) {
    pack.operator()<Float16, 1, 2>();
  } else if (p.type == DataType::bf16) {
    pack.operator()<Bfloat16, 2, 1>();
  } else {
    pack.operator()<float, 1, 1>();
  }
  return forward;
}

}  // namespace facenet::kernels
