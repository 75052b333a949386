// How many threads there are: exactly those asked for, from wherever the library is called.
#include <facenet/embedder.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <string_view>
#include <thread>

#include "api/model_access.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "networks.hpp"

namespace facenet {
namespace {

// Threads of this process now.
int tasks() {
  using Folder = std::filesystem::directory_iterator;
  return static_cast<int>(std::distance(Folder("/proc/self/task"), Folder()));
}

// The same, after workers of threads that have ended are gone.
int settled_tasks() {
  int count = tasks();
  for (int same = 0; same < 5; ++same) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const int now = tasks();
    if (now != count) same = 0;
    count = now;
  }
  return count;
}

struct World {
  World() {
    for (std::uint64_t i = 0; i < 4; ++i) {
      images.push_back(Image::from_rgb(test::random_images(model.impl().data.graph, 1, i), 64, 64));
    }
  }
  std::vector<float> embed(int threads) const {
    return Embedder(model, {.threads = threads, .batch = 4}).embed(images).values;
  }
  Model model = make_model({test::seasoned_network("tiny", nn::Norm::batch), {}, "tiny", {}, {}, {}, {}});
  std::vector<Image> images;
};

// GNU OpenMP is not built for ThreadSanitizer, which does not see a team wait for its threads (tests/CMakeLists.txt).
bool teams_look_like_races() {
  const char* sanitizer = std::getenv("FACENET_UNDER_SANITIZER");
  if (sanitizer == nullptr || std::string_view(sanitizer) != "thread") return false;
  std::cerr << "SKIPPED: teams of OpenMP threads, which ThreadSanitizer takes for races\n";
  return true;
}

}  // namespace

TEST_CASE("an embedder runs on exactly the threads that were asked for") {
  if (teams_look_like_races()) return;
  const World world;
  for (const int threads : {1, 2, 3}) {
    int more = -1;
    // A thread of its own: OpenMP keeps the workers of each thread that has had any.
    std::thread([&] {
      const int before = settled_tasks();
      world.embed(threads);
      more = tasks() - before;
    }).join();
    CHECK(more == threads - 1);
  }
}

TEST_CASE("inside an OpenMP region each thread of it embeds alone, and gets the same") {
  if (teams_look_like_races()) return;
  const World world;
  const std::vector<float> expected = world.embed(1);
  constexpr int kTeam = 3;
  std::vector<std::vector<float>> results(kTeam);
  std::atomic<int> most = 0;
  std::thread([&] {
    const ThreadScope team(kTeam);
    const int before = settled_tasks();
    parallel_for(kTeam, [&](std::int64_t i) {
      results[static_cast<std::size_t>(i)] = world.embed(4);
      const int more = tasks() - before;
      for (int seen = most; more > seen && !most.compare_exchange_weak(seen, more);) {
      }
    });
  }).join();
  CHECK(most == kTeam - 1);
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("sixteen threads with an embedder of one thread each add no threads") {
  const World world;
  const std::vector<float> expected = world.embed(1);
  const int before = settled_tasks();
  std::atomic<int> arrived = 0;
  std::atomic<int> wrong = 0;
  std::atomic<int> counted = -1;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 16; ++caller) {
    callers.emplace_back([&] {
      if (world.embed(1) != expected) ++wrong;
      // All have embedded, none has ended.
      if (++arrived == 16) counted = tasks();
      while (counted < 0) std::this_thread::yield();
    });
  }
  for (auto& thread : callers) thread.join();
  CHECK(wrong == 0);
  CHECK(counted - before == 16);
}

TEST_CASE("teams of several threads take turns, and one that is too large for the machine still has its own") {
  const int cores = available_threads();
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 16; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const TeamTurn turn(cores + 1);
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        --inside;
      }
    });
  }
  for (auto& thread : callers) thread.join();
  CHECK(most == 1);
}

}  // namespace facenet
