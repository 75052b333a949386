// dst = src * m, m = 0 with probability p, else 1 / (1 - p);  diff_src = diff_dst * m
#include "ops/dropout.hpp"

#include "base/random.hpp"
#include "kernels/arithmetic.hpp"
#include "kernels/concat.hpp"

namespace facenet {
namespace {

kernels::KernelPtr product(const TensorSpec& spec) {
  return kernels::arithmetic(kernels::Arithmetic::multiply, spec, spec, spec);
}

}  // namespace

void Dropout::visit(Fields& f) {
  f.field("probability", parameters.probability);
  f.field("stream", parameters.stream);
}

Shape Dropout::shape(std::span<const Shape> src) const {
  if (src.size() != 1) refuse(src, "wants one source");
  if (!(parameters.probability >= 0 && parameters.probability < 1)) refuse(src, "probability must be in [0, 1)");
  return src[0];
}

std::vector<float> Dropout::mask(std::int64_t count, std::uint64_t seed) const {
  Random random(seed, static_cast<std::uint64_t>(parameters.stream) ^ 0xd509ULL);
  std::vector<float> values(static_cast<std::size_t>(count));
  const float kept = 1.0F / (1.0F - parameters.probability);
  for (auto& value : values) value = random.uniform() < static_cast<double>(parameters.probability) ? 0.0F : kept;
  return values;
}

Compiled Dropout::compile(std::span<const Operand> operands) const {
  TensorSpec spec = operands[0].spec;
  spec.type = working_type(spec.type);
  return {kernels::concat(std::span(&spec, 1)), {spec}, spec, {}};  // a copy; the plan's passes remove it
}

Tensor Dropout::forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const {
  if (!mode.training) return Operator::forward(src, mode, saved);
  // In logical order, so that the mask does not depend on the machine's layout.
  const TensorSpec spec{src[0].shape(), working_type(src[0].type()), Layout::plain};
  const Tensor data = kernels::reorder(src[0], spec.type, Layout::plain);
  const Tensor factors =
      kernels::reorder(Tensor::from(spec.shape, mask(spec.shape.elements(), mode.seed)), spec.type, Layout::plain);
  const Tensor dst(spec);
  product(spec)->run({data.raw(), factors.raw(), dst.raw()});
  saved.tensors = {factors};
  return dst;
}

std::vector<Tensor> Dropout::backward(const BackwardArguments& a) const {
  if (a.saved.tensors.empty()) return {a.diff_dst};  // inference: the identity
  const Tensor& factors = a.saved.tensors[0];
  const Tensor diff_dst = kernels::reorder(a.diff_dst, factors.type(), Layout::plain);
  const Tensor diff_src(factors.spec());
  product(factors.spec())->run({diff_dst.raw(), factors.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Dropout::reference(std::span<const RefTensor> src, const Mode& mode) const {
  RefTensor dst = src[0];
  if (!mode.training) return dst;
  const auto factors = mask(dst.shape.elements(), mode.seed);
  for (std::size_t i = 0; i < factors.size(); ++i) dst.values[i] *= static_cast<double>(factors[i]);
  return dst;
}

}  // namespace facenet
