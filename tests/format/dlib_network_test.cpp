// dlib's .dat files: what is written is read again, the published file if it is there, and damage of all kinds.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include <facenet/embeddings.hpp>
#include <facenet/error.hpp>
#include <facenet/image.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "dlib_file.hpp"
#include "infer/plan.hpp"
#include "io/dlib_network.hpp"
#include "io/importers.hpp"
#include "models/architectures.hpp"
#include "mutations.hpp"
#include "networks.hpp"
#include "ops/arithmetic.hpp"
#include "ops/convolution.hpp"
#include "ops/linear.hpp"
#include "ops/pad.hpp"
#include "ops/pool.hpp"
#include "ops/relu.hpp"

namespace facenet {
namespace {

// The face recognition network with a graph's weights, each convolution divided by what its affine layer multiplies.
test::DlibWriter face_file(const Graph& graph, const std::vector<double>& mean = {122.782, 117.001, 104.298}) {
  test::DlibWriter file;
  std::vector<int> links(107, 2);
  links.insert(links.begin() + 5, {1, 1, 1});
  links.push_back(3);
  file.begin(links, mean);
  for (const auto& node : graph.nodes()) {
    const auto values = [&](std::size_t i) { return graph.value(node.src[i]).parameter->value; };
    if (const auto* conv = dynamic_cast<const Convolution*>(node.op.get())) {
      const auto& p = conv->parameters;
      const Shape s = values(1).shape();
      const auto w = values(1).floats();
      const auto b = values(2).floats();
      std::vector<float> numbers;
      std::vector<float> affine(2 * b.size());
      for (std::size_t o = 0; o < b.size(); ++o) affine[o] = o % 2 == 0 ? 4.0F : -0.5F;
      for (std::size_t i = 0; i < w.size(); ++i) numbers.push_back(w[i] / affine[i / (w.size() / b.size())]);
      for (std::size_t o = 0; o < b.size(); ++o) {
        numbers.push_back(0.25F);
        affine[b.size() + o] = b[o] - affine[o] * 0.25F;
      }
      file.con({s[0], s[2], s[3], p.stride[0], p.stride[1], p.pad_begin[0], p.pad_begin[1]}, numbers);
      file.affine(affine);
      if (p.relu) file.plain("relu_");
    } else if (const auto* pool = dynamic_cast<const Pool*>(node.op.get())) {
      const auto& p = pool->parameters;
      file.plain(pool->kind == Pool::Kind::maximum ? "max_pool_2" : "avg_pool_2",
                 {p.window[0], p.window[1], p.stride[0], p.stride[1], 0, 0});
    } else if (dynamic_cast<const Arithmetic*>(node.op.get()) != nullptr) {
      file.plain("add_prev_");
    } else if (dynamic_cast<const Relu*>(node.op.get()) != nullptr) {
      file.plain("relu_");
    } else if (dynamic_cast<const Linear*>(node.op.get()) != nullptr) {
      const auto w = values(1).floats();
      std::vector<float> transposed(w.size());
      for (std::size_t i = 0; i < w.size(); ++i) transposed[i % 256 * 128 + i / 256] = w[i];
      file.fc(128, 256, transposed);
    }
  }
  return file;
}

// Every kind of layer, in two kilobytes.
std::vector<std::uint8_t> small_file() {
  test::DlibWriter file;
  file.begin({2, 2, 1, 2, 1, 2, 2, 2, 3});
  file.con({4, 3, 3, 2, 2, 0, 0}, std::vector<float>(4 * 27 + 4, 0.5F));
  file.affine({1, 2, 3, 4, 5, 6, 7, 8});
  file.plain("relu_");
  file.plain("max_pool_2", {3, 3, 2, 2, 0, 0});
  file.plain("add_prev_");
  file.plain("avg_pool_2", {0, 0, 1, 1, 0, 0});
  file.fc(2, 4, {1, 2, 3, 4, 5, 6, 7, 8});
  return file.bytes;
}

}  // namespace

TEST_CASE("dlib network: the layers as they lie in the file") {
  const auto bytes = small_file();
  const DlibNetwork network = parse_dlib_network(bytes, "small.dat");
  CHECK(network.mean[0] == Approx(122.782));
  CHECK(network.mean[2] == Approx(104.298));
  CHECK(network.rows == 150);
  REQUIRE(network.layers.size() == 7);
  CHECK(network.layers[0].kind == "con_4");
  CHECK(network.layers[0].sizes == std::vector<std::int64_t>{4, 3, 3, 2, 2, 0, 0});
  CHECK(network.layers[0].numbers.size() == (4 * 27 + 4) * sizeof(float));
  CHECK(network.layers[1].sizes == std::vector<std::int64_t>{4});
  CHECK(network.layers[3].sizes == std::vector<std::int64_t>{3, 3, 2, 2, 0, 0});
  CHECK(network.layers[6].sizes == std::vector<std::int64_t>{2, 4});
  CHECK_THROWS_WITH(dlib_face_network(bytes, "small.dat"), test::Contains("'small.dat': layer 1, 'con_4'"));
}

TEST_CASE("dlib network: weights come back, affine layers folded into them") {
  const Graph graph = models::dlib_resnet({.seed = 3});
  for (const auto& p : graph.parameters()) {
    if (!p->name.ends_with("/bias")) continue;
    for (std::size_t i = 0; i < p->value.floats().size(); ++i)
      p->value.floats()[i] = 0.125F * static_cast<float>(i % 7);
  }
  CHECK(graph.parameter_count() == 5'607'488);
  auto file = face_file(graph);
  const Graph read = dlib_face_network(file.bytes, "x.dat");
  const auto a = graph.parameters();
  const auto b = read.parameters();
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO(a[i]->name);
    CHECK(a[i]->name == b[i]->name);
    CHECK(test::largest_difference(a[i]->value.floats(), b[i]->value.floats()) == 0);
  }
  // What stands where it should not, by name and place.
  const auto refused = [&](std::vector<std::uint8_t> bytes, const std::string& word) {
    CHECK_THROWS_AS(dlib_face_network(bytes, "x.dat"), FormatError);
    CHECK_THROWS_WITH(dlib_face_network(bytes, "x.dat"), test::Contains(word));
  };
  auto nan = file.bytes;
  for (int i = 0; i < 4; ++i) nan[file.layers[0] + 100 + static_cast<std::size_t>(i)] = 0xff;
  refused(nan, "not finite");
  auto another = file.bytes;
  another[file.layers[2] + 2 + 4] = '2';  // relu_ becomes relu2
  refused(another, "'relu2' is not known");
  auto pad = file.bytes;
  pad[file.layers[3] + 2 + 10 + 9] = 2;  // the pool's fifth size
  refused(pad, "(3 3 2 2 2 0)");
  refused(face_file(graph, {100, 117.001, 104.298}).bytes, "another mean");
  auto longer = file.bytes;
  longer.push_back(1);
  refused(longer, "follows the last layer");
  Random random(5);
  for (int i = 0; i < 60; ++i) {  // the bytes of sizes and names, not those of weights
    auto bytes = file.bytes;
    const std::size_t layer = file.layers[random.below(file.layers.size())];
    const std::size_t at = layer + random.below(std::min<std::size_t>(24, bytes.size() - layer));
    bytes[at] = static_cast<std::uint8_t>(random.below(256));
    if (i % 3 == 0) bytes.resize(at);
    try {
      (void)dlib_face_network(bytes, "x.dat");
    } catch (const FormatError&) {
    }
  }
}

TEST_CASE("dlib network: import gives a model with dlib's contract") {
  const auto file = face_file(models::dlib_resnet({}));
  const auto import = [&](const ImportOptions& options) {
    return import_source({.bytes = file.bytes, .name = "'x.dat'"}, options);
  };
  const ModelData model = import({.licence = "CC0"});
  CHECK(is_normalised(model.graph));
  CHECK(model.architecture == "dlib-resnet");
  CHECK(model.licence == "CC0");
  CHECK_THAT(model.data_notes, test::Contains("from the dlib file 'x.dat', SHA-256 "));
  CHECK(model.contract.template_name == "dlib-mtcnn-150");
  REQUIRE(model.contract.template_points.has_value());
  CHECK((*model.contract.template_points)[0] == 48.543F);
  const ImageInput input = image_input_of(model.graph);
  CHECK(input.mean == std::array<float, 3>{122.782F, 117.001F, 104.298F});
  CHECK(input.scale[1] == 1.0F / 256);
  CHECK_FALSE(is_normalised(import({.normalise = false}).graph));
  CHECK(import({.template_name = "none"}).contract.template_name.empty());
  CHECK_THROWS_AS(import({.bgr = true}), InvalidArgument);
  CHECK_THROWS_AS(import({.template_name = "arcface-112"}), InvalidArgument);
}

TEST_CASE("dlib network: the shape of the network") {
  const Graph graph = models::dlib_resnet({});
  CHECK(graph.input_shape() == Shape{1, 150, 150, 3});
  CHECK(graph.output_shape() == Shape{1, 128});
  int convolutions = 0;
  std::vector<std::string> padded;
  for (const auto& node : graph.nodes()) {
    convolutions += dynamic_cast<const Convolution*>(node.op.get()) != nullptr ? 1 : 0;
    if (dynamic_cast<const Pad*>(node.op.get()) != nullptr) padded.push_back(node.name);
    if (node.name == "level3_1/add") CHECK(graph.value(node.dst).shape == Shape{1, 64, 17, 17});
    if (node.name == "level1_1/add") CHECK(graph.value(node.dst).shape == Shape{1, 256, 4, 4});
    if (node.name == "level0_1/add") CHECK(graph.value(node.dst).shape == Shape{1, 256, 2, 2});
  }
  CHECK(convolutions == 29);
  CHECK(padded == std::vector<std::string>{"level3_1/shortcut", "level2_1/shortcut", "level1_1/shortcut",
                                           "level1_1/body", "level0_1/body"});
}

TEST_CASE("dlib network: other files are named for what they are not") {
  const auto refused = [](const std::vector<std::uint8_t>& bytes, const std::string& word) {
    CHECK_THROWS_AS(parse_dlib_network(bytes, "x.dat"), FormatError);
    CHECK_THROWS_WITH(parse_dlib_network(bytes, "x.dat"), test::Contains(word));
  };
  refused({}, "cut off");
  refused({'P', 'K', 3, 4}, "no network of dlib's");
  test::DlibWriter detector;
  detector.begin({3}, {1, 2, 3}, "loss_mmod_");
  refused(detector.bytes, "'loss_mmod_'");
  std::vector<std::uint8_t> links(30000, 1);  // a chain without end
  test::DlibWriter start;
  start.begin({});
  std::vector<std::uint8_t> chain(start.bytes.begin(), start.bytes.begin() + 50);
  chain.insert(chain.end(), links.begin(), links.end());
  CHECK_THROWS_AS(parse_dlib_network(chain, "x.dat"), FormatError);
}

TEST_CASE("dlib network: damaged and cut-off files") {
  const auto good = small_file();
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_THROWS_AS(parse_dlib_network(std::span(good).first(size), "x.dat"), FormatError);
  }
  Random random(11);
  int read = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto bytes = test::damaged(good, random);
    try {
      (void)parse_dlib_network(bytes, "x.dat");
      ++read;
    } catch (const FormatError&) {
    }
  }
  CHECK(read > 0);  // damage to weights alone goes unseen
  CHECK(read < 20000);
}

// The published network, where scripts/get-models.sh put it: in models/, or in the folder $FACENET_MODELS.
TEST_CASE("dlib network: the published weights give the published embeddings") {
  const auto shared = test::shared_data();
  const char* folder = std::getenv("FACENET_MODELS");
  const auto models = folder != nullptr ? std::filesystem::path(folder) : test::source_dir() / "models";
  const auto path = models / "dlib_face_recognition_resnet_model_v1.dat";
  if (!shared || !std::filesystem::exists(path)) {
    std::cerr << "SKIPPED: needs dlib's published network (scripts/get-models.sh) and the test data\n";
    return;
  }
  Graph graph = dlib_face_network(read_file(path), path.string());
  // The recorded embeddings are those before normalisation.
  REQUIRE(graph.nodes().back().op->name() == "l2_normalize");
  graph.set_output(graph.nodes().back().src[0]);
  Context context(Plan::compile(graph, {.batch = 16}));
  auto to = context.input().begin();
  const auto golden_folder = *shared / "golden";
  for (int i = 0; i < 16; ++i) {
    const std::string number = (i < 10 ? "0" : "") + std::to_string(i);
    const Image image = Image::open(golden_folder / "crops" / (number + "-150.png"));
    REQUIRE(image.width() == 150);
    REQUIRE(image.height() == 150);
    to = std::copy(image.pixels().begin(), image.pixels().end(), to);
  }
  const Embeddings golden = read_npy(golden_folder / "dlib-face-resnet-v1.npy");
  const auto ours = context.run();
  for (std::size_t i = 0; i < 16; ++i) {
    double difference = 0;
    double norm = 0;
    for (std::size_t k = 0; k < 128; ++k) {
      const auto expected = static_cast<double>(golden[i][k]);
      const auto distance = static_cast<double>(ours[i * 128 + k]) - expected;
      difference += distance * distance;
      norm += expected * expected;
    }
    INFO("crop " << i << ": relative difference " << std::sqrt(difference / norm));
    CHECK(std::sqrt(difference / norm) < 1e-4);
  }
}

}  // namespace facenet
