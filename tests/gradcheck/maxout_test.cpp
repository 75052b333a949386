// Maxout: rows and maps, pieces that fill blocks and pieces that tear them.
#include "ops/maxout.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

// The pieces of each element lie at least 1/16 apart, exactly in bf16: no step of a difference changes the largest.
void check_maxout(const Shape& shape, std::int64_t pieces) {
  Random random(51);
  RefTensor src(shape);
  const auto count = static_cast<std::size_t>(pieces);
  const auto size = src.values.size() / static_cast<std::size_t>(shape[0]) / count;
  std::vector<double> ranks(count);
  for (std::size_t i = 0; i < src.values.size() / count; ++i) {
    for (std::size_t k = 0; k < count; ++k) ranks[k] = static_cast<double>(k) / 2 - 0.5;
    random.shuffle(std::span(ranks));
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t at = (i / size * count + k) * size + i % size;
      src.values[at] = ranks[k] + static_cast<double>(random.below(8)) / 16;
    }
  }
  check_operator({std::make_shared<Maxout>(Maxout::Parameters{pieces}), {src}, {}});
}

}  // namespace

TEST_CASE("maxout of rows") {
  for (const std::int64_t batch : {1, 3}) {
    for (const std::int64_t outputs : {1, 3, 16, 17}) {
      for (const std::int64_t pieces : {1, 2, 3}) check_maxout({batch, outputs * pieces}, pieces);
    }
  }
}

TEST_CASE("maxout of maps") {
  for (const std::int64_t outputs : {3, 16, 17, 32}) {
    check_maxout({1, outputs * 2, 2, 1}, 2);
    check_maxout({2, outputs * 2, 1, 1}, 2);
  }
}

TEST_CASE("maxout: of equal pieces the first gets the gradient; more elements than a thread does at a time") {
  const Maxout op;
  const std::int64_t outputs = 5000;
  RefTensor src({2, 2 * outputs});
  for (std::size_t i = 0; i < src.values.size(); ++i) src.values[i] = i % 3 == 0 ? 1 : 2;
  const Tensor data = to_tensor(src);
  Saved saved;
  const Tensor dst = op.forward({&data, 1}, {.training = true}, saved);
  RefTensor ones({2, outputs});
  for (auto& v : ones.values) v = 1;
  const Tensor diff_dst = to_tensor(ones);
  const auto gradient = to_reference(op.backward({{&data, 1}, dst, saved, diff_dst, {true}})[0]);
  const RefTensor sources[] = {src};
  CHECK(to_reference(dst).values == op.reference(sources, {}).values);
  for (std::size_t n = 0; n < 2; ++n) {
    for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
      const std::size_t first = n * 2 * static_cast<std::size_t>(outputs) + o;
      const std::size_t second = first + static_cast<std::size_t>(outputs);
      const bool to_first = src.values[first] >= src.values[second];
      if (gradient.values[first] != (to_first ? 1 : 0) || gradient.values[second] != (to_first ? 0 : 1)) {
        FAIL("row " << n << ", element " << o);
      }
    }
  }
}
