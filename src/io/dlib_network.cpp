// dlib's serialisation: whole numbers as a byte of length and sign and then the digits to base 256, lowest first; real
// ones as mantissa and binary exponent; tensors as four extents and raw float32. A network is a chain of versions from
// its loss down to the image, then the layers from the image up.
#include "io/dlib_network.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <facenet/error.hpp>

#include "models/architectures.hpp"
#include "ops/arithmetic.hpp"
#include "ops/convolution.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/linear.hpp"
#include "ops/pool.hpp"
#include "ops/relu.hpp"

namespace facenet {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

constexpr std::size_t kMostLayers = 4096;
constexpr std::int64_t kLargestExtent = 1 << 24;

class Reader {
 public:
  Reader(std::span<const std::uint8_t> bytes, const std::string& name) : bytes_(bytes), file_("'" + name + "'") {}

  std::size_t offset() const { return offset_; }
  bool at_end() const { return offset_ == bytes_.size(); }
  [[noreturn]] void fail(const std::string& why) const {
    throw FormatError(file_ + ", byte " + std::to_string(offset_) + ": " + why);
  }

  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > bytes_.size() - offset_) {
      fail("it wants " + std::to_string(count) + " bytes, and " + std::to_string(bytes_.size() - offset_) +
           " are left: the file is cut off or damaged");
    }
    const auto part = bytes_.subspan(offset_, static_cast<std::size_t>(count));
    offset_ += part.size();
    return part;
  }

  std::int64_t integer() {
    const unsigned control = take(1)[0];
    const unsigned count = control & 0x0fU;
    if ((control & 0x70U) != 0 || count < 1 || count > 8) fail("no whole number of dlib's stands here");
    std::uint64_t value = 0;
    unsigned shift = 0;
    for (const unsigned byte : take(count)) {
      value |= std::uint64_t{byte} << shift;
      shift += 8;
    }
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail("a number is too large");
    const auto magnitude = static_cast<std::int64_t>(value);
    return (control & 0x80U) != 0 ? -magnitude : magnitude;
  }

  std::int64_t integer(std::int64_t least, std::int64_t most, const char* what) {
    const std::int64_t value = integer();
    if (value < least || value > most) {
      fail(std::string(what) + " is " + std::to_string(value) + ", and must be from " + std::to_string(least) + " to " +
           std::to_string(most));
    }
    return value;
  }

  double real() {
    const std::int64_t mantissa = integer();
    return std::ldexp(static_cast<double>(mantissa), static_cast<int>(integer(-2000, 900, "a number's exponent")));
  }

  std::string word() {
    const auto text = take(static_cast<std::uint64_t>(integer(1, 64, "the length of a layer's name")));
    if (!std::all_of(text.begin(), text.end(), [](unsigned c) { return c > 0x20 && c < 0x7f; })) {
      fail("a layer's name is none");
    }
    return {text.begin(), text.end()};
  }

  void boolean() {
    const unsigned value = take(1)[0];
    if (value != '0' && value != '1') fail("neither true nor false");
  }

  // The floats' bytes.
  std::span<const std::uint8_t> tensor() {
    integer(2, 2, "a tensor's version");
    return take(volume() * sizeof(float));
  }

  // How a layer's tensor is divided; the elements of a part.
  std::uint64_t part() {
    integer(1, 1, "a tensor part's version");
    return volume();
  }

 private:
  std::uint64_t volume() {
    std::uint64_t product = 1;
    for (int i = 0; i < 4; ++i) {
      product *= static_cast<std::uint64_t>(integer(0, kLargestExtent, "a tensor's extent"));
      if (product > bytes_.size()) fail("a tensor is larger than the file");
    }
    return product;
  }

  std::span<const std::uint8_t> bytes_;
  std::string file_;
  std::size_t offset_ = 0;
};

void read_integers(Reader& reader, std::vector<std::int64_t>& to, int count) {
  for (int i = 0; i < count; ++i) to.push_back(reader.integer(0, kLargestExtent, "a layer's size"));
}

// What lies in the layer's tensor must be what the layer says of it.
void require_numbers(const Reader& reader, const DlibLayer& layer, std::uint64_t count) {
  if (layer.numbers.size() != count * sizeof(float)) {
    reader.fail("the layer '" + layer.kind + "' has " + std::to_string(layer.numbers.size() / sizeof(float)) +
                " numbers where its sizes make " + std::to_string(count));
  }
}

DlibLayer read_layer(Reader& reader) {
  DlibLayer layer;
  layer.offset = reader.offset();
  layer.kind = reader.word();
  if (layer.kind == "con_4") {
    layer.numbers = reader.tensor();
    read_integers(reader, layer.sizes, 7);
    const std::uint64_t filters = reader.part();
    require_numbers(reader, layer, filters + reader.part());
    for (int i = 0; i < 4; ++i) reader.real();  // multipliers of learning rate and weight decay
  } else if (layer.kind == "affine_") {
    layer.numbers = reader.tensor();
    const std::uint64_t channels = reader.part();
    require_numbers(reader, layer, channels + reader.part());
    layer.sizes = {static_cast<std::int64_t>(channels)};
    reader.integer(0, 0, "an affine layer's mode (0: by channel)");
  } else if (layer.kind == "max_pool_2" || layer.kind == "avg_pool_2") {
    read_integers(reader, layer.sizes, 6);
  } else if (layer.kind == "fc_2") {
    read_integers(reader, layer.sizes, 2);
    layer.numbers = reader.tensor();
    const std::uint64_t weights = reader.part();
    require_numbers(reader, layer, weights + reader.part());
    reader.integer(1, 1, "a fully connected layer's bias mode (1: none)");
    for (int i = 0; i < 4; ++i) reader.real();
  } else if (layer.kind != "relu_" && layer.kind != "add_prev_") {
    reader.fail("the layer '" + layer.kind +
                "' is not known: of dlib's networks only that for face recognition is read");
  }
  return layer;
}

// State of training, which a finished network has not.
void skip_state(Reader& reader) {
  for (int i = 0; i < 3; ++i) reader.boolean();
  for (int i = 0; i < 3; ++i) reader.tensor();
}

}  // namespace

DlibNetwork parse_dlib_network(std::span<const std::uint8_t> bytes, const std::string& name) {
  Reader reader(bytes, name);
  if (!std::equal(bytes.begin(), bytes.begin() + std::min<std::ptrdiff_t>(2, std::ssize(bytes)), "\1\1")) {
    reader.fail("this is no network of dlib's");
  }
  reader.integer();
  if (const std::string loss = reader.word(); loss != "loss_metric_2") {
    reader.fail("the network was made for '" + loss + "'; the one for face recognition has 'loss_metric_2'");
  }
  reader.real();  // the loss's margin and threshold
  reader.real();
  // From the loss down: 2 for each layer, 1 for each tag and skip, 3 for the layer that reads the image.
  std::size_t layers = 1;
  for (std::size_t links = 0; const auto version = reader.integer(1, 3, "a layer's version"); ++links) {
    if (version == 3) break;
    if (version == 2) ++layers;
    if (links == kMostLayers) reader.fail("there are more than " + std::to_string(kMostLayers) + " layers");
  }
  DlibNetwork network;
  if (const std::string input = reader.word(); input != "input_rgb_image_sized") {
    reader.fail("the network reads '" + input + "'; the one for face recognition 'input_rgb_image_sized'");
  }
  for (auto& mean : network.mean) mean = reader.real();
  network.rows = reader.integer(1, 4096, "the image's height");
  network.columns = reader.integer(1, 4096, "the image's width");
  while (!reader.at_end()) {
    if (network.layers.size() == layers) reader.fail("something follows the last layer");
    network.layers.push_back(read_layer(reader));
    skip_state(reader);
    if (network.layers.size() == 1) reader.integer(1, 1, "the number of outputs for an image");
  }
  if (network.layers.size() != layers) {
    reader.fail("the file ends after " + std::to_string(network.layers.size()) + " of " + std::to_string(layers) +
                " layers");
  }
  return network;
}

namespace {

// Takes the file's layers in the order in which the graph wants them.
class Filler {
 public:
  Filler(const DlibNetwork& network, const std::string& name) : network_(network), file_("'" + name + "'") {}

  void fill(const Graph& graph) {
    for (const auto& node : graph.nodes()) {
      const auto parameter = [&](std::size_t i) { return graph.value(node.src[i]).parameter->value; };
      if (const auto* conv = dynamic_cast<const Convolution*>(node.op.get())) {
        convolution(node.name, conv->parameters, parameter(1), parameter(2));
      } else if (const auto* pool = dynamic_cast<const Pool*>(node.op.get())) {
        const auto& p = pool->parameters;
        next(pool->kind == Pool::Kind::maximum ? "max_pool_2" : "avg_pool_2", node.name,
             {p.window[0], p.window[1], p.stride[0], p.stride[1], 0, 0});
      } else if (dynamic_cast<const Arithmetic*>(node.op.get()) != nullptr) {
        next("add_prev_", node.name, {});
      } else if (dynamic_cast<const Relu*>(node.op.get()) != nullptr) {
        next("relu_", node.name, {});
      } else if (dynamic_cast<const Linear*>(node.op.get()) != nullptr) {
        linear(node.name, parameter(1));
      }
    }
    if (taken_ != network_.layers.size()) {
      throw FormatError(file_ + ": the network has " + std::to_string(network_.layers.size()) +
                        " layers, and that for face recognition " + std::to_string(taken_));
    }
  }

 private:
  std::vector<float> next(const std::string& kind, const std::string& place, const std::vector<std::int64_t>& sizes) {
    const std::string wanted = " where face recognition has '" + kind + "' (our " + place + ")";
    if (taken_ == network_.layers.size()) throw FormatError(file_ + ": the network ends" + wanted);
    const auto& layer = network_.layers[taken_++];
    const std::string which = file_ + ": layer " + std::to_string(taken_) + ", '" + layer.kind + "' at byte " +
                              std::to_string(layer.offset) + ",";
    if (layer.kind != kind) throw FormatError(which + " stands" + wanted);
    if (layer.sizes != sizes) {
      const auto list = [](const std::vector<std::int64_t>& numbers) {
        std::string text;
        for (const auto n : numbers) text += (text.empty() ? "" : " ") + std::to_string(n);
        return text;
      };
      throw FormatError(which + " has the sizes (" + list(layer.sizes) + "), and " + place + " wants (" + list(sizes) +
                        ")");
    }
    std::vector<float> numbers(layer.numbers.size() / sizeof(float));
    if (!numbers.empty()) std::memcpy(numbers.data(), layer.numbers.data(), layer.numbers.size());
    if (!std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::isfinite(x); })) {
      throw FormatError(which + " holds weights that are not finite: the file is damaged");
    }
    return numbers;
  }

  void require_size(const std::vector<float>& numbers, std::size_t size, const std::string& place) const {
    if (numbers.size() == size) return;
    throw FormatError(file_ + ": " + place + " has " + std::to_string(numbers.size()) + " weights, and should have " +
                      std::to_string(size));
  }

  void convolution(const std::string& place, const Convolution::Parameters& p, const Tensor& weights,
                   const Tensor& bias) {
    const Shape& s = weights.shape();
    const auto filters =
        next("con_4", place, {s[0], s[2], s[3], p.stride[0], p.stride[1], p.pad_begin[0], p.pad_begin[1]});
    const auto affine = next("affine_", place, {s[0]});
    if (p.relu) next("relu_", place, {});
    const auto w = weights.floats();
    const auto b = bias.floats();
    require_size(filters, w.size() + b.size(), place);
    require_size(affine, 2 * b.size(), place);
    const std::size_t row = w.size() / b.size();
    const auto product = [&](float gamma, float factor, float summand) {
      const double value = static_cast<double>(gamma) * static_cast<double>(factor) + static_cast<double>(summand);
      if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
        throw FormatError(file_ + ": weights of " + place + " are too large: the file is damaged");
      }
      return static_cast<float>(value);
    };
    for (std::size_t o = 0; o < b.size(); ++o) {
      const float gamma = affine[o];
      for (std::size_t i = o * row; i < (o + 1) * row; ++i) w[i] = product(gamma, filters[i], 0);
      b[o] = product(gamma, filters[w.size() + o], affine[b.size() + o]);
    }
  }

  void linear(const std::string& place, const Tensor& weights) {
    const auto outputs = static_cast<std::size_t>(weights.shape()[0]);
    const auto inputs = static_cast<std::size_t>(weights.shape()[1]);
    const auto numbers = next("fc_2", place, {weights.shape()[0], weights.shape()[1]});
    require_size(numbers, outputs * inputs, place);
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t i = 0; i < inputs; ++i) weights.floats()[o * inputs + i] = numbers[i * outputs + o];
    }
  }

  const DlibNetwork& network_;
  std::string file_;
  std::size_t taken_ = 0;
};

}  // namespace

Graph dlib_face_network(std::span<const std::uint8_t> bytes, const std::string& name) {
  const DlibNetwork network = parse_dlib_network(bytes, name);
  Graph graph = models::dlib_resnet({});
  const auto& image = dynamic_cast<const ImageToTensor&>(*graph.nodes().front().op).parameters;
  for (std::size_t i = 0; i < 3; ++i) {
    if (static_cast<float>(network.mean[i]) != image.mean[i]) {
      throw FormatError("'" + name + "': the network subtracts another mean than that for face recognition");
    }
  }
  if (network.rows != graph.input_shape()[1] || network.columns != graph.input_shape()[2]) {
    throw FormatError("'" + name + "': the network reads images of " + std::to_string(network.rows) + "x" +
                      std::to_string(network.columns) + ", and that for face recognition 150x150");
  }
  Filler(network, name).fill(graph);
  return graph;
}

}  // namespace facenet
