// Functions that an ONNX file defines itself, as PyTorch's newer exporter and others write them.
#pragma once

#include <string>

#include <onnx.pb.h>

namespace facenet {

/// Puts the nodes of the file's own functions where they are called, until no call is left. FormatError, beginning with
/// `what`, when a function calls itself, or when more than `most_nodes` nodes and calls would come of it.
void inline_onnx_functions(onnx::ModelProto& file, int most_nodes, const std::string& what);

}  // namespace facenet
