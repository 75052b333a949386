// Threads: how many this process may use, and a parallel loop that carries exceptions out.
#pragma once

#include <cstdint>
#include <exception>
#include <mutex>

namespace facenet {

/// Cores this process may use: the affinity mask, limited by the cgroup's CPU quota. At least 1.
int available_threads();

/// Threads that loops below use when called from this thread (OpenMP's own setting for this thread).
int current_threads();

/// Sets the OpenMP thread count of the calling thread for its lifetime, and puts the former one back.
class ThreadScope {
 public:
  explicit ThreadScope(int threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int former_;
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
