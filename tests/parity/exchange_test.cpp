// Writes what pytorch_parity.py compares; asked for by scripts/pytorch-parity.sh alone.
#include <cstdlib>

#include "autograd/tape.hpp"
#include "catch.hpp"
#include "io/graph_json.hpp"
#include "io/safetensors.hpp"
#include "kernels/kernel.hpp"
#include "ops/batch_norm.hpp"
#include "ops/convolution.hpp"
#include "ops/pool.hpp"
#include "parity_case.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

NamedTensor bytes_tensor(const std::string& name, const std::vector<std::uint8_t>& bytes) {
  const auto owner = std::make_shared<std::vector<std::uint8_t>>(bytes);
  return {name, "U8", Shape{static_cast<std::int64_t>(owner->size())}, std::as_bytes(std::span(*owner)), owner};
}

// A bit for each value that a ReLU let through, the first in the lowest bit.
std::vector<std::uint8_t> passed(const Tensor& values) {
  const Tensor plain = kernels::to_plain(values);
  const auto list = plain.floats();
  std::vector<std::uint8_t> bits((list.size() + 7) / 8);
  for (std::size_t k = 0; k < list.size(); ++k) {
    if (list[k] > 0) bits[k / 8] = static_cast<std::uint8_t>(bits[k / 8] | 1U << (k % 8));
  }
  return bits;
}

// Where in its window, row by row, each maximum lies.
std::vector<std::uint8_t> winners(const Tensor& values, const Pool::Parameters& p, const Shape& dst) {
  const Tensor plain = kernels::to_plain(values);
  const Shape& shape = plain.shape();
  std::vector<std::uint8_t> places;
  for (std::int64_t map = 0; map < shape[0] * shape[1]; ++map) {
    const auto data = plain.floats().subspan(static_cast<std::size_t>(map * shape[2] * shape[3]));
    for (std::int64_t at = 0; at < dst[2] * dst[3]; ++at) {
      const std::int64_t top = at / dst[3] * p.stride[0] - p.pad_begin[0];
      const std::int64_t left = at % dst[3] * p.stride[1] - p.pad_begin[1];
      std::int64_t best = -1;
      float largest = 0;
      for (std::int64_t k = 0; k < p.window[0] * p.window[1]; ++k) {
        const std::int64_t y = top + k / p.window[1];
        const std::int64_t x = left + k % p.window[1];
        if (y < 0 || y >= shape[2] || x < 0 || x >= shape[3]) continue;
        const float value = data[static_cast<std::size_t>(y * shape[3] + x)];
        if (best >= 0 && value <= largest) continue;
        best = k;
        largest = value;
      }
      places.push_back(static_cast<std::uint8_t>(best));
    }
  }
  return places;
}

// Runs a network on a tape and notes what its ReLUs and maxima chose.
class ChoiceRecorder final : public Recorder {
 public:
  ChoiceRecorder(std::string prefix, std::vector<NamedTensor>& out)
      : tape({.mode = {.training = true}, .record = false, .update_buffers = false}),
        prefix_(std::move(prefix)),
        out_(out) {}

  Variable apply(const std::string& name, const OperatorPtr& op, std::span<const Variable> src) override {
    const Variable dst = tape.apply(name, op, src);
    const auto* convolution = dynamic_cast<const Convolution*>(op.get());
    const auto* norm = dynamic_cast<const BatchNorm*>(op.get());
    const auto* pool = dynamic_cast<const Pool*>(op.get());
    if ((convolution && convolution->parameters.relu) || (norm && norm->parameters.relu)) {
      out_.push_back(bytes_tensor(prefix_ + name, passed(tape.value(dst))));
    } else if (pool && pool->kind == Pool::Kind::maximum) {
      out_.push_back(bytes_tensor(prefix_ + name, winners(tape.value(src[0]), pool->parameters, tape.shape(dst))));
    }
    return dst;
  }
  Variable parameter(const ParameterPtr& parameter) override { return tape.parameter(parameter); }
  Shape shape(Variable variable) const override { return tape.shape(variable); }

  Tape tape;

 private:
  std::string prefix_;
  std::vector<NamedTensor>& out_;
};

}  // namespace

TEST_CASE("write networks, images, gradients and trained weights to $FACENET_PARITY_FOLDER", "[.exchange]") {
  const char* folder = std::getenv("FACENET_PARITY_FOLDER");
  REQUIRE(folder != nullptr);
  const char* only = std::getenv("FACENET_PARITY_ONLY");
  for (const ParityCase& c : parity_cases()) {
    if (only != nullptr && c.name().find(only) == std::string::npos) continue;
    const Graph graph = parity_network(c);
    const Tensor images = parity_images(graph, c);
    SafetensorsFile file;
    std::int64_t step = 0;
    const auto note_choices = [&](const Tensor& batch) {
      if (c.size != 0) return;
      ChoiceRecorder recorder("choice/" + std::to_string(step++) + "/", file.tensors);
      graph.forward(recorder, recorder.tape.input(batch));
    };
    const ParityResult result = train(graph, c, note_choices);
    file.metadata["graph"] = json_text(graph_to_json(graph));
    file.metadata["options"] = json_text(c.options());
    file.metadata["losses"] = json_text(result.losses);
    file.metadata["triplets"] = json_text(result.triplets);
    const auto bytes = std::span(static_cast<const std::byte*>(images.raw()), images.spec().bytes());
    file.tensors.push_back({"images", "U8", images.shape(), bytes, images.storage()});
    for (const auto& [prefix, tensors] : {std::pair{"before/", &result.before}, std::pair{"after/", &result.after},
                                          std::pair{"gradient/", &result.gradients}}) {
      for (const auto& [name, tensor] : *tensors) file.tensors.push_back(NamedTensor::of(prefix + name, tensor));
    }
    write_safetensors(std::filesystem::path(folder) / (c.name() + ".safetensors"), file);
  }
}
