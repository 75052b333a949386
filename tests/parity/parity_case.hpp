// Short trainings whose every number follows from integers, to be compared with another implementation.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "io/json.hpp"
#include "nn/layers.hpp"
#include "train/trainer.hpp"

namespace facenet::test {

/// A network, an optimiser, and how long. All else (weights, images) is the same function of integers for each.
struct ParityCase {
  std::string architecture;
  nn::Norm norm = nn::Norm::batch;
  OptimizerOptions optimizer;
  float learning_rate = 0;
  std::int64_t steps = 0;
  std::int64_t people = 0, images = 0;  ///< of each person, in the one batch that every step is given
  std::uint64_t seed = 1;               ///< of the images
  std::int64_t size = 0;                ///< of the images' sides; 0: the paper's

  /// "nn2-batch-adagrad", or "nn2-batch-adagrad-48px" where the size is not the paper's
  std::string name() const;
  /// What another implementation needs to know besides graph, weights and images.
  Json options() const;
};

/// NN2 and NN4, both norms, AdaGrad, at the paper's size and at 32x32; NN4 at 32x32 with the other optimisers too, and
/// with weight decay.
std::vector<ParityCase> parity_cases();

/// The graph with weights from a hash of their positions: nothing depends on initialisers or on a library's logarithm.
Graph parity_network(const ParityCase& c);
/// u8 [N,H,W,3]: for each person and each image coarse patches, and noise so that no maximum is a tie.
Tensor parity_images(const Graph& graph, const ParityCase& c);
std::vector<std::int32_t> parity_labels(const ParityCase& c);

/// What a training gave, by the parameters' names.
struct ParityResult {
  std::vector<double> losses;                   ///< of each step, before its update
  std::vector<std::int64_t> triplets;           ///< selected in each step
  std::map<std::string, Tensor> before, after;  ///< weights and running statistics
  std::map<std::string, Tensor> gradients;      ///< of the first step
};
/// `before_step` is called with the images before each step.
ParityResult train(const Graph& graph, const ParityCase& c, const std::function<void(const Tensor&)>& before_step = {});

/// L2 norm of a list of numbers, and its inner products with four vectors of signs: any difference between two lists
/// shows in the products with about its own L2 norm.
std::array<double, 5> digest(std::span<const double> values);

}  // namespace facenet::test
