// Values and nodes of an ONNX graph on their way into one of ours.
#include "io/onnx_builder.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "io/face_templates.hpp"
#include "io/graph_json.hpp"
#include "ops/arithmetic.hpp"
#include "ops/linear.hpp"
#include "ops/reduce.hpp"
#include "ops/transpose.hpp"
#include "ops/unary.hpp"

namespace facenet {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::int64_t kLargestSide = 4096;
constexpr std::uint64_t kMostExternal = std::uint64_t{1} << 32U;

// Names go into JSON and messages: printable ASCII, not too long, and none begins with '$'.
std::string clean(const std::string& name) {
  std::string result = name.substr(0, kLongestName);
  for (char& c : result) c = c >= 0x20 && c < 0x7f ? c : '_';
  if (!result.empty() && result[0] == '$') result[0] = '_';
  return result;
}

std::shared_ptr<Parameter> make_parameter(const std::string& name, const Tensor& value, bool buffer, bool decay) {
  auto parameter = std::make_shared<Parameter>();
  parameter->name = name;
  parameter->value = value;
  parameter->buffer = buffer;
  parameter->decay = decay;
  return parameter;
}

}  // namespace

void OnnxBuilder::refuse(const std::string& why) const { throw FormatError(source_.name + ": " + why); }

void OnnxBuilder::begin(const onnx::ValueInfoProto& input, bool bgr) {
  const std::string what = "the input '" + clean(input.name()) + "'";
  const auto& type = input.type().tensor_type();
  if (!input.type().has_tensor_type() || !type.has_shape() || type.shape().dim_size() != 4) {
    refuse(what + " is no batch of images: its shape must be [N,3,H,W] or [N,H,W,3]");
  }
  std::array<std::int64_t, 4> extents{};  // 0: open
  for (int i = 0; i < 4; ++i) {
    const auto& dim = type.shape().dim(i);
    extents[static_cast<std::size_t>(i)] = std::max<std::int64_t>(0, dim.has_dim_value() ? dim.dim_value() : 0);
  }
  const bool last = extents[1] != 3 && extents[3] == 3;
  if (!last && extents[1] != 3 && extents[1] != 0) {
    refuse(what + " has " + std::to_string(extents[1]) + " channels; images have 3");
  }
  declared_batch_ = extents[0];
  const NamedTemplate* chosen = find_face_template(options_.template_name);
  std::array<std::int64_t, 2> size{extents[last ? 1 : 2], extents[last ? 2 : 3]};
  for (auto& side : size) {
    if (side == 0) side = options_.input_size > 0 ? options_.input_size : chosen != nullptr ? chosen->face.width : 0;
    if (side == 0) {
      throw InvalidArgument(source_.name + ": " + what +
                            " takes images of any size: say with the input size (or a template) which the faces have");
    }
    if (side > kLargestSide) refuse(what + " has a side of " + std::to_string(side) + " pixels; 4096 is the most");
    if (options_.input_size > 0 && side != options_.input_size) {
      throw InvalidArgument(source_.name + ": " + what + " has a side of " + std::to_string(side) + " pixels, not " +
                            std::to_string(options_.input_size));
    }
  }
  bgr_ = options_.bgr.value_or(bgr);
  ImportOptions known = options_;
  known.bgr = bgr_;
  const auto p = preprocessing(known, {0, 0, 0}, {1, 1, 1});
  prepared_ = options_.mean || options_.scale;
  graph_.emplace(Shape{1, size[0], size[1], 3});
  OnnxValue value{.kind = OnnxValue::Kind::images, .layer = "input"};
  for (std::size_t c = 0; c < 3; ++c) {
    value.mean[c] = static_cast<double>(p.mean[c]);
    value.scale[c] = static_cast<double>(p.scale[c]);
  }
  value.channels_last = last;
  define(input.name(), std::make_shared<OnnxValue>(std::move(value)));
}

std::string OnnxBuilder::initializer(const std::string& name) const {
  return source_.name + ": the initializer '" + clean(name) + "'";
}

// One large file may be referred to by any number of tensors.
void OnnxBuilder::charge_external(const onnx::TensorProto& tensor, const std::string& what) {
  external_ += onnx_external_bytes(tensor, what);
  if (external_ > kMostExternal) throw FormatError(what + ": its tensors want more than 4 GiB of other files");
}

void OnnxBuilder::add_initializer(onnx::TensorProto& tensor) {
  if (tensor.name().empty() || !initializers_.emplace(tensor.name(), &tensor).second) {
    refuse("two initializers are called '" + clean(tensor.name()) + "', or one has no name");
  }
  charge_external(tensor, initializer(tensor.name()));
}

OnnxConstant OnnxBuilder::attribute(const onnx::TensorProto& tensor, const std::string& what) {
  charge_external(tensor, what);
  return onnx_constant(tensor, source_.folder, what);
}

int OnnxBuilder::uses(const std::string& name) const {
  const auto found = uses_.find(name);
  return found == uses_.end() ? 0 : found->second;
}

void OnnxBuilder::define(const std::string& name, OnnxValuePtr value) {
  if (name.empty() || defined(name)) refuse("the value '" + clean(name) + "' is made twice, or has no name");
  values_.emplace(name, std::move(value));
}

OnnxValuePtr OnnxBuilder::value(const std::string& name) {
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  auto& tensor = *initializers_.at(name);
  OnnxValue value{.kind = OnnxValue::Kind::constant};
  value.constant = std::make_shared<OnnxConstant>(onnx_constant(tensor, source_.folder, initializer(name)));
  tensor.clear_raw_data();  // the memory is wanted elsewhere
  return values_.emplace(name, std::make_shared<OnnxValue>(std::move(value))).first->second;
}

int OnnxBuilder::add(const std::string& name, const OperatorPtr& op, std::vector<int> src) {
  const std::string layer = layer_names_.claim(clean(name));
  try {
    const int id = graph_->add_node(layer, op, src);
    require_bounded(shape(id), source_.name + ": layer '" + layer + "'");
    return id;
  } catch (const InvalidArgument& error) {
    refuse(error.what());
  }
}

int OnnxBuilder::parameter(const std::string& name, const Tensor& value, bool buffer, bool decay) {
  const std::string what = source_.name + ": '" + clean(name) + "'";
  require_bounded(value.shape(), what);
  const auto numbers = value.floats();
  if (!std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::isfinite(x); })) {
    throw FormatError(what + " holds numbers that are not finite");
  }
  return graph_->add_parameter(make_parameter(parameter_names_.claim(clean(name)), value, buffer, decay));
}

int OnnxBuilder::parameter(const OnnxConstant& constant, const Shape& shape, bool buffer, bool decay) {
  const auto [entry, inserted] = parameters_.try_emplace({constant.name, shape.text(), buffer, decay}, -1);
  if (inserted) {
    // Parameters never share memory: training writes into it.
    const Tensor value = Tensor::from(shape, constant.floats.floats());
    entry->second = parameter(constant.name, value, buffer, decay);
  }
  return entry->second;
}

void OnnxBuilder::spend(std::size_t bytes, const std::string& what) {
  const std::size_t budget = 4 * source_.bytes.size() + (std::size_t{16} << 20U);
  if (bytes > budget - spent_)
    throw FormatError(what + ": computing with constants takes more memory than such a file warrants");
  spent_ += bytes;
}

// Mean and scale as the options and the file's first nodes say them.
int OnnxBuilder::images(OnnxValue& value) {
  if (!prepared_) {
    throw InvalidArgument(
        source_.name +
        ": its network does not subtract and scale the pixels by itself. Say with mean and scale what "
        "it expects (often 127.5 and 1/128 or 1/127.5; 0 and 1 for values 0 to 255 as they are)");
  }
  ImageToTensor::Parameters p{.bgr = bgr_};
  for (std::size_t c = 0; c < 3; ++c) {
    p.mean[c] = static_cast<float>(value.mean[c]);
    p.scale[c] = static_cast<float>(value.scale[c]);
    if (!std::isfinite(p.mean[c]) || !std::isfinite(p.scale[c])) refuse("what it computes of pixels is not finite");
    // Said once by the caller and once by the file, which then sees hardly anything.
    if ((options_.mean || options_.scale) && (p.mean[c] < 0 || p.mean[c] > 255)) {
      throw InvalidArgument(source_.name + ": in all " + std::to_string(p.mean[c]) +
                            " would be subtracted from pixels of 0 to 255: its network subtracts and scales by itself. "
                            "Leave out the mean and scale that it has already");
    }
  }
  const int id = add(value.layer, std::make_shared<ImageToTensor>(p), {0});
  if (!value.channels_last) return id;
  return add(value.layer + "/channels_last", std::make_shared<Transpose>(Transpose::Parameters{{0, 2, 3, 1}}), {id});
}

int OnnxBuilder::data(OnnxValue& value) {
  using Kind = OnnxValue::Kind;
  const auto squares = [&] {
    return add(value.layer + "/square", std::make_shared<Arithmetic>(Arithmetic::Kind::multiply), {value.id, value.id});
  };
  switch (value.kind) {
    case Kind::data:
      break;
    case Kind::images:
      value.id = images(value);
      break;
    case Kind::moved:
      refuse("'" + value.layer + "' moves the batch to axis " + std::to_string(value.axis) +
             ", where it is read as data: images are treated one by one");
    case Kind::row:
      refuse("'" + value.layer + "' puts all images into one row, which is read as data: they are treated one by one");
    case Kind::product: {
      const Linear::Parameters p{.bias = false, .rows = value.rows};
      value.id = add(value.layer, std::make_shared<Linear>(p), {value.id, value.weights});
      break;
    }
    case Kind::square:
      value.id = squares();
      break;
    case Kind::mean_square: {
      value.id = add(value.layer, std::make_shared<Pool>(Pool::Kind::average, value.window), {squares()});
      if (value.factor == 1) break;
      const float factor = static_cast<float>(value.factor);
      value.id =
          add(value.layer + "/factor",
              std::make_shared<Arithmetic>(Arithmetic::Kind::multiply, Arithmetic::Parameters{.constant = true}),
              {value.id, parameter(value.layer + "/factor", Tensor::from({1}, std::span(&factor, 1)), true, false)});
      break;
    }
    case Kind::sum_square:
    case Kind::norm:
    case Kind::inverse_norm: {
      const Reduce::Parameters p{{static_cast<std::int64_t>(value.axis)}, true};
      value.id = add(value.layer + "/sum", std::make_shared<Reduce>(Reduce::Kind::sum, p), {squares()});
      if (value.kind == Kind::sum_square) break;
      value.id = add(value.layer + "/root", std::make_shared<Unary>(Unary::Kind::square_root), {value.id});
      if (value.kind == Kind::norm) break;
      const float one = 1;
      const int constant = parameter(value.layer + "/one", Tensor::from({1}, std::span(&one, 1)), true, false);
      const Arithmetic::Parameters over{.constant = true, .reversed = true};
      value.id = add(value.layer, std::make_shared<Arithmetic>(Arithmetic::Kind::divide, over), {value.id, constant});
      break;
    }
    case Kind::constant:
      refuse("the constant '" + clean(value.constant->name) + "' stands where data are expected");
  }
  value.kind = Kind::data;
  return value.id;
}

OnnxNode::OnnxNode(OnnxBuilder& builder, const onnx::NodeProto& proto) : builder_(builder), proto_(proto) {
  name_ = clean(!proto.name().empty() ? proto.name() : proto.output_size() > 0 ? proto.output(0) : "");
}

std::string OnnxNode::what() const { return builder_.source_.name + ": node '" + name_ + "' (" + clean(type()) + ")"; }

void OnnxNode::refuse(const std::string& why) const { throw FormatError(what() + ": " + why); }

const onnx::AttributeProto* OnnxNode::attribute(const std::string& name) const {
  for (const auto& each : proto_.attribute()) {
    if (each.name() == name) return &each;
  }
  return nullptr;
}

namespace {

using Attribute = onnx::AttributeProto;

const Attribute* typed(const OnnxNode& node, const std::string& name, Attribute::AttributeType type) {
  const Attribute* found = node.attribute(name);
  if (found != nullptr && found->type() != type) node.refuse("its attribute '" + name + "' has a wrong type");
  return found;
}

}  // namespace

std::int64_t OnnxNode::integer(const std::string& name, std::int64_t absent) const {
  const auto* found = typed(*this, name, Attribute::INT);
  return found != nullptr ? found->i() : absent;
}

float OnnxNode::number(const std::string& name, float absent) const {
  const auto* found = typed(*this, name, Attribute::FLOAT);
  if (found != nullptr && !std::isfinite(found->f())) refuse("its attribute '" + name + "' is not finite");
  return found != nullptr ? found->f() : absent;
}

std::string OnnxNode::text(const std::string& name, const std::string& absent) const {
  const auto* found = typed(*this, name, Attribute::STRING);
  return found != nullptr ? found->s() : absent;
}

std::optional<std::vector<std::int64_t>> OnnxNode::integers(const std::string& name) const {
  const auto* found = typed(*this, name, Attribute::INTS);
  if (found == nullptr) return std::nullopt;
  return std::vector<std::int64_t>(found->ints().begin(), found->ints().end());
}

OnnxValuePtr OnnxNode::value(std::size_t i) const {
  if (!has(i)) refuse("its source " + std::to_string(i + 1) + " is missing");
  return builder_.value(proto_.input(static_cast<int>(i)));
}

int OnnxNode::data(std::size_t i) const {
  const auto source = value(i);
  if (source->kind == OnnxValue::Kind::constant) {
    refuse("its source '" + clean(proto_.input(static_cast<int>(i))) + "' is a constant, where data are expected");
  }
  return builder_.data(*source);
}

std::pair<int, std::size_t> OnnxNode::data_and_batch(std::size_t i) const {
  const auto source = value(i);
  if (source->kind == OnnxValue::Kind::moved) return {source->id, source->axis};
  return {data(i), 0};
}

const OnnxConstant& OnnxNode::constant(std::size_t i) const {
  const auto source = value(i);
  if (source->kind != OnnxValue::Kind::constant) {
    refuse("its source '" + clean(proto_.input(static_cast<int>(i))) +
           "' is computed from the image; only a constant can stand there");
  }
  return *source->constant;
}

const OnnxConstant& OnnxNode::floats(std::size_t i, int rank) const {
  const auto& found = constant(i);
  if (found.whole) refuse("its source '" + clean(found.name) + "' holds whole numbers, where floats are expected");
  if (rank >= 0 && found.shape.rank() != static_cast<std::size_t>(rank)) {
    refuse("its source '" + clean(found.name) + "' has the shape " + found.shape.text() + "; " + std::to_string(rank) +
           " axes are expected");
  }
  return found;
}

std::optional<float> OnnxNode::scalar(std::size_t i) const {
  if (!is_constant(i)) return std::nullopt;
  const auto& found = constant(i);
  if (found.size() != 1) return std::nullopt;
  return found.whole ? static_cast<float>(found.integers[0]) : found.floats.floats()[0];
}

const std::vector<std::int64_t>& OnnxNode::whole_numbers(std::size_t i) const {
  const auto& found = constant(i);
  if (!found.whole || found.shape.rank() > 1 || found.size() > 64 || found.growth != 0) {
    refuse("its source '" + clean(found.name) + "' must be a short list of whole numbers");
  }
  return found.integers;
}

std::optional<std::vector<std::int64_t>> OnnxNode::list(const std::string& attribute_name, std::size_t i) const {
  if (has(i)) return whole_numbers(i);
  return integers(attribute_name);
}

std::size_t OnnxNode::axis(std::int64_t value, std::size_t rank) const {
  const auto axes = static_cast<std::int64_t>(rank);
  if (value < -axes || value >= axes) {
    refuse("axis " + std::to_string(value) + " is none of the " + std::to_string(rank) + " that there are");
  }
  return static_cast<std::size_t>(value < 0 ? value + axes : value);
}

int OnnxNode::add(const OperatorPtr& op, std::vector<int> src, const std::string& part) {
  return builder_.add(part.empty() ? name_ : name_ + "/" + part, op, std::move(src));
}

int OnnxNode::parameter(std::size_t i, const Shape& shape, bool buffer, bool decay) {
  const auto& found = floats(i);
  if (shape.elements() != found.shape.elements()) {
    refuse("its source '" + clean(found.name) + "' has the shape " + found.shape.text() + ", where " + shape.text() +
           " is expected");
  }
  return builder_.parameter(found, shape, buffer, decay);
}

int OnnxNode::parameter(const std::string& part, const Tensor& value, bool buffer, bool decay) {
  return builder_.parameter(name_ + "/" + part, value, buffer, decay);
}

int OnnxNode::fixed(const std::string& part, float value) {
  return parameter(part, Tensor::from({1}, std::span(&value, 1)), true);
}

void OnnxNode::define(OnnxValuePtr value, std::size_t which) {
  if (which >= results()) refuse("it has no result");
  builder_.define(proto_.output(static_cast<int>(which)), std::move(value));
}

void OnnxNode::result(int id) { define(std::make_shared<OnnxValue>(OnnxValue{.id = id})); }

void OnnxNode::result(int id, std::size_t batch, std::size_t which) {
  const auto kind = batch == 0 ? OnnxValue::Kind::data : OnnxValue::Kind::moved;
  define(std::make_shared<OnnxValue>(OnnxValue{.kind = kind, .id = id, .layer = name_, .axis = batch}), which);
}

void OnnxNode::result(OnnxConstant constant) {
  // What is the same for each image stays so; what would mix images is refused.
  for (std::size_t i = 0; i < sources() && type() != "Shape"; ++i) {
    if (!is_constant(i)) continue;
    const auto& source = this->constant(i);
    constant.each = constant.each || source.each;
    if (source.growth == 0 || type() == "Add" || type() == "Mul") continue;
    if (type() != "Unsqueeze" && type() != "Reshape") refuse("it computes with the images' numbers");
    constant.growth = source.growth;
  }
  if (constant.each && (constant.shape.rank() == 0 || constant.shape[0] != 1)) {
    refuse("it mixes the images of a batch: images are treated one by one");
  }
  if (proto_.output_size() > 0) constant.name = proto_.output(0);
  OnnxValue value{.kind = OnnxValue::Kind::constant};
  value.constant = std::make_shared<OnnxConstant>(std::move(constant));
  define(std::make_shared<OnnxValue>(std::move(value)));
}

void OnnxNode::result(OnnxValue value) {
  if (value.layer.empty()) value.layer = name_;
  define(std::make_shared<OnnxValue>(std::move(value)));
}

}  // namespace facenet
