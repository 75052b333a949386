// sum:     dst = sum of src over the axes;   diff_src: diff_dst to each element
// mean:    dst = sum / count;                diff_src: diff_dst / count to each element
// maximum: dst = largest;                    diff_src: diff_dst goes to the first of the largest
#include "ops/reduce.hpp"

#include <algorithm>
#include <limits>

#include "kernels/arithmetic.hpp"

namespace facenet {

std::string_view Reduce::name() const {
  switch (kind) {
    case Kind::sum:
      return "reduce_sum";
    case Kind::mean:
      return "reduce_mean";
    default:
      return "reduce_max";
  }
}

void Reduce::visit(Fields& f) {
  f.field("axes", parameters.axes);
  f.field("keep", parameters.keep);
}

std::vector<bool> Reduce::reduced(std::size_t rank) const {
  std::vector<bool> goes(rank);
  for (const auto axis : parameters.axes) goes[static_cast<std::size_t>(axis)] = true;
  return goes;
}

Shape Reduce::shape(std::span<const Shape> src) const {
  require_one(src);
  const auto& axes = parameters.axes;
  if (axes.empty()) refuse(src, "wants the axes to reduce");
  for (const auto axis : axes) {
    if (axis == 0) refuse(src, "the batch, axis 0, cannot be reduced: images are treated one by one");
    if (axis < 0 || axis >= static_cast<std::int64_t>(src[0].rank()) ||
        std::count(axes.begin(), axes.end(), axis) > 1) {
      refuse(src, "axis " + std::to_string(axis) + " is not one of the data's, or stands there twice");
    }
  }
  const auto goes = reduced(src[0].rank());
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < goes.size(); ++i) {
    if (goes[i] && src[0][i] == 0) refuse(src, "there is nothing along axis " + std::to_string(i));
    if (!goes[i] || parameters.keep) dims.push_back(goes[i] ? 1 : src[0][i]);
  }
  return Shape(dims);
}

Compiled Reduce::compile(std::span<const Operand> operands) const {
  const Shape& src = operands[0].spec.shape;
  return {kernels::reduction(kind, src, reduced(src.rank())), {TensorSpec{src}}, {shape(std::span(&src, 1))}, {}};
}

std::vector<Tensor> Reduce::backward(const BackwardArguments& a) const {
  const Shape& src = a.src[0].shape();
  const auto goes = reduced(src.rank());
  const Tensor diff_dst = kernels::to_plain(a.diff_dst);
  const Tensor diff_src(TensorSpec{src});
  if (kind == Kind::maximum) {
    const Tensor data = kernels::to_plain(a.src[0]);
    kernels::maximum_backward(src, goes)->run({data.raw(), a.dst.raw(), diff_dst.raw(), diff_src.raw()});
    return {diff_src};
  }
  std::vector<std::int64_t> kept;
  std::int64_t count = 1;
  for (std::size_t i = 0; i < goes.size(); ++i) {
    kept.push_back(goes[i] ? 1 : src[i]);
    if (goes[i]) count *= src[i];
  }
  const float share = kind == Kind::mean ? 1.0F / static_cast<float>(count) : 1.0F;
  const std::vector<std::int64_t> ones(src.rank(), 1);
  kernels::arithmetic(kernels::Arithmetic::multiply, {Shape(kept)}, {Shape(ones)}, {src})
      ->run({diff_dst.raw(), &share, diff_src.raw()});
  return {diff_src};
}

RefTensor Reduce::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const Shape& s = src[0].shape;
  RefTensor dst(shape(std::span(&s, 1)));
  const auto goes = reduced(s.rank());
  double count = 1;
  for (std::size_t i = 0; i < goes.size(); ++i) count *= goes[i] ? static_cast<double>(s[i]) : 1;
  const double lowest = -std::numeric_limits<double>::infinity();
  std::fill(dst.values.begin(), dst.values.end(), kind == Kind::maximum ? lowest : 0.0);
  for (std::size_t from = 0; from < src[0].values.size(); ++from) {
    std::size_t to = 0;
    std::size_t stride = 1;
    std::size_t rest = from;
    for (std::size_t i = s.rank(); i-- > 0;) {
      const auto extent = static_cast<std::size_t>(s[i]);
      if (!goes[i]) {
        to += rest % extent * stride;
        stride *= extent;
      }
      rest /= extent;
    }
    double& result = dst.values[to];
    const double value = src[0].values[from];
    if (kind == Kind::maximum) result = std::max(result, value);
    if (kind == Kind::sum) result += value;
    if (kind == Kind::mean) result += value / count;
  }
  return dst;
}

}  // namespace facenet
