// The operator check: central differences of the reference against the hand-written backward.
#include "gradient_check.hpp"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "autograd/tape.hpp"
#include "catch.hpp"
#include "ops/arithmetic.hpp"

namespace facenet::test {
namespace {

constexpr Mode kTraining{.training = true, .seed = 7};
constexpr Mode kInference{.training = false, .seed = 7};
constexpr double kStep = 1e-5;  // of central differences: their error is about the square
constexpr int kDirections = 4;
constexpr std::size_t kElements = 16;

// Relative tolerances of a type: of results, and of gradients.
struct Tolerance {
  double forward, backward;
};
Tolerance tolerance_of(DataType type) { return type == DataType::bf16 ? Tolerance{1e-2, 2e-2} : Tolerance{1e-5, 1e-4}; }

std::vector<Shape> shapes_of(const OperatorCase& c) {
  std::vector<Shape> shapes;
  for (const auto& s : c.src) shapes.push_back(s.shape);
  return shapes;
}

std::string describe(const OperatorCase& c) {
  std::string text(c.op->name());
  for (const auto& shape : shapes_of(c)) text += " " + shape.text();
  return text;
}

bool has_gradient(const OperatorCase& c, std::size_t source) {
  return std::find(c.without_gradient.begin(), c.without_gradient.end(), source) == c.without_gradient.end();
}

std::vector<bool> all_needed(const OperatorCase& c) {
  std::vector<bool> needed;
  for (std::size_t i = 0; i < c.src.size(); ++i) needed.push_back(has_gradient(c, i));
  return needed;
}

std::size_t data_sources(const OperatorCase& c) { return c.src.size() - c.op->parameter_inputs(); }

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// What the float implementation must reproduce: results of both modes, and what central differences are taken of.
class Expected {
 public:
  Expected(const OperatorCase& c, DataType type) : case_(c), training(c.op->reference(c.src, kTraining)) {
    inference = c.op->reference(c.src, kInference);
    Random random(99);
    cotangent = to_reference(to_tensor(normal(training.shape, random), type));
  }

  // (d/dt) <cotangent, reference(src + t * direction)> at 0.
  double slope(std::size_t source, std::span<const double> direction) const {
    std::vector<RefTensor> moved = case_.src;
    const auto at = [&](double step) {
      for (std::size_t i = 0; i < direction.size(); ++i) {
        moved[source].values[i] = case_.src[source].values[i] + step * direction[i];
      }
      return dot(cotangent.values, case_.op->reference(moved, kTraining).values);
    };
    return (at(kStep) - at(-kStep)) / (2 * kStep);
  }

 private:
  const OperatorCase& case_;

 public:
  RefTensor training, inference, cotangent;
};

// Directions and the slopes along them, computed once for all layouts.
struct Slopes {
  struct Direction {
    std::vector<double> values;
    double slope;
  };
  std::vector<std::vector<Direction>> random;                         // of each source
  std::vector<std::vector<std::pair<std::size_t, double>>> elements;  // index, slope

  Slopes(const OperatorCase& c, const Expected& expected) : random(c.src.size()), elements(c.src.size()) {
    Random draw(17);
    for (std::size_t i = 0; i < c.src.size(); ++i) {
      if (!has_gradient(c, i)) continue;
      const std::size_t count = c.src[i].values.size();
      for (int d = 0; d < kDirections; ++d) {
        std::vector<double> values(count);
        for (auto& v : values) v = (draw.chance(0.5) ? 1 : -1) / std::sqrt(static_cast<double>(count));
        random[i].push_back({values, expected.slope(i, values)});
      }
      for (std::size_t k = 0; k < std::min(count, kElements); ++k) {
        const std::size_t at = count <= kElements ? k : draw.below(count);
        std::vector<double> values(count);
        values[at] = 1;
        elements[i].emplace_back(at, expected.slope(i, values));
      }
    }
  }

  void check(std::size_t source, const RefTensor& gradient, double tolerance) const {
    double largest = 0;
    for (const double g : gradient.values) largest = std::max(largest, std::abs(g));
    const double rms = std::sqrt(dot(gradient.values, gradient.values) / static_cast<double>(gradient.values.size()));
    for (const auto& d : random[source]) {
      const double slope = dot(gradient.values, d.values);
      INFO("along a random direction " << slope << ", by central differences " << d.slope);
      CHECK(std::abs(slope - d.slope) <= tolerance * (rms + std::abs(d.slope)) + 1e-9);
    }
    for (const auto& [at, slope] : elements[source]) {
      INFO("element " << at << ": " << gradient.values[at] << ", by central differences " << slope);
      CHECK(std::abs(gradient.values[at] - slope) <= tolerance * (largest + std::abs(slope)) + 1e-9);
    }
  }
};

// One implementation run: sources in given layouts.
struct Run {
  const OperatorCase& c;
  const Expected& expected;
  std::vector<Tensor> src;
  Tolerance tolerance;

  std::vector<Tensor> gradients(const std::vector<bool>& needed, const Tensor& dst, const Saved& saved,
                                const Tensor& diff_dst) const {
    auto result = c.op->backward({src, dst, saved, diff_dst, needed});
    REQUIRE(result.size() == src.size());
    return result;
  }

  void forward() const {
    for (const Mode& mode : {kTraining, kInference}) {
      INFO((mode.training ? "training" : "inference") << " forward");
      Saved saved;
      const Tensor dst = c.op->forward(src, mode, saved);
      const RefTensor& want = mode.training ? expected.training : expected.inference;
      REQUIRE(dst.shape() == want.shape);
      CHECK(difference(to_reference(dst).values, want.values, tolerance.forward) == "");
      CHECK(padding_is_zero(dst));
    }
  }

  void backward(const Slopes& slopes) const {
    Saved saved;
    const Tensor dst = c.op->forward(src, kTraining, saved);
    // The consumer's gradient may come in any layout: here in that of the result, then in plain.
    const Tensor plain = to_tensor(expected.cotangent);
    const auto full = gradients(all_needed(c), dst, saved, kernels::reorder(plain, dst.type(), dst.layout()));
    const auto from_plain = gradients(all_needed(c), dst, saved, plain);
    for (std::size_t i = 0; i < src.size(); ++i) {
      INFO("gradient of source " << i);
      if (!has_gradient(c, i)) {
        CHECK(!full[i]);
        continue;
      }
      REQUIRE(full[i]);
      REQUIRE(full[i].shape() == src[i].shape());
      const RefTensor gradient = to_reference(full[i]);
      slopes.check(i, gradient, tolerance.backward);
      CHECK(padding_is_zero(full[i]));
      CHECK(difference(to_reference(from_plain[i]).values, gradient.values, tolerance.forward) == "");
      std::vector<bool> alone(src.size(), false);
      alone[i] = true;
      const auto single = gradients(alone, dst, saved, plain);
      CHECK(difference(to_reference(single[i]).values, gradient.values, tolerance.forward) == "");
    }
    tape(from_plain, plain);
  }

  // The operator applied twice to the same sources, the results added: every gradient is twice the single one.
  void tape(const std::vector<Tensor>& single, const Tensor& cotangent) const {
    std::vector<ParameterPtr> parameters;
    for (std::size_t i = data_sources(c); i < src.size(); ++i) {
      parameters.push_back(std::make_shared<Parameter>());
      parameters.back()->value = src[i];
      parameters.back()->buffer = !has_gradient(c, i);
    }
    const auto same = [&](const Tensor& actual, std::size_t i, double times) {
      INFO("on the tape, gradient of source " << i << ", " << times << " times");
      REQUIRE(actual);
      RefTensor want = to_reference(single[i]);
      for (auto& v : want.values) v *= times;
      CHECK(difference(to_reference(actual).values, want.values, 1e-6) == "");
      CHECK(padding_is_zero(actual));
    };
    for (int pass = 1; pass <= 2; ++pass) {
      Tape tape({.mode = kTraining, .update_buffers = false});
      std::vector<Variable> inputs;
      for (std::size_t i = 0; i < data_sources(c); ++i) inputs.push_back(tape.input(src[i], has_gradient(c, i)));
      std::vector<Variable> all = inputs;
      for (const auto& parameter : parameters) all.push_back(tape.parameter(parameter));
      const OperatorPtr op = c.op;
      const Variable both[] = {tape.apply("first", op, all), tape.apply("second", op, all)};
      tape.backward(tape.apply("sum", std::make_shared<Arithmetic>(Arithmetic::Kind::add), both), cotangent);
      for (std::size_t i = 0; i < src.size(); ++i) {
        if (!has_gradient(c, i)) continue;
        const bool data = i < inputs.size();
        same(data ? tape.gradient(inputs[i]) : parameters[i - inputs.size()]->gradient, i, data ? 2 : 2 * pass);
      }
    }
  }
};

std::vector<std::vector<Layout>> layouts_to_try(const OperatorCase& c) {
  if (c.src[0].shape.rank() != 4 || !has_gradient(c, 0)) return {std::vector<Layout>(c.src.size(), Layout::plain)};
  const Layout fast = kernels::native_blocked_layout();
  std::vector<std::vector<Layout>> result;
  for (const Layout layout : {Layout::plain, fast, Layout::nhwc}) {
    std::vector<Layout> list(c.src.size(), Layout::plain);
    std::fill_n(list.begin(), data_sources(c), layout);
    result.push_back(list);
  }
  if (data_sources(c) > 1) {
    std::vector<Layout> mixed(c.src.size(), Layout::plain);
    mixed[0] = fast;
    mixed[1] = Layout::nhwc;
    result.push_back(mixed);
  }
  return result;
}

void check_type(const OperatorCase& original, DataType type) {
  OperatorCase c = original;
  if (type == DataType::bf16) {
    for (auto& s : c.src) {
      s = to_reference(to_tensor(s, DataType::bf16));  // what both are given is then the same
    }
  }
  const Expected expected(c, type);
  CHECK(c.op->shape(shapes_of(c)) == expected.training.shape);
  CHECK(c.op->shape(shapes_of(c)) == expected.inference.shape);
  const Slopes slopes(c, expected);
  for (const auto& layouts : layouts_to_try(c)) {
    std::vector<Tensor> src;
    for (std::size_t i = 0; i < c.src.size(); ++i) {
      DataType stored = i < data_sources(c) ? type : DataType::f32;
      if (i < data_sources(c) && !has_gradient(c, i)) stored = DataType::u8;  // images
      src.push_back(to_tensor(c.src[i], stored, layouts[i]));
    }
    INFO(describe(c) << ", " << name_of(type) << ", " << name_of(layouts[0]));
    const std::size_t slow = kernels::reference_kernels_built().size();
    const Run run{c, expected, src, tolerance_of(type)};
    run.forward();
    const auto needed = all_needed(c);
    if (std::find(needed.begin(), needed.end(), true) != needed.end()) run.backward(slopes);
    CHECK(kernels::reference_kernels_built().size() == slow);
  }
}

}  // namespace

RefTensor normal(const Shape& shape, Random& random, double deviation, double mean) {
  RefTensor tensor(shape);
  for (auto& v : tensor.values) v = static_cast<double>(static_cast<float>(mean + deviation * random.normal()));
  return tensor;
}

RefTensor distinct(const Shape& shape, Random& random) {
  RefTensor tensor(shape);
  const auto plane = static_cast<std::size_t>(shape[2] * shape[3]);
  REQUIRE(plane <= 255);
  for (std::size_t begin = 0; begin < tensor.values.size(); begin += plane) {
    const auto values = std::span(tensor.values).subspan(begin, plane);
    for (std::size_t i = 0; i < plane; ++i) {
      values[i] = (static_cast<double>(i) - static_cast<double>(plane / 2) + 0.5) / 16;
    }
    random.shuffle(values);
  }
  return tensor;
}

void check_operator(const OperatorCase& c) {
  poison_memory();
  check_type(c, DataType::f32);
  if (kernels::has_native_bf16() && has_gradient(c, 0)) check_type(c, DataType::bf16);
}

bool padding_is_zero(const Tensor& tensor) {
  const std::int64_t block = block_of(tensor.layout());
  if (block == 1) return true;
  const Shape& s = tensor.shape();
  const std::int64_t blocks = (s[1] + block - 1) / block;
  const std::size_t size = bytes_of(tensor.type());
  const auto* bytes = static_cast<const unsigned char*>(tensor.raw());
  for (std::int64_t n = 0; n < s[0]; ++n) {
    for (std::int64_t pixel = 0; pixel < s[2] * s[3]; ++pixel) {
      const std::int64_t last = ((n * blocks + blocks - 1) * s[2] * s[3] + pixel) * block;
      const auto* begin = bytes + static_cast<std::size_t>(last + s[1] - (blocks - 1) * block) * size;
      const auto* end = bytes + static_cast<std::size_t>(last + block) * size;
      if (std::any_of(begin, end, [](unsigned char byte) { return byte != 0; })) return false;
    }
  }
  return true;
}

bool poison_memory() {
#ifdef M_PERTURB
  if (std::getenv("FACENET_UNDER_SANITIZER") != nullptr) return false;
  return mallopt(M_PERTURB, 1) == 1;  // new memory is 0xFE bytes: -1.7e38 as float or bf16
#else
  return false;
#endif
}

RefTensor to_reference(const Tensor& tensor) {
  RefTensor reference(tensor.shape());
  const Tensor plain = kernels::to_plain(tensor);
  std::copy(plain.floats().begin(), plain.floats().end(), reference.values.begin());
  return reference;
}

Tensor to_tensor(const RefTensor& reference, DataType type, Layout layout) {
  if (type == DataType::u8) {
    const Tensor bytes({reference.shape, type, Layout::plain});
    std::transform(reference.values.begin(), reference.values.end(), static_cast<std::uint8_t*>(bytes.raw()),
                   [](double v) { return static_cast<std::uint8_t>(v); });
    return bytes;
  }
  const std::vector<float> values(reference.values.begin(), reference.values.end());
  return kernels::reorder(Tensor::from(reference.shape, values), type, layout);
}

std::string difference(std::span<const double> actual, std::span<const double> expected, double tolerance) {
  if (actual.size() != expected.size()) {
    return std::to_string(actual.size()) + " elements instead of " + std::to_string(expected.size());
  }
  double largest = 0;
  for (const double e : expected) largest = std::max(largest, std::abs(e));
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::abs(actual[i] - expected[i]) <= tolerance * (largest + std::abs(expected[i]))) continue;
    return "element " + std::to_string(i) + " is " + std::to_string(actual[i]) + " instead of " +
           std::to_string(expected[i]) + " (largest " + std::to_string(largest) + ")";
  }
  return "";
}

}  // namespace facenet::test
