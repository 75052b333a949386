// Layers: modules that own their parameters and apply one operator, or a few that belong together.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "graph/graph.hpp"
#include "ops/batch_norm.hpp"
#include "ops/convolution.hpp"
#include "ops/local_response_norm.hpp"
#include "ops/pool.hpp"

namespace facenet::nn {

using ModulePtr = std::shared_ptr<const Module>;

/// Modules applied one after the other.
class Sequential final : public Module {
 public:
  explicit Sequential(std::vector<ModulePtr> modules) : modules_(std::move(modules)) {}
  Variable forward(Recorder& recorder, Variable input) const override;

 private:
  std::vector<ModulePtr> modules_;
};

/// Modules applied to the same input; their results' channels are joined (Szegedy et al. 2014, an "inception").
class Branches final : public Module {
 public:
  Branches(std::string name, std::vector<ModulePtr> branches)
      : name_(std::move(name)), branches_(std::move(branches)) {}
  Variable forward(Recorder& recorder, Variable input) const override;

 private:
  std::string name_;
  std::vector<ModulePtr> branches_;
};

/// An operator with the parameters that follow its data source.
class Layer final : public Module {
 public:
  Layer(std::string name, OperatorPtr op, std::vector<ParameterPtr> parameters = {})
      : name_(std::move(name)), op_(std::move(op)), parameters_(std::move(parameters)) {}
  Variable forward(Recorder& recorder, Variable input) const override;

 private:
  std::string name_;
  OperatorPtr op_;
  std::vector<ParameterPtr> parameters_;
};

/// How the layers of a network follow convolutions: batch normalisation and no bias, or bias and no normalisation (the
/// paper as printed, with local response normalisation where its tables say "norm").
enum class Norm { batch, lrn };

/// Makes layers with initial weights drawn from one generator: a network is a function of its seed.
class Builder {
 public:
  Builder(Norm norm, std::uint64_t seed) : norm_(norm), random_(seed) {}
  Norm norm() const { return norm_; }

  /// Square convolution, "same" padding (kernel/2), then ReLU; with batch norm between the two, or a bias.
  /// Weights: He et al. 2015, normal with variance 2 / inputs, which keeps the scale of activations through ReLUs.
  ModulePtr conv_relu(const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel,
                      std::int64_t stride = 1);
  /// Fully connected, then the maximum of two pieces (Goodfellow et al. 2013). Weights: LeCun et al. 1998, normal with
  /// variance 1 / inputs: the larger of two such numbers has the mean square of one.
  ModulePtr maxout(const std::string& name, std::int64_t inputs, std::int64_t outputs);
  /// Square convolution with a bias whatever the norm, as `p` says of stride, padding and ReLU. Weights: as conv_relu.
  ModulePtr conv(const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel,
                 const Convolution::Parameters& p);
  /// Weights: Glorot and Bengio 2010, normal with variance 2 / (inputs + outputs); bias 0, or none.
  ModulePtr linear(const std::string& name, std::int64_t inputs, std::int64_t outputs, bool bias = true);

 private:
  ParameterPtr weights(const std::string& name, const Shape& shape, double deviation);
  ParameterPtr he_weights(const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel);

  Norm norm_;
  Random random_;
};

ModulePtr image_input(const std::string& name);
/// Window `kernel`, "same" padding kernel/2.
ModulePtr pool(const std::string& name, Pool::Kind kind, std::int64_t kernel, std::int64_t stride);
ModulePtr global_average_pool(const std::string& name);
ModulePtr local_response_norm(const std::string& name);
ModulePtr dropout(const std::string& name, float probability, std::int64_t stream);
ModulePtr l2_normalize(const std::string& name);
ModulePtr sequential(std::vector<ModulePtr> modules);
ModulePtr branches(const std::string& name, std::vector<ModulePtr> list);

}  // namespace facenet::nn
