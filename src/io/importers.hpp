// Files of other frameworks: the list of kinds, each with what recognises and what reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <facenet/import.hpp>

#include "io/model_file.hpp"
#include "ops/image_to_tensor.hpp"

namespace facenet {

/// A file to import, whole in memory.
struct ImportSource {
  std::vector<std::uint8_t> bytes;
  std::string name;                               ///< for messages, in quotes
  std::optional<std::filesystem::path> folder{};  ///< where other files that it refers to may lie; absent: nowhere
};

/// A kind of file. Adding one is adding a line to the list in importers.cpp.
struct Importer {
  std::string_view kind;  ///< "ONNX", for people
  /// Whether the content looks like this kind: cheap, and true for a damaged file too, so that `read` can say what is
  /// wrong with it.
  bool (*recognise)(std::span<const std::uint8_t> bytes);
  /// The graph, from image_to_tensor (see `preprocessing`) to embeddings [N,D], normalised or not, and what the file
  /// itself says of contract, licence and data; `import_source` does what is the same for all kinds. FormatError, with
  /// the source's name in front, when the file cannot be used; InvalidArgument for an option.
  ModelData (*read)(ImportSource& source, const ImportOptions& options);
};

/// The first operator of a network of which nobody knows but the options: their mean and scale, where `mean` and
/// `scale` stand for what is not given, all in the order of red, green, blue.
ImageToTensor::Parameters preprocessing(const ImportOptions& options, const std::array<float, 3>& mean,
                                        const std::array<float, 3>& scale);

/// Reads the file with the importer that recognises it, brings embeddings to unit length, and writes template, licence
/// and origin into the model. Errors as `import_model`.
ModelData import_file(const std::filesystem::path& path, const ImportOptions& options);
/// The same from memory.
ModelData import_source(ImportSource source, const ImportOptions& options);

}  // namespace facenet
