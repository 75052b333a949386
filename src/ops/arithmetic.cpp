// add:      dst = src_0 + src_1 + ...   diff_src_i = diff_dst
// subtract: dst = left - right          diff_left = diff_dst;          diff_right = -diff_dst
// multiply: dst = left * right          diff_left = diff_dst * right;  diff_right = diff_dst * left
// divide:   dst = left / right          diff_left = diff_dst / right;  diff_right = -diff_dst * dst / right
//   each summed over the axes along which its source was broadcast
#include "ops/arithmetic.hpp"

#include <algorithm>

#include "kernels/elementwise.hpp"
#include "kernels/reduction.hpp"

namespace facenet {
namespace {

using Kind = Arithmetic::Kind;

// With extents of 1 in front, to this rank.
Shape widened(const Shape& shape, std::size_t rank) {
  std::vector<std::int64_t> dims(rank - shape.rank(), 1);
  dims.insert(dims.end(), shape.dims().begin(), shape.dims().end());
  return Shape(dims);
}

bool all_equal(std::span<const Shape> shapes) {
  return std::all_of(shapes.begin(), shapes.end(), [&](const Shape& s) { return s == shapes[0]; });
}

// A source of shape `src` as the kernel for `dst` wants it.
Tensor arriving(const Tensor& tensor, const TensorSpec& dst) {
  const TensorSpec spec = kernels::broadcast_spec(widened(tensor.shape(), dst.shape.rank()), dst);
  const Tensor same_rank = tensor.shape() == spec.shape ? tensor : tensor.reshaped(spec.shape);
  return kernels::reorder(same_rank, spec.type, spec.layout);
}

Tensor apply(Kind kind, const Tensor& left, const Tensor& right, const TensorSpec& dst) {
  const Tensor result(dst);
  const Tensor a = arriving(left, dst);
  const Tensor b = arriving(right, dst);
  kernels::arithmetic(kind, a.spec(), b.spec(), dst)->run({a.raw(), b.raw(), result.raw()});
  return result;
}

// `full`, summed over the axes along which a source of this shape was broadcast.
Tensor summed(const Tensor& full, const Shape& src) {
  if (full.shape() == src) return full;
  const Shape wide = widened(src, full.shape().rank());
  std::vector<bool> gone;
  for (std::size_t i = 0; i < wide.rank(); ++i) gone.push_back(wide[i] != full.shape()[i]);
  const Tensor sum(TensorSpec{src});
  kernels::reduction(kernels::Reduction::sum, full.shape(), gone)->run({full.raw(), sum.raw()});
  return sum;
}

}  // namespace

std::string_view Arithmetic::name() const {
  static constexpr std::string_view kNames[] = {"add", "subtract", "multiply", "divide"};
  return kNames[static_cast<std::size_t>(kind)];
}

void Arithmetic::visit(Fields& f) {
  f.field("constant", parameters.constant);
  if (kind == Kind::subtract || kind == Kind::divide) f.field("reversed", parameters.reversed);
}

bool Arithmetic::swapped() const { return parameters.constant && parameters.reversed; }

Shape Arithmetic::shape(std::span<const Shape> src) const {
  if (kind == Kind::add && !parameters.constant && src.size() > 2) {
    if (!all_equal(src)) refuse(src, "more than two sources must have one shape");
    return src[0];
  }
  if (src.size() != 2) refuse(src, parameters.constant ? "wants data and a constant" : "wants two sources");
  const Shape& data = src[0];
  const Shape& other = src[1];
  if (data.rank() == 0) refuse(src, "wants data with a batch");
  if (parameters.constant ? other.rank() > data.rank() : other.rank() != data.rank()) {
    refuse(src, parameters.constant ? "a constant cannot have more axes than the data"
                                    : "two data sources must have as many axes: the first is the batch");
  }
  const Shape wide = widened(other, data.rank());
  if (wide[0] != (parameters.constant ? 1 : data[0])) {
    refuse(src, "the first axis is the batch: it must be the same in data, and 1 in a constant");
  }
  std::vector<std::int64_t> dims{data[0]};
  for (std::size_t i = 1; i < data.rank(); ++i) {
    if (data[i] != wide[i] && data[i] != 1 && wide[i] != 1) refuse(src, "the shapes do not broadcast");
    dims.push_back(data[i] == 1 ? wide[i] : data[i]);
  }
  return Shape(dims);
}

Compiled Arithmetic::compile(std::span<const Operand> operands) const {
  std::vector<Shape> shapes;
  for (const auto& operand : operands) shapes.push_back(operand.spec.shape);
  const Shape dst_shape = shape(shapes);
  const std::size_t data = operands.size() - parameter_inputs();
  // In the layout of a source that is as large as the result; zeros stay zeros where none is broadcast over channels.
  const std::size_t like = shapes[0] != dst_shape && data == 2 && shapes[1] == dst_shape ? 1 : 0;
  bool keeps_zeros = kind != Kind::divide;
  for (auto& s : shapes) {
    s = widened(s, dst_shape.rank());
    keeps_zeros = keeps_zeros && (s.rank() < 2 || s[1] == dst_shape[1]);
  }
  const TensorSpec dst = elementwise_spec({dst_shape, operands[0].spec.type, operands[like].spec.layout}, keeps_zeros);
  if (kind == Kind::add && !parameters.constant && all_equal(shapes)) {
    return {kernels::add(dst, operands.size()), std::vector<TensorSpec>(operands.size(), dst), dst, {}};
  }
  std::vector<TensorSpec> specs;
  for (const auto& s : shapes) specs.push_back(kernels::broadcast_spec(s, dst));
  Compiled compiled{nullptr, specs, dst, {}};
  compiled.kernel = swapped() ? kernels::arithmetic(kind, specs[1], specs[0], dst, true)
                              : kernels::arithmetic(kind, specs[0], specs[1], dst);
  if (parameters.constant) {
    compiled.src.pop_back();
    compiled.constants.push_back(arriving(operands[1].constant, dst));
  }
  return compiled;
}

std::vector<Tensor> Arithmetic::backward(const BackwardArguments& a) const {
  std::vector<Tensor> gradients(a.src.size());
  if (kind == Kind::add && a.src.size() > 2) return std::vector<Tensor>(a.src.size(), a.diff_dst);
  const bool swap = swapped();
  const Tensor& left = a.src[swap ? 1 : 0];
  const Tensor& right = a.src[swap ? 0 : 1];
  for (std::size_t i = 0; i < 2; ++i) {
    if (!a.needed[i]) continue;
    const Shape& src = a.src[i].shape();
    const bool is_left = (i == 0) != swap;
    // What is summed is plain float; what is not stays in the result's type and layout.
    const TensorSpec spec = src == a.dst.shape() ? a.dst.spec() : TensorSpec{a.dst.shape()};
    const Tensor& g = a.diff_dst;
    Tensor full;
    if (kind == Kind::multiply) {
      full = apply(Kind::multiply, g, is_left ? right : left, spec);
    } else if (kind == Kind::divide) {
      full = apply(Kind::divide, is_left ? g : apply(Kind::multiply, g, a.dst, spec), right, spec);
    } else {
      full = kernels::reorder(g, spec.type, spec.layout);
    }
    if (!is_left && (kind == Kind::subtract || kind == Kind::divide)) {
      full = apply(Kind::subtract, Tensor::zeros({Shape(std::vector<std::int64_t>(spec.shape.rank(), 1))}), full, spec);
    }
    gradients[i] = summed(full, src);
  }
  return gradients;
}

RefTensor Arithmetic::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  std::vector<Shape> shapes;
  for (const auto& s : src) shapes.push_back(s.shape);
  RefTensor dst(shape(shapes));
  for (std::size_t to = 0; to < dst.values.size(); ++to) {
    const auto at = [&](const RefTensor& source) {  // what stands there in a source
      const Shape wide = widened(source.shape, dst.shape.rank());
      std::size_t from = 0;
      std::size_t stride = 1;
      std::size_t rest = to;
      for (std::size_t i = wide.rank(); i-- > 0;) {
        const auto extent = static_cast<std::size_t>(dst.shape[i]);
        if (wide[i] != 1) from += rest % extent * stride;
        stride *= static_cast<std::size_t>(wide[i]);
        rest /= extent;
      }
      return source.values[from];
    };
    const double left = at(src[swapped() ? 1 : 0]);
    const double right = at(src[swapped() ? 0 : 1]);
    double& result = dst.values[to];
    if (kind == Kind::add) {
      for (const auto& s : src) result += at(s);
    }
    if (kind == Kind::subtract) result = left - right;
    if (kind == Kind::multiply) result = left * right;
    if (kind == Kind::divide) result = left / right;
  }
  return dst;
}

}  // namespace facenet
