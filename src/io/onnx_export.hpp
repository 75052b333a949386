// A model as an ONNX file.
#pragma once

#include <filesystem>
#include <string>

#include "io/model_file.hpp"

namespace facenet {

/// Writes the file whole or not at all: operator set 17; input "input" [N,3,H,W] float, 0 to 255 in the contract's
/// colour order; output "embedding" [N,D]; layers and parameters keep their names; `notes_of` and the fingerprint
/// become the metadata. InvalidArgument when the model cannot be written (too large for protobuf), IoError when
/// the file cannot be. Only with FACENET_HAVE_ONNX.
void export_onnx(const std::filesystem::path& path, const ModelData& model, const std::string& fingerprint);

}  // namespace facenet
