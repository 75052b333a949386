// dst at i along the axis = src at begin + step * i;  diff_src: diff_dst at those places, elsewhere 0
#include "ops/slice.hpp"

#include "kernels/slice.hpp"

namespace facenet {
namespace {

kernels::SliceProblem problem(const Slice::Parameters& p) {
  return {static_cast<std::size_t>(p.axis), p.begin, p.count, p.step};
}

}  // namespace

void Slice::visit(Fields& f) {
  f.field("axis", parameters.axis);
  f.field("begin", parameters.begin);
  f.field("count", parameters.count);
  f.field("step", parameters.step);
}

Shape Slice::shape(std::span<const Shape> src) const {
  require_one(src);
  const auto& p = parameters;
  if (p.axis < 1 || p.axis >= static_cast<std::int64_t>(src[0].rank())) {
    refuse(src, "axis " + std::to_string(p.axis) + " is the batch or none of the data's");
  }
  const auto axis = static_cast<std::size_t>(p.axis);
  const bool counts = p.begin >= 0 && p.count >= 1 && p.step >= 1;
  if (!counts || p.begin >= src[0][axis] || (p.count - 1) > (src[0][axis] - 1 - p.begin) / p.step) {
    refuse(src, std::to_string(p.count) + " places from " + std::to_string(p.begin) + " on, " + std::to_string(p.step) +
                    " apart, are not all on axis " + std::to_string(p.axis));
  }
  std::vector<std::int64_t> dims(src[0].dims().begin(), src[0].dims().end());
  dims[axis] = p.count;
  return Shape(dims);
}

Compiled Slice::compile(std::span<const Operand> operands) const {
  const TensorSpec src{operands[0].spec.shape, working_type(operands[0].spec.type), Layout::plain};
  return {kernels::slice(src, problem(parameters)), {src}, {shape(std::span(&src.shape, 1)), src.type, src.layout}, {}};
}

std::vector<Tensor> Slice::backward(const BackwardArguments& a) const {
  const Tensor diff_dst = kernels::reorder(a.diff_dst, a.dst.type(), Layout::plain);
  const Tensor diff_src(TensorSpec{a.src[0].shape(), a.dst.type(), Layout::plain});
  kernels::slice_backward(diff_src.spec(), problem(parameters))->run({diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Slice::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const Shape& s = src[0].shape;
  RefTensor dst(shape(std::span(&s, 1)));
  const auto axis = static_cast<std::size_t>(parameters.axis);
  std::size_t inner = 1;
  for (std::size_t i = axis + 1; i < s.rank(); ++i) inner *= static_cast<std::size_t>(s[i]);
  const auto count = static_cast<std::size_t>(parameters.count);
  for (std::size_t to = 0; to < dst.values.size(); ++to) {
    const std::size_t place =
        static_cast<std::size_t>(parameters.begin) + to / inner % count * static_cast<std::size_t>(parameters.step);
    const std::size_t outer = to / inner / count;
    dst.values[to] = src[0].values[(outer * static_cast<std::size_t>(s[axis]) + place) * inner + to % inner];
  }
  return dst;
}

}  // namespace facenet
