// Models from ONNX files.
#pragma once

#include "io/importers.hpp"

namespace facenet {

/// Whether the bytes are, as far as they go, a message with the fields of an ONNX model.
bool looks_like_onnx(std::span<const std::uint8_t> bytes);

/// The network of an ONNX file, from images to embeddings as the file computes them. A file of `export_onnx` gives its
/// contract and notes too. Takes the source's bytes. Errors as `Importer::read`. Only with FACENET_HAVE_ONNX.
ModelData read_onnx(ImportSource& source, const ImportOptions& options);

}  // namespace facenet
