// dst = src * weights^T + bias
//   diff_src = diff_dst * weights;  diff_weights = diff_dst^T * src;  diff_bias = column sums of diff_dst
#include "ops/linear.hpp"

#include "kernels/inner_product.hpp"

namespace facenet {
namespace {

kernels::InnerProductProblem problem(const Shape& src, const Shape& weights, bool bias) {
  return {src.elements() / weights[1], weights[1], weights[0], bias};
}

}  // namespace

void Linear::visit(Fields& f) {
  f.field("bias", parameters.bias);
  f.later_field("rows", parameters.rows, false);
}

Shape Linear::shape(std::span<const Shape> src) const {
  if (src.size() != (parameters.bias ? 3U : 2U)) refuse(src, "wants src, weights and, unless switched off, bias");
  if (src[0].rank() < 2 || src[1].rank() != 2) refuse(src, "wants data [N,...] and weights [O,I]");
  std::int64_t inputs = 1;
  for (const auto extent : src[0].dims().subspan(parameters.rows ? src[0].rank() - 1 : 1)) inputs *= extent;
  if (inputs == 0 || inputs != src[1][1]) {
    refuse(src, "weights for " + std::to_string(src[1][1]) + " inputs do not fit data with " + std::to_string(inputs));
  }
  if (parameters.bias && src[2] != Shape{src[1][0]}) refuse(src, "bias must be [" + std::to_string(src[1][0]) + "]");
  if (!parameters.rows) return {src[0][0], src[1][0]};
  std::vector<std::int64_t> dims(src[0].dims().begin(), src[0].dims().end());
  dims.back() = src[1][0];
  return Shape(dims);
}

Compiled Linear::compile(std::span<const Operand> operands) const {
  std::vector<Shape> shapes;
  for (const auto& operand : operands) shapes.push_back(operand.spec.shape);
  Compiled compiled{kernels::inner_product_forward(problem(shapes[0], shapes[1], parameters.bias)),
                    {TensorSpec{shapes[0]}},
                    TensorSpec{shape(shapes)},
                    {operands[1].constant}};
  if (parameters.bias) compiled.constants.push_back(operands[2].constant);
  return compiled;
}

std::vector<Tensor> Linear::backward(const BackwardArguments& a) const {
  const Tensor src = kernels::to_plain(a.src[0]);
  const Tensor& weights = a.src[1];
  const auto p = problem(src.shape(), weights.shape(), parameters.bias);
  const Tensor diff_dst = kernels::to_plain(a.diff_dst);
  std::vector<Tensor> gradients(a.src.size());
  if (a.needed[0]) {
    gradients[0] = Tensor(TensorSpec{src.shape()});
    kernels::inner_product_backward_data(p)->run({diff_dst.raw(), weights.raw(), gradients[0].raw()});
  }
  if (a.needed[1] || (parameters.bias && a.needed[2])) {
    gradients[1] = Tensor(TensorSpec{weights.shape()});
    const auto kernel = kernels::inner_product_backward_weights(p);
    if (parameters.bias) {
      gradients[2] = Tensor(TensorSpec{{weights.shape()[0]}});
      kernel->run({src.raw(), diff_dst.raw(), gradients[1].raw(), gradients[2].raw()});
    } else {
      kernel->run({src.raw(), diff_dst.raw(), gradients[1].raw()});
    }
  }
  return gradients;
}

RefTensor Linear::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const std::int64_t outputs = src[1].shape[0];
  const std::int64_t inputs = src[1].shape[1];
  const std::int64_t rows = src[0].shape.elements() / inputs;
  std::vector<Shape> shapes;
  for (const auto& s : src) shapes.push_back(s.shape);
  RefTensor dst(shape(shapes));
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t o = 0; o < outputs; ++o) {
      double sum = parameters.bias ? src[2].values[static_cast<std::size_t>(o)] : 0;
      for (std::int64_t i = 0; i < inputs; ++i) {
        sum += src[0].values[static_cast<std::size_t>(n * inputs + i)] *
               src[1].values[static_cast<std::size_t>(o * inputs + i)];
      }
      dst.values[static_cast<std::size_t>(n * outputs + o)] = sum;
    }
  }
  return dst;
}

}  // namespace facenet
