// Weights by name: into the library's spelling, then one for one into the network's parameters.
#include "io/weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include <facenet/error.hpp>

#include "base/half.hpp"
#include "models/architectures.hpp"

namespace facenet {
namespace {

constexpr std::string_view kDlib = "dlib-resnet";

// PyTorch's separator and words in the library's.
std::string our_name(std::string name) {
  std::replace(name.begin(), name.end(), '.', '/');
  const auto slash = name.rfind('/');
  if (slash == std::string::npos) return name;
  const std::string layer = name.substr(0, slash);
  const bool norm = layer.ends_with("/bn");
  const std::string word = name.substr(slash + 1);
  if (word == "weight") return layer + (norm ? "/scale" : "/weights");
  if (word == "bias" && norm) return layer + "/shift";
  if (word == "running_var") return layer + "/running_variance";
  return name;
}

template <typename Stored, typename Convert>
void copy_numbers(const NamedTensor& tensor, std::span<float> to, Convert&& convert) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, tensor.bytes.data() + i * sizeof stored, sizeof stored);
    to[i] = convert(stored);
  }
}

void copy_weights(const NamedTensor& tensor, std::span<float> to, const std::string& what) {
  if (tensor.dtype == "F32") {
    copy_numbers<float>(tensor, to, [](float x) { return x; });
  } else if (tensor.dtype == "F64") {
    copy_numbers<double>(tensor, to, [](double x) {
      const bool fits = std::abs(x) <= static_cast<double>(std::numeric_limits<float>::max());
      return fits ? static_cast<float>(x) : std::numeric_limits<float>::quiet_NaN();
    });
  } else if (tensor.dtype == "F16") {
    copy_numbers<std::uint16_t>(tensor, to, float_from_half);
  } else if (tensor.dtype == "BF16") {
    copy_numbers<std::uint16_t>(tensor, to, float_from_bfloat16);
  } else {
    throw FormatError(what + " holds " + tensor.dtype + ", and weights are F32, F64, F16 or BF16");
  }
  if (!std::all_of(to.begin(), to.end(), [](float x) { return std::isfinite(x); })) {
    throw FormatError(what + " holds numbers that are not finite");
  }
}

}  // namespace

std::vector<std::string_view> weights_architectures() {
  auto names = models::architecture_names();
  names.emplace_back(kDlib);
  return names;
}

Graph graph_from_weights(std::string_view architecture, std::span<const NamedTensor> tensors, const std::string& file,
                         std::int64_t side) {
  std::map<std::string, const NamedTensor*> given;
  bool batch_norm = false;
  for (const auto& tensor : tensors) {
    if (tensor.name.ends_with("num_batches_tracked")) continue;  // PyTorch counts; nothing depends on it
    const std::string name = our_name(tensor.name);
    batch_norm = batch_norm || name.ends_with("/bn/scale");
    if (!given.emplace(name, &tensor).second) throw FormatError(file + ": two tensors are meant for '" + name + "'");
  }
  models::ArchitectureOptions options;
  options.size = {side, side};
  options.norm = batch_norm ? nn::Norm::batch : nn::Norm::lrn;
  if (const auto last = given.find("embedding/weights"); last != given.end() && last->second->shape.rank() == 2) {
    options.embedding_size = std::clamp<std::int64_t>(last->second->shape[0], 1, 4096);
  }
  Graph graph = architecture == kDlib ? models::dlib_resnet(options) : models::make_architecture(architecture, options);
  const std::string network = std::string(architecture);
  for (const auto& parameter : graph.parameters()) {
    const auto found = given.find(parameter->name);
    if (found == given.end()) {
      throw FormatError(file + ": the tensor '" + parameter->name + "' of " + network + " is missing; names are like " +
                        "'inception_3a/1x1/weights' or, as PyTorch writes them, 'inception_3a.1x1.weight'");
    }
    const NamedTensor& tensor = *found->second;
    const std::string what = file + ": the tensor '" + tensor.name + "'";
    if (tensor.shape != parameter->value.shape()) {
      throw FormatError(what + " is " + tensor.shape.text() + ", and " + network + " wants " +
                        parameter->value.shape().text());
    }
    copy_weights(tensor, parameter->value.floats(), what);
    given.erase(found);
  }
  if (!given.empty()) {
    throw FormatError(file + ": " + network + " has no use for the tensor '" + given.begin()->second->name + "'");
  }
  return graph;
}

}  // namespace facenet
