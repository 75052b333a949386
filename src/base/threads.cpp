// How many cores this process may use, the scope that sets OpenMP's thread count, and turns of teams.
#include "base/threads.hpp"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace facenet {
namespace {

int affinity_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int whole_cores(double quota, double period) {
  if (!(quota > 0 && period > 0)) return 0;
  return static_cast<int>(std::clamp(std::ceil(quota / period), 1.0, 65536.0));
}

// Version 2: "max 100000" or "150000 100000". Version 1: two files, with -1 for no quota.
int quota_of(const std::filesystem::path& group) {
  if (std::ifstream v2(group / "cpu.max"); v2) {
    double quota = 0, period = 0;
    return v2 >> quota >> period ? whole_cores(quota, period) : 0;
  }
  std::ifstream q(group / "cpu.cfs_quota_us");
  std::ifstream p(group / "cpu.cfs_period_us");
  double quota = 0, period = 0;
  return q >> quota && p >> period ? whole_cores(quota, period) : 0;
}

int cgroup_cores() {
  std::ifstream file("/proc/self/cgroup");
  return quota_cores("/sys/fs/cgroup", {std::istreambuf_iterator<char>(file), {}});
}

// Cores that teams in a turn have, of those of this process.
struct Turns {
  std::mutex mutex;
  std::condition_variable changed;
  int taken = 0;
  const int cores = available_threads();
};
Turns& turns() {
  static Turns all;
  return all;
}

}  // namespace

int available_threads() {
  const int cores = affinity_cores();
  const int quota = cgroup_cores();
  return quota > 0 ? std::min(cores, quota) : cores;
}

int quota_cores(const std::filesystem::path& root, const std::string& own) {
  std::istringstream lines(own);
  int least = 0;
  // Each line is number:controllers:path; version 2 has 0 and no controllers.
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool v2 = controllers == ",,";
    if (!v2 && controllers.find(",cpu,") == controllers.npos) continue;
    const std::filesystem::path mount = v2 ? root : root / "cpu";
    // Up to the root of what is mounted, which in a container is its own group, whatever the path says.
    auto group = std::filesystem::path(line.substr(second + 1)).relative_path();
    while (true) {
      const int quota = quota_of(mount / group);
      if (quota > 0) least = least > 0 ? std::min(least, quota) : quota;
      if (group.empty()) break;
      group = group.parent_path();
    }
  }
  return least;
}

int usable_threads(int threads) {
  if (omp_get_active_level() >= omp_get_max_active_levels()) return 1;
  return std::clamp(threads, 1, omp_get_thread_limit());
}

int current_threads() { return omp_get_max_threads(); }

ThreadScope::ThreadScope(int threads) : former_(omp_get_max_threads()) { omp_set_num_threads(usable_threads(threads)); }

ThreadScope::~ThreadScope() { omp_set_num_threads(former_); }

TeamTurn::TeamTurn(int threads) : threads_(threads) {
  if (threads_ <= 1) return;
  Turns& all = turns();
  std::unique_lock lock(all.mutex);
  all.changed.wait(lock, [&] { return all.taken == 0 || all.taken + threads_ <= all.cores; });
  all.taken += threads_;
}

TeamTurn::~TeamTurn() {
  if (threads_ <= 1) return;
  Turns& all = turns();
  {
    const std::lock_guard lock(all.mutex);
    all.taken -= threads_;
  }
  all.changed.notify_all();
}

}  // namespace facenet
