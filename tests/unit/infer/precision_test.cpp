// Plans of lower precision against those of f32: what they change, and what they must not.
#include <algorithm>
#include <cmath>
#include <set>

#include <facenet/dataset.hpp>
#include <facenet/embedder.hpp>
#include <facenet/error.hpp>
#include <facenet/model.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "graph/passes/passes.hpp"
#include "infer/int8_calibration.hpp"
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

TEST_CASE("f16: near to f32, the same for every batch, convolutions in float16 where that pays") {
  if (!kernels::has_native_f16()) {
    WARN("SKIPPED: this processor does not compute with float16");
    CHECK_THROWS_AS(PlanCache(test::seasoned_network("tiny", nn::Norm::batch)).get(1, 0, Precision::f16),
                    InvalidArgument);
    return;
  }
  for (const auto& [architecture, norm] : kNetworks) {
    INFO(architecture << (norm == nn::Norm::batch ? " batch" : " lrn"));
    const Graph graph = test::seasoned_network(architecture, norm);
    const PlanCache plans(graph);
    const auto size = static_cast<std::size_t>(graph.output_shape()[1]);
    const auto images = test::random_images(graph, 4, 5);
    const auto plan = [&](std::int64_t batch, Precision precision) {
      return plans.get(batch, 0, precision, Choice::fixed);
    };
    const auto exact = run(plan(4, Precision::f32), images);
    const auto many = run(plan(4, Precision::f16), images);
    CHECK(smallest_cosine(exact, many, size) >= 0.999);
    CHECK(exact != many);
    CHECK(test::largest_difference(many, run(plan(1, Precision::f16), images)) < 5e-3F);
    for (const std::int64_t batch : {1, 4}) {
      INFO(plan(batch, Precision::f16)->describe());
      int low = 0, convolutions = 0;
      for (const auto& step : plan(batch, Precision::f16)->steps()) {
        const auto implementation = step.kernel->implementation();
        CHECK(implementation.find("ref") == std::string::npos);
        convolutions += step.operation.find("convolution") != std::string::npos ? 1 : 0;
        low += implementation == "streamed:avx512_fp16" ? 1 : 0;
      }
      CHECK(low * 8 > convolutions);
      CHECK(plan(batch, Precision::f16)->reorders() == plan(batch, Precision::f32)->reorders());
    }
  }
}

TEST_CASE("int8: near to f32, the same for every batch, convolutions in bytes by fast kernels") {
  for (const auto& [architecture, norm] : kNetworks) {
    INFO(architecture << (norm == nn::Norm::batch ? " batch" : " lrn"));
    const Graph graph = test::seasoned_network(architecture, norm);
    const auto calibration = calibrate_int8(passes::optimised(graph), test::random_images(graph, 16, 6));
    CHECK(calibration.images == 16);
    CHECK(calibration.cosine >= 0.995);
    const PlanCache plans(graph, calibration.ranges);
    const auto size = static_cast<std::size_t>(graph.output_shape()[1]);
    const auto images = test::random_images(graph, 16, 5);  // others
    const auto exact = run(plans.get(16, 0), images);
    const auto many = run(plans.get(16, 0, Precision::int8), images);
    CHECK(smallest_cosine(exact, many, size) >= 0.99);
    CHECK(exact != many);
    CHECK(test::largest_difference(many, run(plans.get(1, 0, Precision::int8), images)) < 1e-5F);
    for (const std::int64_t batch : {1, 16}) {
      const auto plan = plans.get(batch, 0, Precision::int8);
      INFO(plan->describe());
      std::size_t convolutions = 0, plain = 0, changes = 0;
      for (const auto& step : plan->steps()) {
        CHECK(step.kernel->implementation().find("ref") == std::string::npos);
        convolutions += step.operation == "int8_convolution" ? 1 : 0;
        plain += step.operation == "convolution" ? 1 : 0;
        changes += step.operation == "quantise" ? 1 : 0;
      }
      CHECK(plain == calibration.ranges.in_f32.size());
      CHECK(convolutions > plain * 4);
      CHECK(plan->reorders() <= plain);
      // LRN is float32; so is what the last block hands to the average.
      CHECK(changes <= (norm == nn::Norm::lrn ? 3 : 1) + 2 * plain);
      // With LRN the first maps, the largest, are float32.
      const std::size_t plain_bytes = plans.get(batch, 0)->arena_bytes();
      CHECK(plan->arena_bytes() <= (norm == nn::Norm::lrn ? plain_bytes : plain_bytes / 3));
    }
  }
}

TEST_CASE("int8 leaves convolutions in float32 that are named, and those without a range") {
  const Graph graph = test::seasoned_network("tiny", nn::Norm::batch);
  const Graph lean = passes::optimised(graph);
  auto ranges = calibrate_int8(lean, test::random_images(graph, 4, 6)).ranges;
  ranges.in_f32 = {"inception_3b/3x3", "inception_4a/1x1"};
  ranges.largest.erase("pool1");  // what inception_2/3x3 reads
  const PlanCache plans(graph, ranges);
  const auto plan = plans.get(2, 0, Precision::int8);
  std::set<std::string> plain;
  for (const auto& step : plan->steps()) {
    if (step.operation == "convolution") plain.insert(step.layer);
  }
  CHECK(plain == std::set<std::string>{"inception_2/3x3", "inception_3b/3x3", "inception_4a/1x1"});
  const auto images = test::random_images(graph, 2, 5);
  CHECK(smallest_cosine(run(plans.get(2, 0), images), run(plan, images),
                        static_cast<std::size_t>(graph.output_shape()[1])) >= 0.99);
  // No ranges at all: the float32 network.
  const PlanCache none(graph, passes::Int8Ranges{});
  CHECK(test::largest_difference(run(none.get(2, 0, Precision::int8), images), run(none.get(2, 0), images)) < 1e-6F);
}

TEST_CASE("a model prepared for int8 embeds with it, says how, and keeps it in its file") {
  const Model model = Model::create("tiny");
  CHECK_FALSE(model.int8());
  CHECK_THROWS_AS(Embedder(model, {.precision = Precision::int8}).embed(generate_face(1, 1, 64).image),
                  InvalidArgument);
  CHECK_THROWS_AS(model.with_int8({}, "nothing"), InvalidArgument);
  std::vector<Image> faces;
  for (std::uint64_t i = 0; i < 12; ++i) faces.push_back(generate_face(i, 1, 80).image);
  const Model prepared = model.with_int8(faces, "drawn");
  REQUIRE(prepared.int8());
  CHECK(prepared.int8()->images == 12);
  CHECK(prepared.int8()->data == "drawn");
  CHECK(prepared.int8()->cosine >= 0.995);
  CHECK(prepared.fingerprint() == model.fingerprint());
  const Image other = generate_face(100, 1, 64).image;
  const auto exact = Embedder(model).embed(other);
  CHECK(Embedder(prepared).embed(other) == exact);
  Embedder embedder(prepared, {.precision = Precision::int8});
  const auto bytes = embedder.embed(other);
  CHECK(embedder.precision() == Precision::int8);
  CHECK(smallest_cosine(exact, bytes, exact.size()) >= 0.99);
  const test::ScratchFolder folder;
  prepared.save(folder / "m.fnm");
  const Model loaded = Model::load(folder / "m.fnm");
  REQUIRE(loaded.int8());
  CHECK(loaded.int8()->data == "drawn");
  CHECK(loaded.int8()->cosine == Approx(prepared.int8()->cosine));
  CHECK(Embedder(loaded, {.precision = Precision::int8}).embed(other) == bytes);
  CHECK(loaded.with_notes("l", "d").int8());
}

TEST_CASE("automatic is f32, bf16 or f16, chosen once") {
  const Graph graph = test::seasoned_network("tiny", nn::Norm::batch);
  const PlanCache plans(graph);
  const Precision chosen = plans.resolved(Precision::automatic, 2, 1);
  if (!kernels::has_native_bf16()) CHECK(chosen != Precision::bf16);
  if (!kernels::has_native_f16()) CHECK(chosen != Precision::f16);
  CHECK((chosen != Precision::int8 && chosen != Precision::automatic));
  for (int i = 0; i < 5; ++i) CHECK(plans.resolved(Precision::automatic, 2, 1) == chosen);
  CHECK(plans.get(2, 1, Precision::automatic) == plans.get(2, 1, chosen));
  CHECK(plans.resolved(Precision::bf16, 2, 1) == Precision::bf16);
}

TEST_CASE("precisions have names, and an embedder says what it computes with") {
  for (const auto precision :
       {Precision::automatic, Precision::f32, Precision::bf16, Precision::f16, Precision::int8}) {
    CHECK(precision_from_name(name_of(precision)) == precision);
  }
  CHECK_THROWS_AS(precision_from_name("f64"), InvalidArgument);
  const Model model = Model::create("tiny");
  CHECK(Embedder(model).precision() == Precision::f32);
  CHECK(Embedder(model, {.precision = Precision::automatic}).precision() != Precision::automatic);
}

}  // namespace facenet
