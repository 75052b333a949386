// Memory in large pages, from the system.
#include "base/aligned.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace facenet {

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
