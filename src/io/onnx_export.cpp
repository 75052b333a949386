// A model as an ONNX file, streamed to the disk by protobuf.
#include "io/onnx_export.hpp"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <exception>
#include <limits>

#include <facenet/error.hpp>
#include <facenet/version.hpp>

#include "base/files.hpp"
#include "io/onnx_writers.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kIrVersion = 8;  // the first that operator set 17 goes with
constexpr std::size_t kLargestFile = std::numeric_limits<std::int32_t>::max();  // of a protobuf message

// Protobuf's bytes go to the file. An error waits here: protobuf is not made for exceptions to pass through it.
class FileStream final : public google::protobuf::io::CopyingOutputStream {
 public:
  explicit FileStream(AtomicFile& file) : file_(file) {}
  bool Write(const void* data, int size) override {
    try {
      file_.write(std::span(static_cast<const std::byte*>(data), static_cast<std::size_t>(size)));
      return true;
    } catch (...) {
      error_ = std::current_exception();
      return false;
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  AtomicFile& file_;
  std::exception_ptr error_;
};

void require_small(std::size_t bytes) {
  if (bytes <= kLargestFile) return;
  throw InvalidArgument("the model's weights take " + std::to_string(bytes >> 20U) +
                        " MiB, and an ONNX file holds at most 2047 MiB: use a smaller network");
}

std::size_t bytes_of_weights(const Graph& graph) {
  std::size_t bytes = 0;
  for (const auto& parameter : graph.parameters()) bytes += parameter->value.spec().bytes();
  return bytes;
}

void describe(onnx::ModelProto& file, const ModelData& model, const std::string& fingerprint) {
  file.set_ir_version(kIrVersion);
  file.set_producer_name("FaceNetLib");
  file.set_producer_version(version());
  auto& operators = *file.add_opset_import();
  operators.set_domain("");
  operators.set_version(kOnnxOperatorSet);
  auto notes = notes_of(model);
  notes["facenet.fingerprint"] = fingerprint;
  for (const auto& [key, text] : notes) {
    auto& property = *file.add_metadata_props();
    property.set_key(key);
    property.set_value(text);
  }
  auto& graph = *file.mutable_graph();
  graph.set_name(model.architecture.empty() ? "facenet" : notes.at("facenet.architecture"));
  const ImageInput input = image_input_of(model.graph);
  graph.mutable_input(0)->set_doc_string(std::string(input.bgr ? "BGR" : "RGB") +
                                         " pixels, 0 to 255; the graph itself subtracts the mean and scales");
  graph.mutable_output(0)->set_doc_string(
      is_normalised(model.graph) ? "embeddings of unit length: compare squared L2 distances, 0 to 4" : "embeddings");
}

}  // namespace

void export_onnx(const std::filesystem::path& path, const ModelData& model, const std::string& fingerprint) {
  require_small(bytes_of_weights(model.graph));
  onnx::ModelProto content;
  write_onnx_graph(model.graph, *content.mutable_graph());
  describe(content, model, fingerprint);
  require_small(content.ByteSizeLong());

  AtomicFile file(path);
  FileStream stream(file);
  bool written = false;
  {
    google::protobuf::io::CopyingOutputStreamAdaptor adaptor(&stream, 1 << 20);
    written = content.SerializeToZeroCopyStream(&adaptor) && adaptor.Flush();
  }
  stream.rethrow();
  if (!written) throw Error("protobuf could not write '" + printable(path) + "'");
  file.commit();
}

}  // namespace facenet
