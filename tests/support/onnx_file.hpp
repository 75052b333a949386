// ONNX files put together by hand, for tests of what reads them.
#pragma once
#ifdef FACENET_HAVE_ONNX

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <onnx.pb.h>

namespace facenet::test {

/// A small network: images [N,3,8,8] less 127.5, a convolution to [N,4,8,8], GlobalAveragePool, Flatten, Gemm to [N,5].
class OnnxFile {
 public:
  OnnxFile();

  onnx::NodeProto& node(const std::string& type, std::vector<std::string> src, const std::string& dst);
  onnx::NodeProto& named(const std::string& name);
  onnx::TensorProto& weights(const std::string& name, const std::vector<std::int64_t>& shape, float first = 0.5F);
  onnx::TensorProto& whole(const std::string& name, const std::vector<std::int64_t>& values);
  onnx::TensorProto& initializer(const std::string& name);
  onnx::GraphProto& graph() { return *model.mutable_graph(); }
  /// Puts a node between the convolution and what reads it: from "maps" to "between".
  onnx::NodeProto& between(const std::string& type, std::vector<std::string> more = {});
  /// Nodes that stand at the end go between the convolution and the pooling, which then reads `last`.
  void move_between(int count, const std::string& last);
  std::vector<std::uint8_t> bytes() const;

  onnx::ModelProto model;
};

void set(onnx::NodeProto& node, const std::string& name, std::int64_t value);
void set(onnx::NodeProto& node, const std::string& name, float value);
void set(onnx::NodeProto& node, const std::string& name, const std::string& value);
void set(onnx::NodeProto& node, const std::string& name, std::initializer_list<std::int64_t> values);

}  // namespace facenet::test
#endif
