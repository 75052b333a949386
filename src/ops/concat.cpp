// dst: the sources' channels one after the other;  diff_src_i: the i-th part of diff_dst
#include "ops/concat.hpp"

#include <algorithm>

#include "kernels/concat.hpp"

namespace facenet {
namespace {

// All sources in the layout of the first where that keeps blocks whole, else plain.
std::vector<TensorSpec> joined(std::span<const TensorSpec> src) {
  std::vector<std::int64_t> channels;
  for (const auto& s : src) channels.push_back(s.shape[1]);
  const Layout layout = kernels::can_concat(channels, src[0].layout) ? src[0].layout : Layout::plain;
  std::vector<TensorSpec> specs(src.begin(), src.end());
  // Bytes of a quantised network stay bytes.
  const bool bytes = (src[0].type == DataType::u8 || src[0].type == DataType::s8) &&
                     std::all_of(src.begin(), src.end(), [&](const auto& s) { return s.type == src[0].type; });
  const DataType type = bytes ? src[0].type : working_type(src[0].type);
  for (auto& s : specs) {
    s.type = type;
    s.layout = layout;
  }
  return specs;
}

}  // namespace

Shape Concat::shape(std::span<const Shape> src) const {
  require_rank4(src);
  std::int64_t channels = 0;
  for (const auto& s : src) {
    if (s.rank() != 4 || s[0] != src[0][0] || s[2] != src[0][2] || s[3] != src[0][3]) {
      refuse(src, "sources must agree in all but their channels");
    }
    channels += s[1];
  }
  return {src[0][0], channels, src[0][2], src[0][3]};
}

Compiled Concat::compile(std::span<const Operand> operands) const {
  std::vector<TensorSpec> specs;
  std::vector<Shape> shapes;
  for (const auto& operand : operands) {
    specs.push_back(operand.spec);
    shapes.push_back(operand.spec.shape);
  }
  specs = joined(specs);
  return {kernels::concat(specs), specs, {shape(shapes), specs[0].type, specs[0].layout}, {}};
}

std::vector<Tensor> Concat::backward(const BackwardArguments& a) const {
  std::vector<TensorSpec> specs;
  for (const auto& s : a.src) specs.push_back(s.spec());
  specs = joined(specs);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, specs[0].type, specs[0].layout);
  std::vector<Tensor> gradients;
  std::vector<void*> arguments{diff_dst.raw()};
  for (const auto& spec : specs) {
    gradients.emplace_back(spec);
    arguments.push_back(gradients.back().raw());
  }
  kernels::split(specs)->run(std::span<void* const>(arguments));
  return gradients;
}

RefTensor Concat::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  std::vector<Shape> shapes;
  for (const auto& s : src) shapes.push_back(s.shape);
  RefTensor dst(shape(shapes));
  auto to = dst.values.begin();
  for (std::int64_t n = 0; n < dst.shape[0]; ++n) {
    for (const auto& s : src) {
      const std::int64_t size = s.shape[1] * s.shape[2] * s.shape[3];
      to = std::copy_n(s.values.begin() + n * size, size, to);
    }
  }
  return dst;
}

}  // namespace facenet
