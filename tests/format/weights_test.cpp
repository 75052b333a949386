// State dicts for the networks that the library has.
#include "io/weights.hpp"

#include <bit>
#include <cstring>
#include <map>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "models/architectures.hpp"
#include "networks.hpp"

namespace facenet {
namespace {

NamedTensor stored(const std::string& name, const std::string& dtype, const Shape& shape,
                   const std::vector<std::uint8_t>& bytes) {
  const auto owner = std::make_shared<const std::vector<std::uint8_t>>(bytes);
  return {name, dtype, shape, std::as_bytes(std::span(*owner)), owner};
}

// A number of each two: the upper half of float32 is bfloat16.
std::vector<std::uint8_t> bfloats(std::span<const float> values) {
  std::vector<std::uint8_t> bytes;
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    bytes.push_back(static_cast<std::uint8_t>(bits >> 16U));
    bytes.push_back(static_cast<std::uint8_t>(bits >> 24U));
  }
  return bytes;
}

std::vector<NamedTensor> state_dict(const Graph& graph) {
  std::vector<NamedTensor> tensors;
  for (const auto& p : graph.parameters()) tensors.push_back(NamedTensor::of(p->name, p->value));
  return tensors;
}

// The spelling of a PyTorch module of the same structure.
std::string pytorch_name(std::string name) {
  static const std::pair<std::string, std::string> kWords[] = {{"/running_variance", "/running_var"},
                                                               {"/bn/scale", "/bn/weight"},
                                                               {"/bn/shift", "/bn/bias"},
                                                               {"/weights", "/weight"}};
  for (const auto& [ours, theirs] : kWords) {
    if (name.ends_with(ours)) name.replace(name.size() - ours.size(), ours.size(), theirs);
  }
  for (auto& c : name) c = c == '/' ? '.' : c;
  return name;
}

void check_equal(const Graph& a, const Graph& b) {
  const auto p = a.parameters();
  const auto q = b.parameters();
  REQUIRE(p.size() == q.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    INFO(p[i]->name);
    CHECK(p[i]->name == q[i]->name);
    CHECK(test::largest_difference(p[i]->value.floats(), q[i]->value.floats()) == 0);
  }
}

}  // namespace

TEST_CASE("weights: each network from its own names and from PyTorch's") {
  for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
    const Graph graph = models::tiny({.norm = norm, .embedding_size = 24, .seed = 5});
    auto tensors = state_dict(graph);
    check_equal(graph_from_weights("tiny", tensors, "x"), graph);
    for (auto& tensor : tensors) tensor.name = pytorch_name(tensor.name);
    tensors.push_back(stored("conv1.bn.num_batches_tracked", "I64", {}, std::vector<std::uint8_t>(8)));
    check_equal(graph_from_weights("tiny", tensors, "x"), graph);
  }
  const Graph dlib = models::dlib_resnet({.seed = 2});
  check_equal(graph_from_weights("dlib-resnet", state_dict(dlib), "x"), dlib);
}

TEST_CASE("weights: other types of numbers") {
  const Graph graph = models::tiny({.norm = nn::Norm::lrn});
  auto tensors = state_dict(graph);
  const std::size_t bias = 1;
  REQUIRE(tensors[bias].name == "conv1/bias");
  const Shape shape = tensors[bias].shape;
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * 0.5F - 3;
  const auto read = [&] { return graph_from_weights("tiny", tensors, "x").parameters()[bias]->value; };

  tensors[bias] = stored("conv1/bias", "BF16", shape, bfloats(values));
  CHECK(test::largest_difference(read().floats(), values) == 0);

  std::vector<std::uint8_t> doubles(values.size() * 8);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<double>(values[i]);
    std::memcpy(doubles.data() + 8 * i, &value, 8);
  }
  tensors[bias] = stored("conv1/bias", "F64", shape, doubles);
  CHECK(test::largest_difference(read().floats(), values) == 0);

  std::vector<std::uint8_t> halves(values.size() * 2);
  const std::uint16_t some[] = {0x3c00, 0xc100, 0x0001, 0x8400, 0x7bff};  // 1, -2.5, the smallest, -2^-14, the largest
  std::memcpy(halves.data(), some, sizeof some);
  tensors[bias] = stored("conv1/bias", "F16", shape, halves);
  const Tensor from_halves = read();
  CHECK(from_halves.floats()[0] == 1.0F);
  CHECK(from_halves.floats()[1] == -2.5F);
  CHECK(from_halves.floats()[2] == 0x1p-24F);
  CHECK(from_halves.floats()[3] == -0x1p-14F);
  CHECK(from_halves.floats()[4] == 65504.0F);
  CHECK(from_halves.floats()[5] == 0.0F);

  halves[1] = 0x7c;  // infinite
  tensors[bias] = stored("conv1/bias", "F16", shape, halves);
  CHECK_THROWS_WITH(read(), test::Contains("'conv1/bias' holds numbers that are not finite"));
  tensors[bias] = stored("conv1/bias", "I32", shape, std::vector<std::uint8_t>(values.size() * 4));
  CHECK_THROWS_WITH(read(), test::Contains("I32"));
}

TEST_CASE("weights: what does not fit is named") {
  const Graph graph = models::tiny({});
  const auto good = state_dict(graph);
  const auto refused = [](const std::vector<NamedTensor>& tensors, const std::string& word) {
    CHECK_THROWS_AS(graph_from_weights("tiny", tensors, "'x'"), FormatError);
    CHECK_THROWS_WITH(graph_from_weights("tiny", tensors, "'x'"), test::Contains(word));
  };
  auto missing = good;
  missing.erase(missing.begin() + 3);
  refused(missing, "'x': the tensor '" + good[3].name + "' of tiny is missing");
  auto more = good;
  more.push_back(NamedTensor::of("head/weights", Tensor::zeros({{2, 2}})));
  refused(more, "no use for the tensor 'head/weights'");
  auto reshaped = good;
  reshaped[0].shape = {3, 32, 5, 5};
  refused(reshaped, "'conv1/weights' is [3,32,5,5], and tiny wants [32,3,5,5]");
  auto twice = good;
  twice.push_back(good[0]);
  twice.back().name = "conv1.weight";
  refused(twice, "two tensors");
  refused({}, "missing");
  CHECK_THROWS_AS(graph_from_weights("nn9", good, "x"), InvalidArgument);
  CHECK_THROWS_WITH(graph_from_weights("nn2", good, "x"), test::Contains("nn2 wants"));
}

}  // namespace facenet
