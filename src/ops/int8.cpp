// stored = round(value / step), cut to the type's range
//   convolution: dst = sum of src * weights, times src's step * weights' step [o] / dst's step, plus bias / dst's step;
//   with a second source all this is counted in its steps first, and in dst's after the sum and the rectifier
#include "ops/int8.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "kernels/int8.hpp"

namespace facenet {
namespace {

bool is_bytes(DataType type) { return type == DataType::u8 || type == DataType::s8; }

double stored(double value, const Quantisation& q) {
  if (!is_bytes(q.type)) return value;
  const double low = q.type == DataType::u8 ? 0 : -128;
  return std::clamp(std::nearbyint(value), low, low + 255);
}

// The steps of the weights that make result `o`, `row` numbers each, and the weights that count them.
struct Int8Weights {
  std::vector<float> steps;
  std::vector<std::int8_t> counts;
};

Int8Weights quantised(std::span<const float> weights, std::size_t outputs, DataType src) {
  // Without a processor that sums products of bytes in 32 bits, 63 steps. For s8 oneDNN then halves the weights again
  // by itself: they count double, so that it rounds nothing.
  const bool native = kernels::has_native_int8();
  const float most = native ? 127.0F : 63.0F;
  const float count = native || src != DataType::s8 ? 1.0F : 2.0F;
  const std::size_t row = weights.size() / outputs;
  Int8Weights result{std::vector<float>(outputs), std::vector<std::int8_t>(weights.size())};
  for (std::size_t o = 0; o < outputs; ++o) {
    float largest = 0;
    for (std::size_t i = o * row; i < (o + 1) * row; ++i) largest = std::max(largest, std::abs(weights[i]));
    const float step = largest / most > 0 ? largest / most : 1;
    result.steps[o] = step / count;
    for (std::size_t i = o * row; i < (o + 1) * row; ++i) {
      result.counts[i] = static_cast<std::int8_t>(count * std::nearbyint(weights[i] / step));
    }
  }
  return result;
}

}  // namespace

Shape Quantise::shape(std::span<const Shape> sources) const {
  require_one(sources);
  return sources[0];
}

Compiled Quantise::compile(std::span<const Operand> operands) const {
  TensorSpec from = operands[0].spec;
  from.type = src.type;
  TensorSpec to = from;
  to.type = dst.type;
  if (is_bytes(dst.type)) to.layout = Layout::nhwc;
  const float factor = src.step / dst.step;
  return {kernels::rescale(from, to), {from}, to, {Tensor::from({1}, {&factor, 1})}};
}

RefTensor Quantise::reference(std::span<const RefTensor> sources, const Mode& /*mode*/) const {
  RefTensor result = sources[0];
  const double factor = static_cast<double>(src.step) / static_cast<double>(dst.step);
  for (auto& value : result.values) value = stored(value * factor, dst);
  return result;
}

std::string_view Int8Convolution::name() const {
  if (plain.sum) return plain.prelu ? "int8_convolution+sum+prelu" : "int8_convolution+sum";
  return plain.prelu ? "int8_convolution+prelu" : "int8_convolution";
}

kernels::ConvolutionProblem Int8Convolution::problem(const Shape& source, const Shape& weights) const {
  auto p = plain.problem({source}, weights);
  p.type = src.type;
  return p;
}

kernels::Int8Result Int8Convolution::result() const { return {dst.type, added.type, unit() / dst.step}; }

bool Int8Convolution::has_kernel(const Shape& source, const Shape& weights) const {
  return kernels::int8_convolution_forward(problem(source, weights), result()) != nullptr;
}

Compiled Int8Convolution::compile(std::span<const Operand> operands) const {
  auto constants = plain.constants(operands);
  const Shape weights = constants[0].shape();
  const auto forward = kernels::int8_convolution_forward(problem(operands[0].spec.shape, weights), result());
  if (!forward) throw Error("int8_convolution: no fast kernel for weights " + weights.text());
  const auto outputs = static_cast<std::size_t>(weights[0]);
  const Int8Weights bytes = quantised(constants[0].floats(), outputs, src.type);
  constants[0] = Tensor(TensorSpec{{static_cast<std::int64_t>(forward->packed_bytes)}, DataType::u8});
  forward->pack->run({bytes.counts.data(), constants[0].raw()});
  if (plain.plain.parameters.bias) {
    constants[1] = constants[1].clone();
    for (auto& value : constants[1].floats()) value /= unit();
  }
  constants.emplace_back(TensorSpec{{weights[0]}});
  for (std::size_t o = 0; o < outputs; ++o) constants.back().floats()[o] = bytes.steps[o] * src.step / unit();
  std::vector<TensorSpec> sources{forward->src};
  if (plain.sum) sources.push_back({forward->dst.shape, added.type, forward->dst.layout});
  return {forward->kernel, sources, forward->dst, std::move(constants)};
}

RefTensor Int8Convolution::reference(std::span<const RefTensor> sources, const Mode& mode) const {
  std::vector<RefTensor> exact(sources.begin(), sources.end());
  for (auto& value : exact[0].values) value *= static_cast<double>(src.step);
  if (plain.sum) {
    for (auto& value : exact[1].values) value *= static_cast<double>(added.step);
  }
  RefTensor& weights = exact[plain.sum ? 2 : 1];
  const std::vector<float> values(weights.values.begin(), weights.values.end());
  const auto outputs = static_cast<std::size_t>(weights.shape[0]);
  const Int8Weights bytes = quantised(values, outputs, src.type);
  for (std::size_t i = 0; i < values.size(); ++i) {
    weights.values[i] = bytes.counts[i] * static_cast<double>(bytes.steps[i / (values.size() / outputs)]);
  }
  RefTensor result = plain.reference(exact, mode);
  for (auto& value : result.values) value = stored(value / static_cast<double>(dst.step), dst);
  return result;
}

Compiled Int8L2Pool::compile(std::span<const Operand> operands) const {
  const TensorSpec from{operands[0].spec.shape, DataType::u8, Layout::nhwc};
  auto p = plain.problem(from);
  p.src = from;
  return {kernels::int8_l2_pooling(p, src.step / dst.step), {from}, p.dst(), {}};
}

RefTensor Int8L2Pool::reference(std::span<const RefTensor> sources, const Mode& mode) const {
  RefTensor result = plain.reference(sources, mode);
  const double factor = static_cast<double>(src.step) / static_cast<double>(dst.step);
  for (auto& value : result.values) value = stored(value * factor, dst);
  return result;
}

}  // namespace facenet
