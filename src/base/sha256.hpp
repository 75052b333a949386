// SHA-256 (FIPS 180-4), for fingerprints of models.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace facenet {

class Sha256 {
 public:
  /// By the processor's own instructions where it has them, but on request.
  explicit Sha256(bool instructions = true);
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  /// The digest as 64 hexadecimal digits. The object is spent afterwards.
  std::string hex();

 private:
  using State = std::array<std::uint32_t, 8>;
  void (*blocks_)(State& state, const std::byte* data, std::size_t count);
  State state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> pending_{};
  std::uint64_t length_ = 0;
};

}  // namespace facenet
