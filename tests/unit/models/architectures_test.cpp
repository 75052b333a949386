// The networks: sizes as the paper's table has them, seeds, options that cannot be used.
#include "models/architectures.hpp"

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

TEST_CASE("nn4 has Table 2's channels at 96x96") {
  for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
    const Graph graph = models::nn4({.norm = norm});
    CHECK(shape_of(graph, "conv1") == Shape{1, 64, 48, 48});
    CHECK(shape_of(graph, "pool1") == Shape{1, 64, 24, 24});
    CHECK(shape_of(graph, "inception_2/3x3") == Shape{1, 192, 24, 24});
    CHECK(shape_of(graph, "inception_3a/concat") == Shape{1, 256, 12, 12});
    CHECK(shape_of(graph, "inception_3b/concat") == Shape{1, 320, 12, 12});
    CHECK(shape_of(graph, "inception_3c/concat") == Shape{1, 640, 6, 6});
    CHECK(shape_of(graph, "inception_4e/pool") == Shape{1, 576, 3, 3});
    CHECK(shape_of(graph, "inception_5b/concat") == Shape{1, 896, 3, 3});
    CHECK(graph.output_shape() == Shape{1, 128});
  }
}

TEST_CASE("embedding sizes, seeds") {
  for (const std::int64_t size : {1, 64, 256, 512}) {
    CHECK(models::tiny({.embedding_size = size}).output_shape() == Shape{1, size});
  }
  const auto first = [](std::uint64_t seed) { return models::tiny({.seed = seed}).parameters()[0]->value.floats()[0]; };
  CHECK(first(1) == first(1));
  CHECK(first(1) != first(2));
}

TEST_CASE("unknown networks and sizes are refused") {
  CHECK_THROWS_WITH(models::make_architecture("nn9", {}), test::Contains("nn4"));
  CHECK_THROWS_AS(models::make_architecture("tiny", {.embedding_size = 0}), InvalidArgument);
  CHECK_THROWS_AS(models::make_architecture("tiny", {.embedding_size = -5}), InvalidArgument);
}
