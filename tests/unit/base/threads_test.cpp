// Thread counts, and the parallel loop that carries exceptions out.
#include "base/threads.hpp"

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

namespace facenet {

TEST_CASE("parallel_for visits every index once at any thread count") {
  for (const int threads : {1, 2, 3, 8}) {
    const ThreadScope scope(threads);
    for (const std::int64_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      parallel_for(count, [&](std::int64_t i) { ++visits[static_cast<std::size_t>(i)]; });
      for (const auto& visit : visits) CHECK(visit == 1);
    }
  }
}

TEST_CASE("an exception leaves parallel_for with its type and words, after all other work is done") {
  for (const int threads : {1, 4}) {
    const ThreadScope scope(threads);
    std::atomic<int> done = 0;
    std::string words;
    try {
      parallel_for(100, [&](std::int64_t i) {
        if (i == 63) throw std::out_of_range("index 63");
        ++done;
      });
    } catch (const std::out_of_range& error) {
      words = error.what();
    }
    CHECK(words == "index 63");
    CHECK(done == 99);
  }
}

TEST_CASE("when several threads throw, one exception comes out") {
  const ThreadScope scope(4);
  CHECK_THROWS_AS(parallel_for(16, [](std::int64_t) { throw std::runtime_error("each"); }), std::runtime_error);
}

TEST_CASE("ThreadScope puts the former count back, also when an exception passes") {
  const int before = current_threads();
  {
    const ThreadScope outer(3);
    CHECK(current_threads() == 3);
    {
      const ThreadScope inner(1);
      CHECK(current_threads() == 1);
    }
    CHECK(current_threads() == 3);
  }
  CHECK(current_threads() == before);
  try {
    const ThreadScope scope(before + 2);
    CHECK(current_threads() == before + 2);
    throw std::runtime_error("passes");
  } catch (const std::runtime_error&) {
  }
  CHECK(current_threads() == before);
}

TEST_CASE("ThreadScope takes nonsense for one thread") {
  const ThreadScope scope(-5);
  CHECK(current_threads() == 1);
}

TEST_CASE("ThreadScope belongs to its thread") {
  const ThreadScope here(2);
  int there = 0;
  std::thread([&] {
    const ThreadScope scope(5);
    there = current_threads();
  }).join();
  CHECK(there == 5);
  CHECK(current_threads() == 2);
}

TEST_CASE("available_threads respects the affinity mask") {
  cpu_set_t before;
  CPU_ZERO(&before);
  REQUIRE(sched_getaffinity(0, sizeof(before), &before) == 0);
  const int cores = available_threads();
  CHECK(cores >= 1);
  CHECK(cores <= CPU_COUNT(&before));

  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
  const int bound = available_threads();
  REQUIRE(sched_setaffinity(0, sizeof(before), &before) == 0);
  CHECK(bound == 1);
  CHECK(available_threads() == cores);
}

TEST_CASE("the smallest CPU quota of the group and those around it counts, rounded up") {
  const auto root = std::filesystem::temp_directory_path() / ("facenet-quota-" + std::to_string(::getpid()));
  const auto write = [&](const std::string& file, const std::string& text) {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  };
  write("cpu.max", "max 100000\n");
  write("slice/cpu.max", "350000 100000\n");
  write("slice/unit/cpu.max", "max 100000\n");
  write("small/cpu.max", "50000 100000\n");
  write("cpu/old/cpu.cfs_quota_us", "150000\n");
  write("cpu/old/cpu.cfs_period_us", "100000\n");
  write("cpu/free/cpu.cfs_quota_us", "-1\n");
  write("cpu/free/cpu.cfs_period_us", "100000\n");
  write("broken/cpu.max", "what\n");
  CHECK(quota_cores(root, "0::/\n") == 0);
  CHECK(quota_cores(root, "0::/slice/unit\n") == 4);
  CHECK(quota_cores(root, "0::/small\n") == 1);
  CHECK(quota_cores(root, "0::/not/here\n") == 0);
  CHECK(quota_cores(root, "0::/broken\n") == 0);
  CHECK(quota_cores(root, "4:memory:/old\n3:cpu,cpuacct:/old\n") == 2);
  CHECK(quota_cores(root, "4:memory:/old\n3:cpu,cpuacct:/free\n") == 0);
  CHECK(quota_cores(root, "3:cpu:/old\n0::/small\n") == 1);
  CHECK(quota_cores(root, "") == 0);
  CHECK(quota_cores(root, "no colon\n") == 0);
  std::filesystem::remove_all(root);
}

TEST_CASE("inside an OpenMP region ThreadScope gives one thread") {
  const ThreadScope team(2);
  std::atomic<int> wrong = 0;
  parallel_for(2, [&](std::int64_t) {
    const ThreadScope inner(4);
    if (current_threads() != 1 || usable_threads(4) != 1) ++wrong;
  });
  CHECK(wrong == 0);
  CHECK(usable_threads(4) == 4);
}

}  // namespace facenet
