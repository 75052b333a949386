// The cases themselves: each its own name and the same inputs every time, and a digest that misses no difference.
#include <algorithm>
#include <cmath>
#include <set>

#include "catch.hpp"
#include "parity_case.hpp"

using namespace facenet;
using namespace facenet::test;

TEST_CASE("every case has its own name, and the same weights and images every time", "[parity]") {
  std::set<std::string> names;
  for (const ParityCase& c : parity_cases()) {
    INFO(c.name());
    CHECK(names.insert(c.name()).second);
    if (c.architecture != "nn4") continue;
    const Graph graph = parity_network(c);
    const Graph again = parity_network(c);
    CHECK(std::equal(graph.parameters()[0]->value.floats().begin(), graph.parameters()[0]->value.floats().end(),
                     again.parameters()[0]->value.floats().begin()));
    const Tensor images = parity_images(graph, c);
    CHECK(images.shape()[0] == c.people * c.images);
    const auto* bytes = static_cast<const std::uint8_t*>(images.raw());
    const std::size_t size = images.spec().bytes() / static_cast<std::size_t>(images.shape()[0]);
    CHECK(!std::equal(bytes, bytes + size, bytes + size));
    CHECK(parity_labels(c).back() == c.people - 1);
  }
  CHECK(names.contains("nn2-lrn-adagrad"));
}

TEST_CASE("a digest shows the change of any one number", "[parity]") {
  std::vector<double> values(1000, 0.5);
  const auto before = digest(values);
  CHECK(before[0] == Approx(0.5 * std::sqrt(1000.0)));
  for (const std::size_t at : {0UL, 17UL, 999UL}) {
    auto changed = values;
    changed[at] += 0.125;
    const auto after = digest(changed);
    for (std::size_t j = 1; j < after.size(); ++j) CHECK(std::abs(after[j] - before[j]) == Approx(0.125));
  }
}
