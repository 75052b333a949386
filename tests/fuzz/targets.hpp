// Everything that reads bytes from outside, each with small well-formed files to begin with: what libFuzzer and the
// tests of this folder run over.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace facenet::fuzz {

using Bytes = std::vector<std::uint8_t>;

struct Target {
  std::string_view name;
  /// Files that `read` takes, made by code.
  std::vector<Bytes> (*seeds)();
  /// Reads any bytes. What is refused is a facenet::Error; nothing else may come out.
  void (*read)(std::span<const std::uint8_t> bytes);
};

std::span<const Target> image_targets();
std::span<const Target> network_targets();
std::span<const Target> array_targets();
std::span<const Target> table_targets();
std::span<const Target> state_targets();
/// None where the program is not built.
std::span<const Target> program_targets();

/// All of them.
std::vector<Target> targets();

}  // namespace facenet::fuzz
