// Aligned memory, from the system or from a pool; and zeroed memory in large pages.
#include "base/aligned.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

namespace facenet {
namespace {

// Smaller blocks come from the system's own free lists, without new pages.
constexpr std::size_t kSmallest = std::size_t{64} << 10U;
constexpr std::size_t kHugePage = std::size_t{2} << 20U;

thread_local const MemoryPool* t_pool = nullptr;

std::size_t rounded(std::size_t size, std::size_t unit) { return (size + unit - 1) / unit * unit; }

std::byte* allocate(std::size_t alignment, std::size_t size) {
  void* memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<std::byte*>(memory);
}

}  // namespace

class MemoryPool::State {
 public:
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    for (const auto& [size, block] : free_) std::free(block);
  }

  // The smallest kept block that is not half as large again as what is wanted; else a new one.
  std::pair<std::byte*, std::size_t> take(std::size_t wanted) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = free_.lower_bound(wanted); found != free_.end() && found->first <= wanted + wanted / 2) {
        const std::pair<std::byte*, std::size_t> block{found->second, found->first};
        free_.erase(found);
        return block;
      }
    }
    std::byte* block = allocate(wanted >= kHugePage ? kHugePage : kAlignment, wanted);
    // Fewer pages to map and to look up; where the system refuses, small ones do.
    if (wanted >= kHugePage) (void)::madvise(block, wanted, MADV_HUGEPAGE);
    return {block, wanted};
  }

  void give_back(std::byte* block, std::size_t size) {
    const std::lock_guard lock(mutex_);
    free_.emplace(size, block);
  }

  std::size_t kept() const {
    const std::lock_guard lock(mutex_);
    std::size_t sum = 0;
    for (const auto& [size, block] : free_) sum += size;
    return sum;
  }

 private:
  mutable std::mutex mutex_;
  std::multimap<std::size_t, std::byte*> free_;
};

MemoryPool::MemoryPool() : state_(std::make_shared<State>()) {}
std::size_t MemoryPool::kept() const { return state_->kept(); }

MemoryPool::Scope::Scope(const MemoryPool& pool) : former_(t_pool) { t_pool = &pool; }
MemoryPool::Scope::~Scope() { t_pool = former_; }

std::shared_ptr<std::byte> aligned_bytes(std::size_t size) {
#ifndef __SANITIZE_ADDRESS__  // a block that is used again would hide a use after its end
  if (t_pool != nullptr && size >= kSmallest) {
    const auto [block, capacity] = t_pool->state_->take(rounded(size, size >= kHugePage ? kHugePage : 4096));
    const std::weak_ptr<MemoryPool::State> home = t_pool->state_;
    return {block, [home, capacity = capacity](std::byte* p) {
              if (const auto state = home.lock()) {
                state->give_back(p, capacity);
              } else {
                std::free(p);
              }
            }};
  }
#endif
  return {allocate(kAlignment, size == 0 ? kAlignment : rounded(size, kAlignment)), [](std::byte* p) { std::free(p); }};
}

std::shared_ptr<std::byte> zeroed_bytes(std::size_t size) {
  constexpr std::size_t kLarge = std::size_t{2} << 20U;
  const std::size_t wanted = (size == 0 ? 1 : size) + kLarge;  // room to begin at a large page
  if (wanted < size) throw std::bad_alloc();
  void* const all = mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) throw std::bad_alloc();
  const auto address = reinterpret_cast<std::uintptr_t>(all);
  auto* const begin = static_cast<std::byte*>(all) + ((kLarge - address % kLarge) % kLarge);
  if (size >= kLarge) madvise(begin, size, MADV_HUGEPAGE);  // a wish
  return {begin, [all, wanted](std::byte*) { munmap(all, wanted); }};
}

}  // namespace facenet
