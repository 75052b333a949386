// Layers and the builder that gives them initial weights.
#include "nn/layers.hpp"

#include <cmath>

#include "ops/concat.hpp"
#include "ops/dropout.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/linear.hpp"
#include "ops/maxout.hpp"
#include "ops/relu.hpp"

namespace facenet::nn {

Variable Sequential::forward(Recorder& recorder, Variable input) const {
  for (const auto& module : modules_) input = module->forward(recorder, input);
  return input;
}

Variable Branches::forward(Recorder& recorder, Variable input) const {
  std::vector<Variable> results;
  for (const auto& branch : branches_) results.push_back(branch->forward(recorder, input));
  return recorder.apply(name_, std::make_shared<Concat>(), results);
}

Variable Layer::forward(Recorder& recorder, Variable input) const {
  std::vector<Variable> src{input};
  for (const auto& parameter : parameters_) src.push_back(recorder.parameter(parameter));
  return recorder.apply(name_, op_, src);
}

namespace {

ParameterPtr constant(const std::string& name, std::int64_t count, float value, bool buffer = false) {
  auto parameter = std::make_shared<Parameter>();
  parameter->name = name;
  parameter->value = Tensor(TensorSpec{{count}});
  for (auto& v : parameter->value.floats()) v = value;
  parameter->buffer = buffer;
  return parameter;
}

}  // namespace

ParameterPtr Builder::weights(const std::string& name, const Shape& shape, double deviation) {
  auto parameter = std::make_shared<Parameter>();
  parameter->name = name;
  parameter->value = Tensor(TensorSpec{shape});
  for (auto& v : parameter->value.floats()) v = static_cast<float>(random_.normal() * deviation);
  parameter->decay = true;
  return parameter;
}

ParameterPtr Builder::he_weights(const std::string& name, std::int64_t inputs, std::int64_t outputs,
                                 std::int64_t kernel) {
  const double deviation = std::sqrt(2.0 / static_cast<double>(inputs * kernel * kernel));
  return weights(name + "/weights", {outputs, inputs, kernel, kernel}, deviation);
}

ModulePtr Builder::conv(const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel,
                        const Convolution::Parameters& p) {
  const auto w = he_weights(name, inputs, outputs, kernel);
  return std::make_shared<Layer>(name, std::make_shared<Convolution>(p),
                                 std::vector<ParameterPtr>{w, constant(name + "/bias", outputs, 0)});
}

ModulePtr Builder::conv_relu(const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel,
                             std::int64_t stride) {
  const std::int64_t pad = kernel / 2;
  Convolution::Parameters p{.stride = {stride, stride}, .pad_begin = {pad, pad}, .pad_end = {pad, pad}};
  if (norm_ == Norm::lrn) {
    p.relu = true;
    return conv(name, inputs, outputs, kernel, p);
  }
  p.bias = false;
  const auto w = he_weights(name, inputs, outputs, kernel);
  const std::string bn = name + "/bn";
  return sequential(
      {std::make_shared<Layer>(name, std::make_shared<Convolution>(p), std::vector<ParameterPtr>{w}),
       std::make_shared<Layer>(
           bn, std::make_shared<BatchNorm>(BatchNorm::Parameters{.relu = true}),
           std::vector<ParameterPtr>{constant(bn + "/scale", outputs, 1), constant(bn + "/shift", outputs, 0),
                                     constant(bn + "/running_mean", outputs, 0, true),
                                     constant(bn + "/running_variance", outputs, 1, true)})});
}

ModulePtr Builder::linear(const std::string& name, std::int64_t inputs, std::int64_t outputs, bool bias) {
  const double deviation = std::sqrt(2.0 / static_cast<double>(inputs + outputs));
  std::vector<ParameterPtr> parameters{weights(name + "/weights", {outputs, inputs}, deviation)};
  if (bias) parameters.push_back(constant(name + "/bias", outputs, 0));
  return std::make_shared<Layer>(name, std::make_shared<Linear>(Linear::Parameters{.bias = bias}),
                                 std::move(parameters));
}

ModulePtr Builder::maxout(const std::string& name, std::int64_t inputs, std::int64_t outputs) {
  constexpr std::int64_t kPieces = 2;
  const double deviation = std::sqrt(1.0 / static_cast<double>(inputs));
  const auto w = weights(name + "/weights", {kPieces * outputs, inputs}, deviation);
  return sequential(
      {std::make_shared<Layer>(name, std::make_shared<Linear>(),
                               std::vector<ParameterPtr>{w, constant(name + "/bias", kPieces * outputs, 0)}),
       std::make_shared<Layer>(name + "/maxout", std::make_shared<Maxout>(Maxout::Parameters{.pieces = kPieces}))});
}

ModulePtr image_input(const std::string& name) {
  return std::make_shared<Layer>(name, std::make_shared<ImageToTensor>());
}

ModulePtr pool(const std::string& name, Pool::Kind kind, std::int64_t kernel, std::int64_t stride) {
  const std::int64_t pad = kernel / 2;
  return std::make_shared<Layer>(name, std::make_shared<Pool>(kind, Pool::Parameters{.window = {kernel, kernel},
                                                                                     .stride = {stride, stride},
                                                                                     .pad_begin = {pad, pad},
                                                                                     .pad_end = {pad, pad}}));
}

ModulePtr global_average_pool(const std::string& name) {
  return std::make_shared<Layer>(name, std::make_shared<Pool>(Pool::Kind::average, Pool::Parameters{.window = {0, 0}}));
}

ModulePtr local_response_norm(const std::string& name) {
  return std::make_shared<Layer>(name, std::make_shared<LocalResponseNorm>());
}

ModulePtr dropout(const std::string& name, float probability, std::int64_t stream) {
  return std::make_shared<Layer>(name, std::make_shared<Dropout>(Dropout::Parameters{probability, stream}));
}

ModulePtr l2_normalize(const std::string& name) {
  return std::make_shared<Layer>(name, std::make_shared<L2Normalize>());
}

ModulePtr sequential(std::vector<ModulePtr> modules) { return std::make_shared<Sequential>(std::move(modules)); }

ModulePtr branches(const std::string& name, std::vector<ModulePtr> list) {
  return std::make_shared<Branches>(name, std::move(list));
}

}  // namespace facenet::nn
