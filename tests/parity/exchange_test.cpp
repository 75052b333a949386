// Writes what pytorch_parity.py compares; asked for by scripts/pytorch-parity.sh alone.
#include <cstdlib>

#include "catch.hpp"
#include "io/graph_json.hpp"
#include "io/safetensors.hpp"
#include "parity_case.hpp"

using namespace facenet;
using namespace facenet::test;

TEST_CASE("write networks, images, gradients and trained weights to $FACENET_PARITY_FOLDER", "[.exchange]") {
  const char* folder = std::getenv("FACENET_PARITY_FOLDER");
  REQUIRE(folder != nullptr);
  const char* only = std::getenv("FACENET_PARITY_ONLY");
  for (const ParityCase& c : parity_cases()) {
    if (only != nullptr && c.name().find(only) == std::string::npos) continue;
    const Graph graph = parity_network(c);
    const Tensor images = parity_images(graph, c);
    const ParityResult result = train(graph, c);
    SafetensorsFile file;
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
