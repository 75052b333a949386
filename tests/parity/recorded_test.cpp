// Gradients and short trainings against what PyTorch gave (scripts/pytorch-parity.sh --record).
#include <cmath>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "parity_case.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

constexpr double kGradientTolerance = 1e-3;
constexpr double kLossTolerance = 1e-3;
// AdaGrad and Adam begin with the gradient's sign: where that is nearly 0, as that of a shift is whose effect the next
// batch normalisation takes out, the sign is rounding's. Of how biases, scales and shifts change, only the length is
// compared then; with SGD all is.
constexpr double kChangeTolerance = 2e-2;
constexpr double kLengthTolerance = 0.5;

Json recorded(const ParityCase& c) {
  const auto path = source_dir() / "tests/parity/recorded" / (c.name() + ".json");
  const auto bytes = read_file(path);
  return parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

// Each product with signs changes by about the L2 norm of a difference, now more, now less: all four within
// `tolerance` of the values' norm bound the relative difference by about that.
void check_digest(const std::string& name, std::span<const double> values, const Json& expected, double tolerance) {
  const auto actual = digest(values);
  REQUIRE(expected.size() == actual.size());
  const double length = expected[0].get<double>();
  for (std::size_t j = 0; j < actual.size(); ++j) {
    INFO(name << (j == 0 ? ": L2 norm " : ": a product with signs, ") << actual[j] << ", recorded " << expected[j]
              << ", recorded norm " << length);
    CHECK(std::abs(actual[j] - expected[j].get<double>()) <= tolerance * length);
  }
}

std::vector<double> difference(std::span<const float> after, std::span<const float> before) {
  std::vector<double> values(after.begin(), after.end());
  for (std::size_t k = 0; k < values.size(); ++k) values[k] -= static_cast<double>(before[k]);
  return values;
}

}  // namespace

TEST_CASE("gradients, losses and weights of short trainings are those of PyTorch", "[parity]") {
  for (const ParityCase& c : parity_cases()) {
    if (c.size == 0) continue;  // minutes, and ReLUs near a tie: scripts/pytorch-parity.sh
    INFO(c.name());
    const Json expected = recorded(c);
    REQUIRE(json_text(expected.at("options")) == json_text(c.options()));
    const Graph graph = parity_network(c);
    const ParityResult result = train(graph, c);

    CHECK(json_text(result.triplets) == json_text(expected.at("triplets")));
    REQUIRE(result.losses.size() == expected.at("losses").size());
    for (std::size_t i = 0; i < result.losses.size(); ++i) {
      INFO("step " << i + 1);
      CHECK(result.losses[i] == Approx(expected["losses"][i].get<double>()).epsilon(kLossTolerance));
    }
    REQUIRE(result.gradients.size() == expected.at("gradients").size());
    for (const auto& [name, gradient] : result.gradients) {
      const auto values = gradient.floats();
      check_digest("gradient of " + name, std::vector<double>(values.begin(), values.end()),
                   expected["gradients"].at(name), kGradientTolerance);
    }
    // By how much weights and running statistics changed, which says more than where they are.
    REQUIRE(result.after.size() == expected.at("changes").size());
    for (const auto& [name, after] : result.after) {
      const bool vector = after.shape().rank() == 1 && result.gradients.contains(name);
      const bool sign = vector && c.optimizer.kind != OptimizerKind::sgd;
      const auto change = difference(after.floats(), result.before.at(name).floats());
      const Json& digest_of_change = expected["changes"].at(name);
      if (sign) {
        INFO("change of " << name);
        CHECK(digest(change)[0] == Approx(digest_of_change.at(0).get<double>()).epsilon(kLengthTolerance));
      } else {
        check_digest("change of " + name, change, digest_of_change, kChangeTolerance);
      }
    }
  }
}
