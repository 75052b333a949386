// The limits of this machine, for the shares that benchmarks/peers prints: multiply-adds, and reading from memory.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <thread>
#include <vector>

#include "peak.hpp"
#include "serve.hpp"

namespace {

volatile std::uint64_t sink = 0;

// Eight sums, so that no addition waits for the one before; the compiler makes vectors of them.
std::uint64_t sum_of(const std::uint64_t* values, std::size_t count) {
  std::uint64_t sums[8] = {};
  for (std::size_t i = 0; i + 8 <= count; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) sums[k] += values[i + k];
  }
  std::uint64_t total = 0;
  for (const auto sum : sums) total += sum;
  return total;
}

// 1e9 bytes a second, the best of some passes over more memory than any cache holds, each thread over its own part.
double measure_read_gbs(int threads) {
  constexpr std::size_t kBytes = std::size_t{1} << 30U;
  const std::size_t each = kBytes / sizeof(std::uint64_t) / static_cast<std::size_t>(threads);
  std::vector<std::vector<std::uint64_t>> parts(static_cast<std::size_t>(threads));
  double best = 0;
  for (int pass = 0; pass < 8; ++pass) {
    std::vector<std::thread> workers;
    const auto start = std::chrono::steady_clock::now();
    for (auto& part : parts) {
      workers.emplace_back([&part, each] {
        if (part.empty()) part.assign(each, 1);  // by the thread that reads it: near to it
        sink = sum_of(part.data(), part.size());
      });
    }
    for (auto& worker : workers) worker.join();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const auto bytes = static_cast<double>(each * sizeof(std::uint64_t) * parts.size());
    if (pass > 0) best = std::max(best, bytes / seconds.count() / 1e9);
  }
  return best;
}

}  // namespace

int main(int count, char** words) {
  const int threads = std::max(1, std::stoi(facenet::peers::option(count, words, "--threads", "1")));
  for (std::string line; std::getline(std::cin, line);) {
    std::printf("{\"peak_gflops\": %.6g, \"read_gbs\": %.6g}\n", facenet::program::measure_peak_gflops(threads),
                measure_read_gbs(threads));
    std::fflush(stdout);
  }
}
