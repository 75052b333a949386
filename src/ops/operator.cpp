// What all operators share.
#include "ops/operator.hpp"

#include <facenet/error.hpp>

namespace facenet {

Tensor Operator::run(const Compiled& compiled, std::span<const Tensor> src) const {
  std::vector<Tensor> kept;
  std::vector<void*> arguments;
  for (std::size_t i = 0; i < compiled.src.size(); ++i) {
    kept.push_back(kernels::reorder(src[i], compiled.src[i].type, compiled.src[i].layout));
    arguments.push_back(kept.back().raw());
  }
  for (const auto& constant : compiled.constants) arguments.push_back(constant.raw());
  Tensor dst(compiled.dst);
  arguments.push_back(dst.raw());
  compiled.kernel->run(std::span<void* const>(arguments));
  return dst;
}

Tensor Operator::forward(std::span<const Tensor> src, const Mode& /*mode*/, Saved& /*saved*/) const {
  std::vector<Operand> operands;
  const std::size_t data = src.size() - parameter_inputs();
  for (std::size_t i = 0; i < src.size(); ++i) operands.push_back({src[i].spec(), i < data ? Tensor() : src[i]});
  return run(compile(operands), src);
}

void Operator::refuse(std::span<const Shape> src, const std::string& why) const {
  std::string shapes;
  for (const auto& s : src) shapes += (shapes.empty() ? "" : ", ") + s.text();
  throw InvalidArgument(std::string(name()) + ": " + why + " (sources: " + shapes + ")");
}

void Operator::require_one(std::span<const Shape> src) const {
  if (src.size() != 1) refuse(src, "wants one source");
}

void Operator::require_rank4(std::span<const Shape> src) const {
  if (src.empty() || src[0].rank() != 4) refuse(src, "wants data of shape [N,C,H,W]");
}

void Operator::require_training(const BackwardArguments& arguments) const {
  if (arguments.saved.tensors.empty()) {
    throw Error(std::string(name()) + ": a forward in inference mode has no backward; run it in training mode");
  }
}

std::vector<Tensor> InferenceOperator::backward(const BackwardArguments& /*arguments*/) const {
  throw Error(std::string(name()) + ": layers of a plan are not trained");
}

Layout travelling_layout(const TensorSpec& spec) {
  if (spec.shape.rank() != 4) return Layout::plain;
  return spec.layout == Layout::plain ? kernels::native_blocked_layout() : spec.layout;
}

TensorSpec elementwise_spec(const TensorSpec& spec, bool keeps_zeros) {
  TensorSpec result{spec.shape, working_type(spec.type), spec.layout};
  const std::int64_t block = block_of(spec.layout);
  if (!keeps_zeros && block > 1 && spec.shape[1] % block != 0) result.layout = Layout::plain;
  return result;
}

}  // namespace facenet
