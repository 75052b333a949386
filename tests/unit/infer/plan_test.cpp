// Plans against the tape, fused against plain, batch against batch, and what plans promise of memory and kernels.
#include "infer/plan.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include <facenet/error.hpp>

#include "base/random.hpp"
#include "catch.hpp"
#include "graph/passes/passes.hpp"
#include "infer/int8_calibration.hpp"
#include "models/architectures.hpp"
#include "networks.hpp"
#include "ops/l2_normalize.hpp"

namespace {
std::atomic<std::size_t> g_largest{0};  // bytes
}  // namespace

// Notes the largest piece of memory that is taken by new, in the library and in oneDNN too.
void* operator new(std::size_t size) {
  if (size > g_largest) g_largest = size;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace facenet {
namespace {

std::vector<float> run(const std::shared_ptr<const Plan>& plan, std::span<const std::uint8_t> images) {
  Context context(plan);
  std::copy(images.begin(), images.end(), context.input().begin());
  const auto result = context.run();
  return {result.begin(), result.end()};
}

std::vector<float> run(const Graph& graph, std::span<const std::uint8_t> images, bool optimise = true) {
  const auto count = static_cast<std::int64_t>(images.size()) / graph.input_shape().elements();
  return run(Plan::compile(graph, {.batch = count, .optimise = optimise}), images);
}

struct Network {
  const char* architecture;
  nn::Norm norm;
};
constexpr Network kNetworks[] = {
    {"tiny", nn::Norm::batch}, {"tiny", nn::Norm::lrn}, {"nn4", nn::Norm::batch}, {"nn4", nn::Norm::lrn}};

}  // namespace

TEST_CASE("a plan gives what the tape gives, fused or not, and for every batch") {
  for (const auto& [architecture, norm] : kNetworks) {
    INFO(architecture << (norm == nn::Norm::batch ? " batch" : " lrn"));
    const Graph graph = test::seasoned_network(architecture, norm);
    const std::int64_t count = 64;
    const auto images = test::random_images(graph, count, 5);
    const auto planned = run(graph, images);
    const auto size = static_cast<std::size_t>(graph.output_shape()[1]);
    REQUIRE(planned.size() == 64 * size);
    CHECK(test::largest_difference(planned, test::tape_embeddings(graph, images)) < 1e-4F);
    CHECK(test::largest_difference(planned, run(graph, images, false)) < 1e-4F);
    // Not all the same: the comparison above must mean something.
    CHECK(test::largest_difference(std::span(planned).first(size), std::span(planned).subspan(size, size)) > 1e-2F);
    const auto single = Plan::compile(graph, {.batch = 1});
    Context context(single);
    for (std::size_t i = 0; i < 64; ++i) {
      std::copy_n(images.begin() + static_cast<std::ptrdiff_t>(i * single->image_bytes()), single->image_bytes(),
                  context.input().begin());
      CHECK(test::largest_difference(context.run(), std::span(planned).subspan(i * size, size)) < 1e-5F);
    }
  }
}

TEST_CASE("convolutions of our own, wherever they can be, change no embedding by more than 1e-4") {
  for (const Graph& graph : {test::seasoned_network("nn4", nn::Norm::batch), models::dlib_resnet({})}) {
    for (const std::int64_t batch : {1, 4}) {
      const auto images = test::random_images(graph, batch, 5);
      const auto plain = Plan::compile(graph, {.batch = batch});
      const auto direct = run(plain, images);
      for (const std::size_t way : {1U, 2U, 3U}) {
        const auto plan = Plan::compile(graph, {.batch = batch, .way = way});
        const auto count = std::ranges::count_if(plan->steps(), [](const auto& step) {
          const std::string name = step.kernel->implementation();
          return name.starts_with("winograd") || name.starts_with("streamed");
        });
        CHECK(count > 9);
        CHECK(plan->reorders() == plain->reorders());
        const auto result = run(plan, images);
        const float difference = test::largest_difference(result, direct);
        CHECK(difference > 0);
        CHECK(difference < 1e-4F);
        CHECK(run(plan, images) == result);
      }
    }
  }
}

TEST_CASE("a batch in parts, by all threads together or by each, gives what the whole gives") {
  const Graph graph = test::seasoned_network("nn4", nn::Norm::batch);
  const auto images = test::random_images(graph, 12, 5);
  Context whole(Plan::compile(graph, {.batch = 12, .threads = 2}));
  std::copy(images.begin(), images.end(), whole.input().begin());
  const auto expected = whole.run();
  for (const std::int64_t chunk : {1, 3, 12}) {
    for (const bool apart : {false, true}) {
      INFO(chunk << (apart ? " apart" : ""));
      Context context(Plan::compile(graph, {.batch = 12, .threads = 2, .chunk = chunk, .apart = apart}));
      for (int time = 0; time < 2; ++time) {
        std::copy(images.begin(), images.end(), context.input().begin());
        CHECK(test::largest_difference(context.run(), expected) < 1e-5F);
        CHECK(test::largest_difference(context.norms(), whole.norms()) < 1e-3F);
      }
    }
  }
  CHECK_THROWS_AS(Plan::compile(graph, {.batch = 12, .chunk = 5}), InvalidArgument);
}

TEST_CASE("by the fixed rule each thread computes its own share of a batch that comes out even") {
  const Graph graph = test::seasoned_network("nn4", nn::Norm::batch);
  const auto chunk = [&](std::int64_t batch, int threads) {
    return Plan::compile(graph, {.batch = batch, .threads = threads, .choice = Choice::fixed})->chunk();
  };
  CHECK(chunk(8, 2) == 4);
  CHECK(chunk(6, 3) == 2);
  CHECK(chunk(3, 2) == 3);
  CHECK(chunk(8, 1) == 8);
  CHECK(chunk(74, 2) == 1);  // 37 fit no cache, and no other number divides them
  const auto images = test::random_images(graph, 8, 5);
  const auto together = run(Plan::compile(graph, {.batch = 8, .threads = 2}), images);
  const auto apart = run(Plan::compile(graph, {.batch = 8, .threads = 2, .choice = Choice::fixed}), images);
  CHECK(test::largest_difference(apart, together) < 1e-5F);
}

TEST_CASE("of one image, channels are joined by writing them where they belong") {
  const Graph graph = test::seasoned_network("nn4", nn::Norm::batch);
  const auto joins = [](const Plan& plan) {
    return std::ranges::count_if(plan.steps(), [](const auto& step) { return step.operation == "concat"; });
  };
  CHECK(joins(*Plan::compile(graph, {.batch = 1})) == 0);
  CHECK(joins(*Plan::compile(graph, {.batch = 2})) == 10);
}

TEST_CASE("a measured plan takes the faster way of each layer and gives the same within 1e-5") {
  const Graph graph = test::seasoned_network("nn4", nn::Norm::batch);
  const auto images = test::random_images(graph, 2, 5);
  const auto plan = Plan::compile(graph, {.batch = 2, .choice = Choice::measured});
  CHECK(test::largest_difference(run(plan, images), run(graph, images)) < 1e-5F);
  CHECK(plan->reorders() == 0);
  const auto seconds = Context(plan).step_seconds(2);
  REQUIRE(seconds.size() == plan->steps().size());
  for (const double step : seconds) CHECK(step > 0);
  CHECK(plan->describe(seconds).find("GFLOP/s") != std::string::npos);
}

TEST_CASE("a plan runs the same again, and for any number of threads within rounding") {
  const Graph graph = test::seasoned_network("tiny", nn::Norm::batch);
  const auto images = test::random_images(graph, 3, 5);
  const auto plan = Plan::compile(graph, {.batch = 3, .threads = 1});
  CHECK(plan->threads() == 1);
  CHECK(run(plan, images) == run(plan, images));
  CHECK(test::largest_difference(run(plan, images), run(Plan::compile(graph, {.batch = 3, .threads = 2}), images)) <
        1e-5F);
}

TEST_CASE("no kernel of a plan is oneDNN's reference code, memory is shared, and the steps are told") {
  for (const auto& [architecture, norm] : kNetworks) {
    const Graph graph = test::seasoned_network(architecture, norm);
    for (const std::int64_t batch : {1, 32}) {
      const auto plan = Plan::compile(graph, {.batch = batch});
      INFO(plan->describe());
      for (const auto& step : plan->steps()) {
        CHECK(step.kernel->implementation().find("ref") == std::string::npos);
        CHECK(step.operation != "batch_norm");
      }
      CHECK(plan->arena_bytes() < plan->buffer_bytes() / 2);
      CHECK(plan->describe().find("inception_3a/3x3_reduce") != std::string::npos);
      CHECK(plan->reorders() == 0);  // from the first convolution to the last, data keep their layout
    }
  }
}

TEST_CASE("plans of one graph for several batches share their weights") {
  const Graph graph = test::seasoned_network("nn4", nn::Norm::batch);
  const auto one = Plan::compile(graph, {.batch = 1});
  const auto many = Plan::compile(graph, {.batch = 32}, one.get());
  std::size_t shared = 0;
  for (const auto& step : many->steps()) {
    for (const auto& constant : step.constants) {
      for (const auto& other : one->steps()) {
        for (const auto& theirs : other.constants) {
          if (constant.raw() == theirs.raw()) shared += constant.spec().bytes();
        }
      }
    }
  }
  CHECK(shared > many->constant_bytes() * 9 / 10);
  const auto images = test::random_images(graph, 32, 5);
  CHECK(run(many, images) == run(graph, images));
}

TEST_CASE("a run takes no memory but for the argument lists that oneDNN makes") {
  const auto check = [](const Graph& graph, const PlanOptions& options) {
    Context context(Plan::compile(graph, options));
    const auto images = test::random_images(graph, options.batch, 5);
    const auto run_once = [&] {
      std::copy(images.begin(), images.end(), context.input().begin());
      context.run();
    };
    run_once();  // oneDNN makes its stream, once in each thread
    g_largest = 0;
    run_once();
    CHECK(g_largest < 512);  // the smallest tensor of two images has 1,024 bytes
  };
  for (const auto& [architecture, norm] : kNetworks) {
    const Graph graph = test::seasoned_network(architecture, norm);
    const PlanOptions options{.batch = 2, .threads = 1, .optimise = false};
    const Graph lean = passes::fuse_tails(passes::optimised(graph));
    check(lean, options);
    check(lean, {.batch = 2, .threads = 1, .optimise = false, .way = 1});
    if (kernels::has_native_bf16()) check(passes::in_bf16(lean), options);
    const auto ranges = calibrate_int8(passes::optimised(graph), test::random_images(graph, 4, 6)).ranges;
    check(passes::in_int8(passes::optimised(graph), ranges), options);
  }
}

TEST_CASE("what no plan can be made of is refused") {
  const Graph graph = test::seasoned_network("tiny", nn::Norm::batch);
  CHECK_THROWS_AS(Plan::compile(graph, {.batch = 0}), InvalidArgument);
  CHECK_THROWS_AS(Plan::compile(graph, {.batch = 100'000}), InvalidArgument);
  Graph vectors({1, 8});
  const int input[] = {0};
  vectors.add_node("l2", std::make_shared<L2Normalize>(), input);
  CHECK_THROWS_AS(Plan::compile(vectors, {}), InvalidArgument);
}

TEST_CASE("memory plan: buffers that live at one time never overlap, and little is wasted") {
  Random random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> buffers;
    for (int i = 0; i < 40; ++i) {
      const int first = static_cast<int>(random.below(60));
      buffers.push_back(
          {static_cast<std::size_t>(random.below(100'000)), first, first + static_cast<int>(random.below(6))});
    }
    const MemoryPlan plan = plan_memory(buffers);
    std::size_t peak = 0;
    for (int step = 0; step < 70; ++step) {
      std::size_t alive = 0;
      for (const auto& b : buffers) alive += b.first <= step && step <= b.last ? b.bytes + 64 : 0;
      peak = std::max(peak, alive);
    }
    CHECK(plan.bytes <= peak * 3 / 2);
    for (std::size_t a = 0; a < buffers.size(); ++a) {
      CHECK(plan.offsets[a] % 64 == 0);
      CHECK(plan.offsets[a] + buffers[a].bytes <= plan.bytes);
      for (std::size_t b = 0; b < a; ++b) {
        const bool meet = buffers[a].first <= buffers[b].last && buffers[b].first <= buffers[a].last;
        const bool apart = plan.offsets[a] + buffers[a].bytes <= plan.offsets[b] ||
                           plan.offsets[b] + buffers[b].bytes <= plan.offsets[a];
        CHECK((!meet || apart || buffers[a].bytes == 0 || buffers[b].bytes == 0));
      }
    }
  }
}

}  // namespace facenet
