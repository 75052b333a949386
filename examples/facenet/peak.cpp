// What this machine can do at most: a loop of multiply-adds that touches no memory.
#include "peak.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace facenet::program {
namespace {

// Each runs `rounds` rounds of 12 independent vectors of multiply-adds (latency 4, two a cycle: 8 would just do), and
// gives the number of floating point operations. The result goes through `sink`, so that nothing is left out.
volatile float sink = 0;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) double loop_avx512(std::int64_t rounds) {
  __m512 a[12];
  for (int i = 0; i < 12; ++i) a[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 m = _mm512_set1_ps(0.999F);
  const __m512 c = _mm512_set1_ps(0.001F);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (auto& v : a) v = _mm512_fmadd_ps(v, m, c);
  }
  __m512 sum = a[0];
  for (int i = 1; i < 12; ++i) sum = _mm512_add_ps(sum, a[i]);
  sink = _mm512_cvtss_f32(sum);
  return static_cast<double>(rounds) * 12 * 16 * 2;
}

__attribute__((target("avx2,fma"))) double loop_avx2(std::int64_t rounds) {
  __m256 a[12];
  for (int i = 0; i < 12; ++i) a[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 m = _mm256_set1_ps(0.999F);
  const __m256 c = _mm256_set1_ps(0.001F);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (auto& v : a) v = _mm256_fmadd_ps(v, m, c);
  }
  __m256 sum = a[0];
  for (int i = 1; i < 12; ++i) sum = _mm256_add_ps(sum, a[i]);
  sink = _mm256_cvtss_f32(sum);
  return static_cast<double>(rounds) * 12 * 8 * 2;
}
#endif

double loop_plain(std::int64_t rounds) {
  float a[48];
  for (int i = 0; i < 48; ++i) a[i] = static_cast<float>(i);
  for (std::int64_t r = 0; r < rounds; ++r) {
    for (auto& v : a) v = v * 0.999F + 0.001F;
  }
  float sum = 0;
  for (const float v : a) sum += v;
  sink = sum;
  return static_cast<double>(rounds) * 48 * 2;
}

double (*widest_loop())(std::int64_t) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return loop_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return loop_avx2;
#endif
  return loop_plain;
}

}  // namespace

double measure_peak_gflops(int threads) {
  using Clock = std::chrono::steady_clock;
  const auto loop = widest_loop();
  double best = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::vector<double> rates(static_cast<std::size_t>(threads));
    std::vector<std::thread> workers;
    for (auto& rate : rates) {
      workers.emplace_back([&rate, loop] {
        loop(1'000'000);  // wakes the wide units
        const auto start = Clock::now();
        double operations = 0;
        double seconds = 0;
        while (seconds < 0.1) {
          operations += loop(1'000'000);
          seconds = std::chrono::duration<double>(Clock::now() - start).count();
        }
        rate = operations / seconds;
      });
    }
    for (auto& worker : workers) worker.join();
    double sum = 0;
    for (const double rate : rates) sum += rate;
    best = std::max(best, sum);
  }
  return best / 1e9;
}

double peak_memory_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace facenet::program
