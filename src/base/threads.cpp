// How many cores this process may use, and the scope that sets OpenMP's thread count.
#include "base/threads.hpp"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

namespace facenet {
namespace {

int affinity_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// The CPU quota of the control group in cores, rounded up; 0 where there is none. Version 2, then version 1.
int cgroup_cores() {
  double quota = 0;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2) {
    std::string first;
    if (v2 >> first >> period && first != "max") quota = std::atof(first.c_str());
  } else {
    std::ifstream q("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    std::ifstream p("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (!(q >> quota && p >> period)) quota = 0;
  }
  if (quota <= 0 || period <= 0) return 0;
  return std::max(1, static_cast<int>((quota + period - 1) / period));
}

}  // namespace

int available_threads() {
  const int cores = affinity_cores();
  const int quota = cgroup_cores();
  return quota > 0 ? std::min(cores, quota) : cores;
}

int current_threads() { return omp_get_max_threads(); }

// Never more than OMP_THREAD_LIMIT lets OpenMP give: oneDNN waits inside a kernel for every thread that was promised.
ThreadScope::ThreadScope(int threads) : former_(omp_get_max_threads()) {
  omp_set_num_threads(std::clamp(threads, 1, omp_get_thread_limit()));
}

ThreadScope::~ThreadScope() { omp_set_num_threads(former_); }

}  // namespace facenet
