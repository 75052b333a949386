// An ONNX graph becoming one of ours: the values met so far, and the node being read.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <onnx.pb.h>

#include "graph/graph.hpp"
#include "io/importers.hpp"
#include "io/onnx_constant.hpp"
#include "io/onnx_layer.hpp"
#include "ops/pool.hpp"

namespace facenet {

/// What a name in an ONNX file stands for. Besides data and constants there are beginnings of what one operator of ours
/// does and ONNX says with several nodes; they become layers when something else reads them.
struct OnnxValue {
  enum class Kind : std::uint8_t {
    constant,
    data,          ///< the graph's value `id`
    moved,         ///< the same, but that the file has the batch at `axis`, after axes which here come after it
    images,        ///< the input, (value - mean) * scale
    row,           ///< all numbers of all images of `id` in one row
    product,       ///< a linear layer on `id` that may still get a bias
    square,        ///< of `id`, element by element
    mean_square,   ///< `factor` times the mean of squares of `id` in each window
    sum_square,    ///< of the lines of `id` along `axis`, which stays with an extent of 1
    norm,          ///< of those lines
    inverse_norm,  ///< 1 / norm
  };
  Kind kind = Kind::data;
  int id = -1;
  std::shared_ptr<const OnnxConstant> constant{};
  std::string layer{};  ///< the name that a layer made of it gets

  std::array<double, 3> mean{};  ///< images: in the order of the network's channels
  std::array<double, 3> scale{};
  bool channels_last = false;  ///< images: as [N,H,W,3]
  int weights = -1;            ///< product
  bool rows = false;           ///< product: of each row along the last axis
  std::size_t axis = 1;        ///< moved, sum_square, norm, inverse_norm
  Pool::Parameters window{};   ///< mean_square
  double factor = 1;
};
using OnnxValuePtr = std::shared_ptr<OnnxValue>;

/// The graph being built. Errors are FormatErrors that begin with the file's name.
class OnnxBuilder {
 public:
  OnnxBuilder(const ImportSource& source, const ImportOptions& options, int operator_set)
      : source_(source), options_(options), operator_set_(operator_set) {}

  Graph& graph() { return *graph_; }
  int operator_set() const { return operator_set_; }
  std::int64_t declared_batch() const { return declared_batch_; }
  [[noreturn]] void refuse(const std::string& why) const;

  /// Begins the graph with the file's input; `bgr`: what the file says of its order of channels.
  void begin(const onnx::ValueInfoProto& input, bool bgr);
  /// Says that the network itself makes numbers of pixels: no option needs to.
  void prepare() { prepared_ = true; }
  /// A tensor of the file, converted when it is first used.
  void add_initializer(onnx::TensorProto& tensor);
  /// A tensor of a node's attribute.
  OnnxConstant attribute(const onnx::TensorProto& tensor, const std::string& what);
  /// A value's next use.
  void count_use(const std::string& name) { ++uses_[name]; }
  int uses(const std::string& name) const;

  void define(const std::string& name, OnnxValuePtr value);
  bool defined(const std::string& name) const { return values_.contains(name) || initializers_.contains(name); }
  /// Of a name that is `defined`.
  OnnxValuePtr value(const std::string& name);

  /// The graph's value that holds the data, made now if it was only begun.
  int data(OnnxValue& value);
  const Shape& shape(int id) const { return graph_->value(id).shape; }
  /// Appends a layer and gives its result. The name becomes one of its own.
  int add(const std::string& name, const OperatorPtr& op, std::vector<int> src);
  /// A parameter of this name.
  int parameter(const std::string& name, const Tensor& value, bool buffer, bool decay);
  /// The constant as a parameter, seen as this shape; one that two layers use alike is one parameter.
  int parameter(const OnnxConstant& constant, const Shape& shape, bool buffer, bool decay);

  /// Takes this many bytes from what computing with constants may cost: a small file must not ask for a lot of memory.
  void spend(std::size_t bytes, const std::string& what);

 private:
  int images(OnnxValue& value);
  std::string initializer(const std::string& name) const;
  void charge_external(const onnx::TensorProto& tensor, const std::string& what);

  const ImportSource& source_;
  const ImportOptions& options_;
  int operator_set_;
  std::int64_t declared_batch_ = 0;  // 0: any
  bool prepared_ = false;            // somebody has said how pixels become the input
  std::optional<Graph> graph_{};
  bool bgr_ = false;
  std::map<std::string, onnx::TensorProto*> initializers_{};
  std::map<std::string, OnnxValuePtr> values_{};
  std::map<std::string, int> uses_{};
  std::map<std::tuple<std::string, std::string, bool, bool>, int> parameters_{};  // name, shape, buffer, decay
  OnnxNames layer_names_{};
  OnnxNames parameter_names_{};
  std::size_t spent_ = 0;
  std::uint64_t external_ = 0;  // bytes of other files

  friend class OnnxNode;
};

/// A node being read. Its reader says what its result is, once.
class OnnxNode {
 public:
  OnnxNode(OnnxBuilder& builder, const onnx::NodeProto& proto);

  OnnxBuilder& builder() { return builder_; }
  const std::string& type() const { return proto_.op_type(); }
  const std::string& name() const { return name_; }
  [[noreturn]] void refuse(const std::string& why) const;
  /// "'x.onnx': node 'a' (Conv)"
  std::string what() const;

  // Attributes; one of another type is refused, and an absent one is the default.
  bool has_attribute(const std::string& name) const { return attribute(name) != nullptr; }
  std::int64_t integer(const std::string& name, std::int64_t absent) const;
  float number(const std::string& name, float absent) const;
  std::string text(const std::string& name, const std::string& absent) const;
  std::optional<std::vector<std::int64_t>> integers(const std::string& name) const;
  const onnx::AttributeProto* attribute(const std::string& name) const;

  // Sources.
  std::size_t sources() const { return static_cast<std::size_t>(proto_.input_size()); }
  bool has(std::size_t i) const { return i < sources() && !proto_.input(static_cast<int>(i)).empty(); }
  OnnxValuePtr value(std::size_t i) const;
  /// Whether nothing but this node reads the source.
  bool alone(std::size_t i) const { return builder_.uses(proto_.input(static_cast<int>(i))) == 1; }
  bool is_constant(std::size_t i) const { return has(i) && value(i)->kind == OnnxValue::Kind::constant; }
  int data(std::size_t i) const;
  const Shape& shape(std::size_t i) const { return builder_.shape(data(i)); }
  /// Data wherever the file has their batch: where that is, and the graph's value, in which it is the first axis.
  std::pair<int, std::size_t> data_and_batch(std::size_t i) const;
  const OnnxConstant& constant(std::size_t i) const;
  /// A constant of floats; of this many axes where that is not negative.
  const OnnxConstant& floats(std::size_t i, int rank = -1) const;
  /// A single float: of a constant, where there is one.
  std::optional<float> scalar(std::size_t i) const;
  const std::vector<std::int64_t>& whole_numbers(std::size_t i) const;
  /// From an attribute (older operator sets), else from a source.
  std::optional<std::vector<std::int64_t>> list(const std::string& attribute_name, std::size_t i) const;
  /// An axis counted from the front; refused unless it is one of `rank`.
  std::size_t axis(std::int64_t value, std::size_t rank) const;

  /// Appends a layer called after the node, or "NODE/part".
  int add(const OperatorPtr& op, std::vector<int> src, const std::string& part = {});
  /// The layer's parameter: a constant of the file as it is, or values made of one, called "NODE/part".
  int parameter(std::size_t i, const Shape& shape, bool buffer = false, bool decay = false);
  int parameter(const std::string& part, const Tensor& value, bool buffer = false, bool decay = false);
  /// A single number that training leaves alone.
  int fixed(const std::string& part, float value);

  // The results, of which most have one.
  std::size_t results() const { return static_cast<std::size_t>(proto_.output_size()); }
  bool has_result(std::size_t i) const { return i < results() && !proto_.output(static_cast<int>(i)).empty(); }
  void result(int id);
  /// Data that the file has with the batch at this axis.
  void result(int id, std::size_t batch, std::size_t which = 0);
  void result(OnnxConstant constant);
  void result(OnnxValue value);
  void pass_on(std::size_t i) { define(value(i)); }

 private:
  void define(OnnxValuePtr value, std::size_t which = 0);

  OnnxBuilder& builder_;
  const onnx::NodeProto& proto_;
  std::string name_;
};

}  // namespace facenet
