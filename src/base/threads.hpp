// Threads: how many this process may use, and a parallel loop that carries exceptions out.
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <mutex>
#include <string>

namespace facenet {

/// Cores this process may use: the affinity mask, limited by the cgroup's CPU quota. At least 1.
int available_threads();

/// The CPU quota, in cores rounded up, of the control group that /proc/self/cgroup's text `own` names under the mount
/// point `root`, and of the groups around it: the smallest counts. 0: there is none.
int quota_cores(const std::filesystem::path& root, const std::string& own);

/// The threads that a request for `threads` can have on this thread: at least 1, at most what OMP_THREAD_LIMIT lets
/// OpenMP give, and 1 inside an OpenMP region that may hold no other: its cores are taken. oneDNN waits inside some
/// kernels for every thread that was promised.
int usable_threads(int threads);

/// Threads that loops below use when called from this thread (OpenMP's own setting for this thread).
int current_threads();

/// Sets the OpenMP thread count of the calling thread to usable_threads for its lifetime, and puts the former one back.
class ThreadScope {
 public:
  explicit ThreadScope(int threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int former_;
};

/// A turn for a team of several threads. Teams of one process that want more cores together than it has take turns,
/// because threads that wait for others of their team, which have no core, wait for nothing. A team that is alone never
/// waits, and one thread needs no turn.
class TeamTurn {
 public:
  explicit TeamTurn(int threads);
  ~TeamTurn();
  TeamTurn(const TeamTurn&) = delete;
  TeamTurn& operator=(const TeamTurn&) = delete;

 private:
  int threads_;
};

/// Keeps the first exception thrown by any thread of a region, and throws it again outside.
class ExceptionCarrier {
 public:
  template <typename Function>
  void run(Function&& function) noexcept {
    try {
      function();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!first_) first_ = std::current_exception();
    }
  }
  void rethrow() {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

/// Calls function(i) for i in [0, count), split evenly and statically over the threads: which thread does which i
/// depends on nothing but the counts.
template <typename Function>
void parallel_for(std::int64_t count, Function&& function) {
  ExceptionCarrier carrier;
#pragma omp parallel for schedule(static) if (count > 1)
  for (std::int64_t i = 0; i < count; ++i) carrier.run([&] { function(i); });
  carrier.rethrow();
}

}  // namespace facenet
