// Importers of files that hold weights without a graph: the network is one that the library has.
#pragma once

#include "io/importers.hpp"

namespace facenet {

bool looks_like_dlib(std::span<const std::uint8_t> bytes);
bool looks_like_npz(std::span<const std::uint8_t> bytes);
bool looks_like_safetensors(std::span<const std::uint8_t> bytes);

/// dlib's face recognition network: contract and template are its own, no option changes them.
ModelData import_dlib(ImportSource& source, const ImportOptions& options);
/// Named weights of the network `options.architecture`.
ModelData import_npz(ImportSource& source, const ImportOptions& options);
ModelData import_safetensors(ImportSource& source, const ImportOptions& options);

}  // namespace facenet
