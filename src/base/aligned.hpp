// Memory aligned to a cache line and a 512-bit register, and a pool that keeps large blocks for the next step.
#pragma once

#include <cstddef>
#include <memory>

namespace facenet {

inline constexpr std::size_t kAlignment = 64;

/// Shared, uninitialised bytes at a 64-byte boundary, from the pool whose scope this thread is in, if any.
/// std::bad_alloc when there is no memory.
std::shared_ptr<std::byte> aligned_bytes(std::size_t size);

/// Keeps blocks that were let go and hands them out again. A training step asks for the same large blocks each time;
/// from the system, each would come as pages that are mapped, cleared and given back within the step. What is kept is
/// freed with the pool; a block may outlive it, and be let go by any thread.
class MemoryPool {
 public:
  MemoryPool();

  /// While it lives, aligned_bytes of the thread that made it takes from the pool. Scopes may be nested.
  class Scope {
   public:
    explicit Scope(const MemoryPool& pool);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const MemoryPool* former_;
  };

  /// Bytes kept for the next use.
  std::size_t kept() const;

 private:
  friend std::shared_ptr<std::byte> aligned_bytes(std::size_t size);
  class State;
  std::shared_ptr<State> state_;
};

/// Shared bytes, all zero, which take memory when they are first written to; in large pages where the system has them:
/// a pass over hundreds of megabytes asks for few addresses then. std::bad_alloc when there is no memory.
std::shared_ptr<std::byte> zeroed_bytes(std::size_t size);

}  // namespace facenet
