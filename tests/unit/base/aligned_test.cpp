// Aligned memory and the pool.
#include "base/aligned.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <thread>

#include "catch.hpp"

namespace facenet {
namespace {

bool aligned(const std::shared_ptr<std::byte>& memory) {
  return reinterpret_cast<std::uintptr_t>(memory.get()) % kAlignment == 0;
}

}  // namespace

TEST_CASE("memory is aligned, within a pool's scope and outside") {
  const MemoryPool pool;
  for (const std::size_t size : {0, 1, 64, 65, 100'000, 3'000'000}) {
    CHECK(aligned(aligned_bytes(size)));
    const MemoryPool::Scope scope(pool);
    const auto memory = aligned_bytes(size);
    CHECK(aligned(memory));
    std::memset(memory.get(), 1, size);
  }
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a pool hands out again what was let go, if it is not much too large") {
  const MemoryPool pool;
  const MemoryPool::Scope scope(pool);
  auto memory = aligned_bytes(1'000'000);
  const void* const first = memory.get();
  CHECK(pool.kept() == 0);
  memory.reset();
  CHECK(pool.kept() >= 1'000'000);
  memory = aligned_bytes(900'000);
  CHECK(memory.get() == first);
  CHECK(pool.kept() == 0);
  memory.reset();
  CHECK(aligned_bytes(100'000).get() != first);
  CHECK(aligned_bytes(1'100'000).get() != first);
}
#endif

TEST_CASE("small blocks, those of other threads and those after a scope do not come from the pool") {
  const MemoryPool pool;
  {
    const MemoryPool::Scope scope(pool);
    aligned_bytes(1000).reset();
    std::thread([] { aligned_bytes(1'000'000).reset(); }).join();
  }
  aligned_bytes(1'000'000).reset();
  CHECK(pool.kept() == 0);
}

TEST_CASE("a block outlives its pool, and any thread may let it go") {
  std::optional<MemoryPool> pool(std::in_place);
  std::shared_ptr<std::byte> late;
  std::shared_ptr<std::byte> elsewhere;
  {
    const MemoryPool::Scope scope(*pool);
    late = aligned_bytes(200'000);
    elsewhere = aligned_bytes(200'000);
  }
  std::thread([&] { elsewhere.reset(); }).join();
  pool.reset();
  std::memset(late.get(), 1, 200'000);
  late.reset();
  CHECK(!late);
}

}  // namespace facenet
