// NumPy's .npy files: embeddings, [N,D] float32, and what else may lie in an archive of arrays.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <facenet/embeddings.hpp>

namespace facenet {

/// An array in C order, still as it lies in the file: `data` holds what follows the header.
struct NpyArray {
  std::string type;  ///< NumPy's word: "<f4", "<i8", ...
  std::vector<std::uint64_t> shape;
  std::span<const std::uint8_t> data;
};

/// FormatError when it is no npy file or in Fortran order. Whether the data fit the shape is the caller's to check.
NpyArray parse_npy_array(std::span<const std::uint8_t> bytes, const std::string& name);

/// The beginning of a file of one or two dimensions in C order; `type` as in NpyArray.
std::string npy_header(const std::string& type, std::size_t rows, std::optional<std::size_t> columns = {});

/// read_npy (facenet/embeddings.hpp) from memory; `name` stands for the file in messages.
Embeddings parse_npy(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace facenet
