// safetensors files: named tensors and string metadata, readable by any tool (docs/file-formats.md).
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.hpp"

namespace facenet {

/// A tensor as it lies in a file. `bytes` views memory that `owner` keeps alive.
struct NamedTensor {
  std::string name;
  std::string dtype;  ///< safetensors' word: "F32", "BF16", "U8", "I32", "I64", "U64", ...
  Shape shape;
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;

  /// Views a plain float32 tensor without copying it.
  static NamedTensor of(const std::string& name, const Tensor& tensor);
  /// A copy as a plain float32 tensor; FormatError when it is not F32.
  Tensor tensor() const;
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::vector<NamedTensor> tensors;  ///< in the order in which they lie in the file

  /// The tensor of this name, or null.
  const NamedTensor* find(const std::string& name) const;
};

/// `name` stands for the file in messages. FormatError unless the tensors fill the file exactly, without gaps, overlaps
/// or repeated names; nothing is allocated that the bytes present do not warrant.
SafetensorsFile parse_safetensors(std::vector<std::uint8_t> bytes, const std::string& name);
SafetensorsFile read_safetensors(const std::filesystem::path& path);

/// The same content gives the same bytes. Written whole or not at all.
void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& file);

}  // namespace facenet
