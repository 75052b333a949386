// dst: the sources one after the other along the axis;  diff_src_i: the i-th part of diff_dst
#include "ops/concat.hpp"

#include <algorithm>

#include "kernels/concat.hpp"

namespace facenet {
namespace {

// All sources in the layout of the first where channels are joined and blocks stay whole, else plain.
std::vector<TensorSpec> joined(std::span<const TensorSpec> src, std::size_t axis) {
  std::vector<std::int64_t> channels;
  for (const auto& s : src) channels.push_back(s.shape[1]);
  const bool kept = axis == 1 && kernels::can_concat(channels, src[0].layout);
  const Layout layout = kept ? src[0].layout : Layout::plain;
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
  if (src.empty()) refuse(src, "wants sources");
  std::vector<std::int64_t> dims(src[0].dims().begin(), src[0].dims().end());
  const auto axis = static_cast<std::size_t>(parameters.axis);
  if (parameters.axis < 1 || axis >= dims.size()) {
    refuse(src, "axis " + std::to_string(parameters.axis) + " is the batch or none of the data's");
  }
  dims[axis] = 0;
  for (const auto& s : src) {
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (s.rank() != dims.size() || (i != axis && s[i] != dims[i])) {
        refuse(src, "sources must agree in all but axis " + std::to_string(parameters.axis));
      }
    }
    dims[axis] += s[axis];
  }
  return Shape(dims);
}

Compiled Concat::compile(std::span<const Operand> operands) const {
  std::vector<TensorSpec> specs;
  std::vector<Shape> shapes;
  for (const auto& operand : operands) {
    specs.push_back(operand.spec);
    shapes.push_back(operand.spec.shape);
  }
  const auto axis = static_cast<std::size_t>(parameters.axis);
  specs = joined(specs, axis);
  return {kernels::concat(specs, axis),
          specs,
          {shape(shapes), specs[0].type, specs[0].layout},
          {},
          kernels::is_joined(specs, axis)};
}

std::vector<Tensor> Concat::backward(const BackwardArguments& a) const {
  std::vector<TensorSpec> specs;
  for (const auto& s : a.src) specs.push_back(s.spec());
  const auto axis = static_cast<std::size_t>(parameters.axis);
  specs = joined(specs, axis);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, specs[0].type, specs[0].layout);
  std::vector<Tensor> gradients;
  std::vector<void*> arguments{diff_dst.raw()};
  for (const auto& spec : specs) {
    gradients.emplace_back(spec);
    arguments.push_back(gradients.back().raw());
  }
  kernels::split(specs, axis)->run(std::span<void* const>(arguments));
  return gradients;
}

RefTensor Concat::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  std::vector<Shape> shapes;
  for (const auto& s : src) shapes.push_back(s.shape);
  RefTensor dst(shape(shapes));
  std::int64_t outer = 1;
  for (const auto extent : dst.shape.dims().first(static_cast<std::size_t>(parameters.axis))) outer *= extent;
  auto to = dst.values.begin();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const auto& s : src) {
      const std::int64_t size = s.shape.elements() / outer;
      to = std::copy_n(s.values.begin() + o * size, size, to);
    }
  }
  return dst;
}

}  // namespace facenet
