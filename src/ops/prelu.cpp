// dst = src where src > 0, else slope * src
//   diff_src = diff_dst where src > 0, else slope * diff_dst
//   diff_slope = sum of diff_dst * src where src <= 0
#include "ops/prelu.hpp"

#include "kernels/prelu.hpp"

namespace facenet {

Shape Prelu::shape(std::span<const Shape> src) const {
  if (src.size() != 2 || (src[0].rank() != 2 && src[0].rank() != 4)) {
    refuse(src, "wants data [N,C] or [N,C,H,W] and slopes");
  }
  if (src[1] != Shape{src[0][1]} && src[1] != Shape{1}) {
    refuse(src, "slopes must be [" + std::to_string(src[0][1]) + "] or [1]");
  }
  return src[0];
}

Compiled Prelu::compile(std::span<const Operand> operands) const {
  const TensorSpec spec = elementwise_spec(operands[0].spec, true);
  return {kernels::prelu(spec, operands[1].spec.shape[0]), {spec}, spec, {operands[1].constant}};
}

std::vector<Tensor> Prelu::backward(const BackwardArguments& a) const {
  const TensorSpec spec = elementwise_spec(a.src[0].spec(), true);
  const Tensor src = kernels::reorder(a.src[0], spec.type, spec.layout);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, spec.type, spec.layout);
  const std::int64_t slopes = a.src[1].shape()[0];
  std::vector<Tensor> gradients(2);
  if (a.needed[0]) {
    gradients[0] = Tensor(spec);
    kernels::prelu_backward_data(spec, slopes)->run({src.raw(), diff_dst.raw(), a.src[1].raw(), gradients[0].raw()});
  }
  if (a.needed[1]) {
    gradients[1] = Tensor(TensorSpec{{slopes}});
    kernels::prelu_backward_slope(spec, slopes)->run({src.raw(), diff_dst.raw(), gradients[1].raw()});
  }
  return gradients;
}

RefTensor Prelu::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  const auto channels = static_cast<std::size_t>(dst.shape[1]);
  const std::size_t pixels = dst.shape.rank() == 2 ? 1 : static_cast<std::size_t>(dst.shape[2] * dst.shape[3]);
  for (std::size_t i = 0; i < dst.values.size(); ++i) {
    const std::size_t channel = src[1].values.size() == 1 ? 0 : i / pixels % channels;
    if (dst.values[i] <= 0) dst.values[i] *= src[1].values[channel];
  }
  return dst;
}

}  // namespace facenet
