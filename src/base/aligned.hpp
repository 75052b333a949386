// Memory aligned to a cache line and a 512-bit register.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace facenet {

inline constexpr std::size_t kAlignment = 64;

/// Shared, uninitialised bytes at a 64-byte boundary. std::bad_alloc when there is no memory.
inline std::shared_ptr<std::byte> aligned_bytes(std::size_t size) {
  const std::size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, rounded == 0 ? kAlignment : rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return {static_cast<std::byte*>(memory), [](std::byte* p) { std::free(p); }};
}

/// Shared bytes, all zero, which take memory when they are first written to; in large pages where the system has them:
/// a pass over hundreds of megabytes asks for few addresses then. std::bad_alloc when there is no memory.
std::shared_ptr<std::byte> zeroed_bytes(std::size_t size);

}  // namespace facenet
