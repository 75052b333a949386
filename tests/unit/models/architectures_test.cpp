// The networks: sizes as the paper's table has them, seeds, options that cannot be used.
#include "models/architectures.hpp"

#include <cmath>
#include <tuple>

#include <facenet/error.hpp>

#include "catch.hpp"

using namespace facenet;
using models::ArchitectureOptions;

namespace {

Shape shape_of(const Graph& graph, const std::string& layer) {
  for (const auto& node : graph.nodes()) {
    if (node.name == layer) return graph.value(node.dst).shape;
  }
  FAIL("no layer " << layer);
  return {};
}

}  // namespace

TEST_CASE("networks have the paper's sizes, parameters and multiply-adds") {
  struct Paper {
    const char* name;
    Shape input;
    double parameters, multiply_adds;  // millions; section 3.3, Tables 1 to 3
    double tolerance;                  // the reconstructions are within 5 %
  };
  const Paper list[] = {{"nn1", {1, 220, 220, 3}, 140, 1600, 0.01}, {"nn2", {1, 224, 224, 3}, 7.5, 1600, 0.01},
                        {"nn3", {1, 160, 160, 3}, 7.5, 0, 0.01},    {"nn4", {1, 96, 96, 3}, 0, 285, 0.002},
                        {"nns1", {1, 165, 165, 3}, 26, 220, 0.05},  {"nns2", {1, 140, 116, 3}, 4.3, 20, 0.05}};
  for (const auto& paper : list) {
    INFO(paper.name);
    const Graph graph = models::make_architecture(paper.name, {.norm = nn::Norm::lrn});
    CHECK(graph.input_shape() == paper.input);
    CHECK(graph.output_shape() == Shape{1, 128});
    const auto close = [&](std::int64_t count, double millions) {
      return std::abs(static_cast<double>(count) / 1e6 - millions) <= paper.tolerance * millions;
    };
    if (paper.parameters > 0) CHECK(close(graph.parameter_count(), paper.parameters));
    if (paper.multiply_adds > 0) CHECK(close(graph.multiply_adds(), paper.multiply_adds));
  }
}

TEST_CASE("nn1 has Table 1's maps") {
  const Graph graph = models::nn1({});
  CHECK(shape_of(graph, "conv1") == Shape{1, 64, 110, 110});
  CHECK(shape_of(graph, "pool1") == Shape{1, 64, 55, 55});
  CHECK(shape_of(graph, "conv2") == Shape{1, 192, 55, 55});
  CHECK(shape_of(graph, "pool2") == Shape{1, 192, 28, 28});
  CHECK(shape_of(graph, "conv3") == Shape{1, 384, 28, 28});
  CHECK(shape_of(graph, "pool3") == Shape{1, 384, 14, 14});
  CHECK(shape_of(graph, "conv6") == Shape{1, 256, 14, 14});
  CHECK(shape_of(graph, "pool4") == Shape{1, 256, 7, 7});
  CHECK(shape_of(graph, "fc1/maxout") == Shape{1, 4096});
  CHECK(shape_of(graph, "fc2/maxout") == Shape{1, 4096});
}

TEST_CASE("nn2 and nn4 have Table 2's maps") {
  for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
    // Channels of the rows from 4e on: NN4 has no 5x5 there.
    for (const auto& [graph, map, top] :
         {std::tuple{models::nn2({.norm = norm}), std::int64_t{28}, std::int64_t{1024}},
          std::tuple{models::nn3({.norm = norm}), std::int64_t{20}, std::int64_t{1024}},
          std::tuple{models::nn4({.norm = norm}), std::int64_t{12}, std::int64_t{896}}}) {
      CHECK(shape_of(graph, "conv1") == Shape{1, 64, 4 * map, 4 * map});
      CHECK(shape_of(graph, "pool1") == Shape{1, 64, 2 * map, 2 * map});
      CHECK(shape_of(graph, "inception_2/3x3") == Shape{1, 192, 2 * map, 2 * map});
      CHECK(shape_of(graph, "inception_3a/concat") == Shape{1, 256, map, map});
      CHECK(shape_of(graph, "inception_3b/concat") == Shape{1, 320, map, map});
      CHECK(shape_of(graph, "inception_3c/concat") == Shape{1, 640, map / 2, map / 2});
      CHECK(shape_of(graph, "inception_4d/concat") == Shape{1, 640, map / 2, map / 2});
      CHECK(shape_of(graph, "inception_4e/concat") == Shape{1, top, map / 4, map / 4});
      CHECK(shape_of(graph, "inception_5b/concat") == Shape{1, top, map / 4, map / 4});
    }
  }
}

TEST_CASE("networks take other input sizes") {
  CHECK(models::nn4({.size = {128, 112}}).input_shape() == Shape{1, 128, 112, 3});
  CHECK(models::nns2({.size = {70, 58}}).output_shape() == Shape{1, 128});
  CHECK_THROWS_AS(models::nn4({.size = {-1, 0}}), InvalidArgument);
}

TEST_CASE("embedding sizes, seeds") {
  for (const std::int64_t size : {1, 64, 128, 256, 512}) {
    CHECK(models::tiny({.embedding_size = size}).output_shape() == Shape{1, size});
  }
  const auto first = [](std::uint64_t seed) { return models::tiny({.seed = seed}).parameters()[0]->value.floats()[0]; };
  CHECK(first(1) == first(1));
  CHECK(first(1) != first(2));
}

TEST_CASE("unknown networks and sizes are refused") {
  CHECK_THROWS_WITH(models::make_architecture("nn9", {}), test::Contains("nn1, nn2, nn3, nn4, nns1, nns2, tiny"));
  CHECK_THROWS_AS(models::make_architecture("tiny", {.embedding_size = 0}), InvalidArgument);
  CHECK_THROWS_AS(models::make_architecture("tiny", {.embedding_size = -5}), InvalidArgument);
}
