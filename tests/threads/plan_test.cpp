// One plan, several threads, each with its own context.
#include <algorithm>
#include <thread>

#include "catch.hpp"
#include "infer/plan.hpp"
#include "networks.hpp"

namespace facenet {

TEST_CASE("threads share a plan, and get what one thread gets") {
  const Graph graph = test::seasoned_network("tiny", nn::Norm::batch);
  const auto plan = Plan::compile(graph, {.batch = 2, .threads = 1});
  constexpr std::size_t kThreads = 4;
  std::vector<std::vector<std::uint8_t>> images;
  std::vector<std::vector<float>> expected;
  for (std::size_t t = 0; t < kThreads; ++t) {
    images.push_back(test::random_images(graph, 2, t));
    Context context(plan);
    std::copy(images[t].begin(), images[t].end(), context.input().begin());
    const auto result = context.run();
    expected.emplace_back(result.begin(), result.end());
  }
  std::vector<int> wrong(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Context context(plan);
      for (int round = 0; round < 10; ++round) {
        std::copy(images[t].begin(), images[t].end(), context.input().begin());
        const auto result = context.run();
        if (!std::equal(result.begin(), result.end(), expected[t].begin(), expected[t].end())) ++wrong[t];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(kThreads));
}

TEST_CASE("threads compile plans of one graph at the same time") {
  const Graph graph = test::seasoned_network("tiny", nn::Norm::lrn);
  std::vector<std::shared_ptr<const Plan>> plans(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < plans.size(); ++t) {
    threads.emplace_back(
        [&, t] { plans[t] = Plan::compile(graph, {.batch = 1 + static_cast<std::int64_t>(t % 2), .threads = 1}); });
  }
  for (auto& thread : threads) thread.join();
  CHECK(plans[0]->describe() == plans[2]->describe());
  CHECK(plans[1]->describe() == plans[3]->describe());
}

}  // namespace facenet
