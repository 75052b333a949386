// Plans of lower precision against those of f32: what they change, and what they must not.
#include <algorithm>
#include <cmath>

#include <facenet/embedder.hpp>
#include <facenet/error.hpp>
#include <facenet/model.hpp>

#include "catch.hpp"
#include "graph/passes/passes.hpp"
#include "infer/plan_cache.hpp"
#include "networks.hpp"

namespace facenet {
namespace {

std::vector<float> run(const std::shared_ptr<const Plan>& plan, std::span<const std::uint8_t> images) {
  Context context(plan);
  std::vector<float> all;
  const std::size_t bytes = context.input().size();
  for (std::size_t at = 0; at < images.size(); at += bytes) {
    std::copy_n(images.begin() + static_cast<std::ptrdiff_t>(at), bytes, context.input().begin());
    const auto result = context.run();
    all.insert(all.end(), result.begin(), result.end());
  }
  return all;
}

// The smallest cosine of corresponding rows.
double smallest_cosine(std::span<const float> a, std::span<const float> b, std::size_t size) {
  double smallest = 1;
  for (std::size_t row = 0; row < a.size(); row += size) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = row; i < row + size; ++i) {
      ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
      aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
      bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
    }
    smallest = std::min(smallest, ab / std::sqrt(aa * bb));
  }
  return smallest;
}

struct Network {
  const char* architecture;
  nn::Norm norm;
};
// Initial weights, but normalisations that have seen data.
constexpr Network kNetworks[] = {
    {"tiny", nn::Norm::batch}, {"tiny", nn::Norm::lrn}, {"nn4", nn::Norm::batch}, {"nn4", nn::Norm::lrn}};

}  // namespace

TEST_CASE("bf16: near to f32, the same for every batch, fast kernels, and one reorder before the last layer") {
  if (!kernels::has_native_bf16()) {
    WARN("SKIPPED: this processor does not compute with bf16");
    return;
  }
  for (const auto& [architecture, norm] : kNetworks) {
    INFO(architecture << (norm == nn::Norm::batch ? " batch" : " lrn"));
    const Graph graph = test::seasoned_network(architecture, norm);
    const PlanCache plans(graph);
    const auto size = static_cast<std::size_t>(graph.output_shape()[1]);
    const auto images = test::random_images(graph, 16, 5);
    const auto exact = run(plans.get(16, 0), images);
    const auto many = run(plans.get(16, 0, Precision::bf16), images);
    CHECK(smallest_cosine(exact, many, size) >= 0.999);
    CHECK(exact != many);  // it does compute with something else
    CHECK(test::largest_difference(many, run(plans.get(1, 0, Precision::bf16), images)) < 5e-3F);
    for (const std::int64_t batch : {1, 16}) {
      const auto plan = plans.get(batch, 0, Precision::bf16);
      INFO(plan->describe());
      std::size_t low = 0;
      for (const auto& step : plan->steps()) {
        CHECK(step.kernel->implementation().find("ref") == std::string::npos);
        if (step.operation == "convolution") CHECK(plan->spec(step.dst).type == DataType::bf16);
        if (step.operation == "linear") CHECK(plan->spec(step.dst).type == DataType::f32);
        low += plan->spec(step.dst).type == DataType::bf16 ? 1 : 0;
      }
      CHECK(low > 20);
      CHECK(plan->reorders() == 1);
      CHECK(plan->arena_bytes() < plans.get(batch, 0)->arena_bytes() * 2 / 3);
    }
  }
}

TEST_CASE("automatic is f32 or bf16, chosen once") {
  const Graph graph = test::seasoned_network("tiny", nn::Norm::batch);
  const PlanCache plans(graph);
  const Precision chosen = plans.resolved(Precision::automatic, 2, 1);
  CHECK((chosen == Precision::f32 || chosen == Precision::bf16));
  if (!kernels::has_native_bf16()) CHECK(chosen == Precision::f32);
  for (int i = 0; i < 5; ++i) CHECK(plans.resolved(Precision::automatic, 2, 1) == chosen);
  CHECK(plans.get(2, 1, Precision::automatic) == plans.get(2, 1, chosen));
  CHECK(plans.resolved(Precision::bf16, 2, 1) == Precision::bf16);
}

TEST_CASE("precisions have names, and an embedder says what it computes with") {
  for (const auto precision : {Precision::automatic, Precision::f32, Precision::bf16, Precision::int8}) {
    CHECK(precision_from_name(name_of(precision)) == precision);
  }
  CHECK_THROWS_AS(precision_from_name("f64"), InvalidArgument);
  const Model model = Model::create("tiny");
  CHECK(Embedder(model).precision() == Precision::f32);
  CHECK(Embedder(model, {.precision = Precision::automatic}).precision() != Precision::automatic);
}

}  // namespace facenet
