// ONNX files as models: real networks against their golden embeddings, and our own after a round trip.
#ifdef FACENET_HAVE_ONNX
#include "io/onnx_import.hpp"

#include <cmath>
#include <set>

#include <facenet/embeddings.hpp>
#include <facenet/error.hpp>
#include <facenet/image.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "graph/passes/passes.hpp"
#include "infer/plan.hpp"
#include "io/onnx_export.hpp"
#include "networks.hpp"

namespace facenet {
namespace {

// Pixels of the sixteen golden crops, one after the other.
std::vector<std::uint8_t> crops(const std::filesystem::path& data, int size) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 16; ++i) {
    const std::string number = (i < 10 ? "0" : "") + std::to_string(i);
    const Image image = Image::open(data / "golden/crops" / (number + "-" + std::to_string(size) + ".png"));
    REQUIRE(image.width() == size);
    const std::span<const std::uint8_t> rgb = image.pixels();
    pixels.insert(pixels.end(), rgb.begin(), rgb.end());
  }
  return pixels;
}

// The largest distance between embeddings, over the golden one's norm.
double largest_error(std::span<const float> actual, const Embeddings& golden) {
  double largest = 0;
  const std::size_t columns = golden.dimension;
  for (std::size_t row = 0; row < 16; ++row) {
    double error = 0;
    double norm = 0;
    for (std::size_t i = row * columns; i < (row + 1) * columns; ++i) {
      const auto want = static_cast<double>(golden.values[i]);
      error += std::pow(static_cast<double>(actual[i]) - want, 2);
      norm += want * want;
    }
    largest = std::max(largest, std::sqrt(error / norm));
  }
  return largest;
}

}  // namespace

TEST_CASE("real networks give their golden embeddings, and so do their exports") {
  const auto data = test::shared_data();
  if (!data) return;
  const test::ScratchFolder scratch;
  struct Network {
    std::string name;
    std::string template_name;
    int size;
  };
  const Network networks[] = {{"mobilefacenet-y1", "arcface-112", 112}, {"dlib-face-resnet-v1", "dlib-mtcnn-150", 150}};
  for (const auto& network : networks) {
    INFO(network.name);
    ImportOptions options{.template_name = network.template_name, .normalise = false};
    const Embeddings golden = read_npy(*data / "golden" / (network.name + ".npy"));
    const auto pixels = crops(*data, network.size);
    const ModelData model = import_file(*data / "models" / (network.name + ".onnx"), options);
    CHECK(model.contract.template_name == network.template_name);
    CHECK(model.data_notes.find("SHA-256") != std::string::npos);
    CHECK_FALSE(is_normalised(model.graph));
    CHECK(largest_error(test::tape_embeddings(model.graph, pixels), golden) < 1e-5);
    CHECK(largest_error(test::tape_embeddings(passes::optimised(model.graph), pixels), golden) < 1e-5);

    export_onnx(scratch / "again.onnx", model, "fingerprint");
    options.template_name.clear();
    const ModelData again = import_file(scratch / "again.onnx", options);
    CHECK(again.contract.template_name == network.template_name);
    CHECK(largest_error(test::tape_embeddings(again.graph, pixels), golden) < 1e-5);

    options.normalise = true;
    CHECK(is_normalised(import_file(scratch / "again.onnx", options).graph));
  }
}

TEST_CASE("our own networks come back from ONNX as they went, contract and notes included") {
  const test::ScratchFolder scratch;
  const auto norm = GENERATE(nn::Norm::batch, nn::Norm::lrn);
  ModelData model{test::seasoned_network("tiny", norm), {}, "tiny", "CC0", "made up", R"({"steps":3})", ""};
  model.contract.template_name = "ours";
  model.contract.template_points = {1.5F, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  model.contract.crop_fraction = 0.8F;
  export_onnx(scratch / "a.onnx", model, "f");
  const ModelData again = import_file(scratch / "a.onnx", {});
  CHECK(again.architecture == "tiny");
  CHECK(again.licence == "CC0");
  CHECK(again.data_notes.find("made up; imported from the ONNX file 'a.onnx', SHA-256 ") == 0);
  CHECK(again.training == model.training);
  CHECK(again.contract.template_points == model.contract.template_points);
  CHECK(again.contract.crop_fraction == model.contract.crop_fraction);
  CHECK(again.graph.parameter_count() == model.graph.parameter_count());
  CHECK(is_normalised(again.graph));
  // The same operators: an L2 pool is one again, not squares and roots.
  std::multiset<std::string> before;
  std::multiset<std::string> after;
  const Graph plain = passes::fuse_relu(passes::remove_dropout(model.graph));
  const Graph fused = passes::fuse_relu(again.graph);
  for (const auto& node : plain.nodes()) before.emplace(node.op->name());
  for (const auto& node : fused.nodes()) after.emplace(node.op->name());
  after.erase("reshape");  // before the linear layer, which takes maps as they are
  CHECK(after == before);
  const auto images = test::random_images(model.graph, 3, 5);
  CHECK(test::largest_difference(test::tape_embeddings(model.graph, images),
                                 test::tape_embeddings(again.graph, images)) < 1e-6F);
}

}  // namespace facenet
#endif
