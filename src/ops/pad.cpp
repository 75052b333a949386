// dst[n, c + before, y + top, x + left] = src[n, c, y, x], and `value` around them;  diff_src: that part of diff_dst
#include "ops/pad.hpp"

#include <algorithm>
#include <cmath>

namespace facenet {
namespace {

constexpr std::int64_t kLargest = 1 << 20;  // keeps sums from overflowing

}  // namespace

void Pad::visit(Fields& f) {
  f.field("pad_begin", parameters.pad_begin);
  f.field("pad_end", parameters.pad_end);
  f.field("value", parameters.value);
  f.later_field("channels", parameters.channels, {0, 0});
}

Shape Pad::shape(std::span<const Shape> src) const {
  require_one(src);
  require_rank4(src);
  const auto& p = parameters;
  for (const auto pad : {p.pad_begin[0], p.pad_begin[1], p.pad_end[0], p.pad_end[1], p.channels[0], p.channels[1]}) {
    if (pad < 0 || pad > kLargest) {
      refuse(src, "padding must be from 0 to " + std::to_string(kLargest) + ", not " + std::to_string(pad));
    }
  }
  if (!std::isfinite(p.value)) refuse(src, "the value of the padding must be a number");
  return {src[0][0], src[0][1] + p.channels[0] + p.channels[1], src[0][2] + p.pad_begin[0] + p.pad_end[0],
          src[0][3] + p.pad_begin[1] + p.pad_end[1]};
}

Compiled Pad::compile(std::span<const Operand> operands) const {
  const auto& p = parameters;
  TensorSpec src = elementwise_spec(operands[0].spec, p.value == 0);
  const bool deeper = p.channels[0] + p.channels[1] > 0;
  const bool filled = p.value != 0 && p.channels[1] % block_of(src.layout) != 0;  // up to a block, with zeros
  if (deeper && (filled || !kernels::pads_channels(src.layout, p.channels[0], src.shape[1])))
    src.layout = Layout::plain;
  const TensorSpec dst{shape(std::span(&src.shape, 1)), src.type, src.layout};
  return {kernels::pad(src, dst, begin(), p.value), {src}, dst, {}};
}

std::vector<Tensor> Pad::backward(const BackwardArguments& a) const {
  const TensorSpec& dst = a.dst.spec();
  const Tensor diff_dst = kernels::reorder(a.diff_dst, dst.type, dst.layout);
  const Tensor diff_src(TensorSpec{a.src[0].shape(), dst.type, dst.layout});
  kernels::crop(dst, diff_src.spec(), begin())->run({diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Pad::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst(shape(std::span(&src[0].shape, 1)));
  std::fill(dst.values.begin(), dst.values.end(), static_cast<double>(parameters.value));
  const Shape& s = src[0].shape;
  for (std::int64_t n = 0; n < s[0]; ++n) {
    for (std::int64_t c = 0; c < s[1]; ++c) {
      for (std::int64_t y = 0; y < s[2]; ++y) {
        for (std::int64_t x = 0; x < s[3]; ++x) {
          dst.at(n, c + begin().channels, y + begin().rows, x + begin().columns) = src[0].at(n, c, y, x);
        }
      }
    }
  }
  return dst;
}

}  // namespace facenet
