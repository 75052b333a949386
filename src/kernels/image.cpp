// Bytes to normalised numbers, in one pass that also changes the layout.
#include "kernels/image.hpp"

#include <algorithm>
#include <cmath>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

struct Channel {
  float mean, scale;
};

template <typename T>
inline void plane(const std::uint8_t* src, T* dst, std::int64_t count, Channel channel) {
  for (std::int64_t i = 0; i < count; ++i) {
    dst[i] = (static_cast<float>(src[i * 3]) - channel.mean) * channel.scale;
  }
}
FACENET_SIMD void plane_f32(const std::uint8_t* src, float* dst, std::int64_t count, Channel c) {
  plane(src, dst, count, c);
}
FACENET_SIMD void plane_bf16(const std::uint8_t* src, Bfloat16* dst, std::int64_t count, Channel c) {
  plane(src, dst, count, c);
}

template <typename T, typename Plane>
void convert(const std::uint8_t* src, T* dst, Plane* function, const Shape& shape,
             const std::array<Channel, 3>& channels, bool bgr) {
  const std::int64_t pixels = shape[1] * shape[2];
  parallel_for(shape[0], [&](std::int64_t image) {
    const std::uint8_t* from = src + image * pixels * 3;
    T* to = dst + image * pixels * 3;
    for (std::int64_t c = 0; c < 3; ++c) {
      const std::int64_t from_channel = bgr ? 2 - c : c;
      function(from + from_channel, to + c * pixels, pixels, channels[static_cast<std::size_t>(c)]);
    }
  });
}

// What each byte of a channel becomes.
using Table = std::array<std::int8_t, 256>;

Table table_of(Channel channel) {
  Table table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const float value = (static_cast<float>(i) - channel.mean) * channel.scale;
    table[i] = static_cast<std::int8_t>(std::nearbyint(std::clamp(value, -127.0F, 127.0F)));
  }
  return table;
}

}  // namespace

KernelPtr image_to_tensor(const TensorSpec& src, const TensorSpec& dst, const std::array<float, 3>& mean,
                          const std::array<float, 3>& scale, bool bgr) {
  std::array<Channel, 3> channels{};
  for (std::size_t c = 0; c < 3; ++c) channels[c] = {mean[c], scale[c]};
  const Shape shape = src.shape;
  if (dst.type == DataType::s8) {
    const std::array<Table, 3> tables{table_of(channels[0]), table_of(channels[1]), table_of(channels[2])};
    return function_kernel("own:table", [=](std::span<void* const> a) {
      const std::int64_t row = shape[2] * 3;
      parallel_for(shape[0] * shape[1], [&](std::int64_t i) {
        const auto* from = static_cast<const std::uint8_t*>(a[0]) + i * row;
        auto* to = static_cast<std::int8_t*>(a[1]) + i * row;
        for (std::int64_t x = 0; x < row; x += 3) {
          to[x] = tables[0][from[x + (bgr ? 2 : 0)]];
          to[x + 1] = tables[1][from[x + 1]];
          to[x + 2] = tables[2][from[x + (bgr ? 0 : 2)]];
        }
      });
    });
  }
  if (dst.type == DataType::bf16) {
    return function_kernel("own:simd", [=](std::span<void* const> a) {
      convert(static_cast<const std::uint8_t*>(a[0]), static_cast<Bfloat16*>(a[1]), &plane_bf16, shape, channels, bgr);
    });
  }
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    convert(static_cast<const std::uint8_t*>(a[0]), static_cast<float*>(a[1]), &plane_f32, shape, channels, bgr);
  });
}

}  // namespace facenet::kernels
