// MTCNN's networks: convolutions with learnt slopes, then one layer that gives class, box and points together.
#include "models/mtcnn.hpp"

#include <algorithm>
#include <set>

#include <facenet/error.hpp>

#include "nn/layers.hpp"
#include "ops/linear.hpp"
#include "ops/prelu.hpp"
#include "ops/reshape.hpp"

namespace facenet::models {
namespace {

class Maker {
 public:
  Maker(std::string network, const Weights& weights) : network_(std::move(network)), weights_(weights) {}

  /// No padding; then the slopes below zero.
  nn::ModulePtr convolution(const std::string& number, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel) {
    const std::string name = "conv" + number;
    return nn::sequential(
        {layer(name, std::make_shared<Convolution>(),
               {parameter(name + "/weights", take(name + ".weight", {outputs, inputs, kernel, kernel})),
                parameter(name + "/bias", take(name + ".bias", {outputs}))}),
         slopes(number, outputs)});
  }
  /// Rounds up: a last window that is not whole counts. `missing`: the pixels it lacks.
  nn::ModulePtr pool(const std::string& number, std::int64_t kernel, std::int64_t missing) {
    return layer("pool" + number,
                 std::make_shared<Pool>(
                     Pool::Kind::maximum,
                     Pool::Parameters{.window = {kernel, kernel}, .stride = {2, 2}, .pad_end = {missing, missing}}));
  }
  /// Of `channels` maps of side x side. facenet-pytorch counts columns, then rows, then channels; we channels, then
  /// rows, then columns.
  nn::ModulePtr dense(const std::string& number, std::int64_t channels, std::int64_t side, std::int64_t outputs) {
    const std::string name = "dense" + number;
    const std::int64_t inputs = channels * side * side;
    const Tensor theirs = take(name + ".weight", {outputs, inputs});
    const Tensor ours(theirs.spec());
    for (std::int64_t o = 0; o < outputs; ++o) {
      for (std::int64_t x = 0; x < side; ++x) {
        for (std::int64_t y = 0; y < side; ++y) {
          for (std::int64_t c = 0; c < channels; ++c) {
            ours.floats()[index(o * inputs + (c * side + y) * side + x)] =
                theirs.floats()[index(o * inputs + (x * side + y) * channels + c)];
          }
        }
      }
    }
    return nn::sequential(
        {layer(name, std::make_shared<Linear>(),
               {parameter(name + "/weights", ours), parameter(name + "/bias", take(name + ".bias", {outputs}))}),
         slopes(number, outputs)});
  }
  /// The last layers side by side: `first` has two rows, of which the difference counts, the others go in as they are.
  std::vector<ParameterPtr> outputs(const std::string& first, const std::vector<std::pair<std::string, int>>& others,
                                    Shape shape) {
    std::vector<float> weights = difference(take(first + ".weight", shape.with_batch(2)));
    std::vector<float> bias = difference(take(first + ".bias", {2}));
    for (const auto& [name, rows] : others) {
      append(weights, take(name + ".weight", shape.with_batch(rows)));
      append(bias, take(name + ".bias", {rows}));
    }
    const auto count = static_cast<std::int64_t>(bias.size());
    return {parameter("outputs/weights", Tensor::from(shape.with_batch(count), weights)),
            parameter("outputs/bias", Tensor::from({count}, bias))};
  }
  static nn::ModulePtr layer(const std::string& name, OperatorPtr op, std::vector<ParameterPtr> parameters = {}) {
    return std::make_shared<nn::Layer>(name, std::move(op), std::move(parameters));
  }
  Graph finish(std::vector<nn::ModulePtr> layers, const Shape& input) const {
    for (const auto& [name, tensor] : weights_) {
      if (!taken_.contains(name)) throw InvalidArgument("MTCNN's " + network_ + " has no tensor '" + name + "'");
    }
    return trace(*nn::sequential(std::move(layers)), input);
  }

 private:
  static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
  static std::vector<float> difference(const Tensor& two) {
    const auto values = two.floats();
    const std::size_t half = values.size() / 2;
    std::vector<float> result(half);
    for (std::size_t i = 0; i < half; ++i) result[i] = values[half + i] - values[i];
    return result;
  }
  static void append(std::vector<float>& list, const Tensor& tensor) {
    list.insert(list.end(), tensor.floats().begin(), tensor.floats().end());
  }
  static ParameterPtr parameter(const std::string& name, const Tensor& value) {
    auto result = std::make_shared<Parameter>();
    result->name = name;
    result->value = value;
    return result;
  }
  nn::ModulePtr slopes(const std::string& number, std::int64_t channels) {
    const std::string name = "prelu" + number;
    return layer(name, std::make_shared<Prelu>(), {parameter(name + "/slope", take(name + ".weight", {channels}))});
  }
  Tensor take(const std::string& name, const Shape& shape) {
    const auto found = weights_.find(name);
    if (found == weights_.end()) throw InvalidArgument("MTCNN's " + network_ + " wants a tensor '" + name + "'");
    if (found->second.shape() != shape) {
      throw InvalidArgument("MTCNN's " + network_ + ": '" + name + "' is " + found->second.shape().text() +
                            " and not " + shape.text());
    }
    taken_.insert(name);
    return found->second;
  }

  std::string network_;
  const Weights& weights_;
  std::set<std::string> taken_;
};

}  // namespace

Graph pnet_start(const Weights& weights) {
  Maker make("P-Net", weights);
  return trace(*nn::sequential({make.convolution("1", 3, 10, 3), Maker::layer("rows", std::make_shared<Reshape>())}),
               {1, 3, 12, 12});
}

Graph pnet_rest(const Weights& weights) {
  Weights rest = weights;
  for (const char* name : {"conv1.weight", "conv1.bias", "prelu1.weight"}) rest.erase(name);
  Maker make("P-Net", rest);
  return make.finish({make.convolution("2", 10, 16, 3), make.convolution("3", 16, 32, 3),
                      Maker::layer("outputs", std::make_shared<Convolution>(),
                                   make.outputs("conv4_1", {{"conv4_2", 4}}, {1, 32, 1, 1})),
                      Maker::layer("rows", std::make_shared<Reshape>())},
                     {1, 10, 5, 5});
}

Graph rnet(const Weights& weights) {
  Maker make("R-Net", weights);
  return make.finish(
      {make.convolution("1", 3, 28, 3), make.pool("1", 3, 1), make.convolution("2", 28, 48, 3), make.pool("2", 3, 0),
       make.convolution("3", 48, 64, 2), make.dense("4", 64, 3, 128),
       Maker::layer("outputs", std::make_shared<Linear>(), make.outputs("dense5_1", {{"dense5_2", 4}}, {1, 128}))},
      {1, 3, 24, 24});
}

Graph onet(const Weights& weights) {
  Maker make("O-Net", weights);
  return make.finish({make.convolution("1", 3, 32, 3), make.pool("1", 3, 1), make.convolution("2", 32, 64, 3),
                      make.pool("2", 3, 0), make.convolution("3", 64, 64, 3), make.pool("3", 2, 0),
                      make.convolution("4", 64, 128, 2), make.dense("5", 128, 3, 256),
                      Maker::layer("outputs", std::make_shared<Linear>(),
                                   make.outputs("dense6_1", {{"dense6_2", 4}, {"dense6_3", 10}}, {1, 256}))},
                     {1, 3, 48, 48});
}

}  // namespace facenet::models
