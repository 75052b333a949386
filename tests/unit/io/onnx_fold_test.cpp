// What ONNX computes with constants, against results worked out by hand.
#ifdef FACENET_HAVE_ONNX
#include "io/onnx_fold.hpp"

#include <limits>
#include <stdexcept>

#include <facenet/error.hpp>

#include "catch.hpp"

namespace facenet {
namespace {

using Integers = std::vector<std::int64_t>;

// A node whose sources are whole numbers, of one axis unless a shape is given for the first.
class Folded {
 public:
  explicit Folded(const std::string& type) {
    proto_.set_op_type(type);
    proto_.set_name("node");
    proto_.add_output("result");
  }
  Folded& source(const Integers& values, const Shape& shape) {
    const std::string name = "source" + std::to_string(proto_.input_size());
    OnnxValue value{.kind = OnnxValue::Kind::constant};
    value.constant =
        std::make_shared<OnnxConstant>(OnnxConstant{.name = name, .shape = shape, .whole = true, .integers = values});
    builder_.define(name, std::make_shared<OnnxValue>(std::move(value)));
    proto_.add_input(name);
    return *this;
  }
  Folded& real(const std::vector<float>& values, const Shape& shape) {
    const std::string name = "source" + std::to_string(proto_.input_size());
    OnnxValue value{.kind = OnnxValue::Kind::constant};
    value.constant = std::make_shared<OnnxConstant>(
        OnnxConstant{.name = name, .shape = shape, .floats = Tensor::from(shape, values)});
    builder_.define(name, std::make_shared<OnnxValue>(std::move(value)));
    proto_.add_input(name);
    return *this;
  }
  // The result of another node.
  Folded& made(OnnxConstant constant) {
    const std::string name = "source" + std::to_string(proto_.input_size());
    OnnxValue value{.kind = OnnxValue::Kind::constant};
    value.constant = std::make_shared<OnnxConstant>(std::move(constant));
    builder_.define(name, std::make_shared<OnnxValue>(std::move(value)));
    proto_.add_input(name);
    return *this;
  }
  Folded& source(const Integers& values) { return source(values, {static_cast<std::int64_t>(values.size())}); }
  Folded& set(const std::string& name, const Integers& values) {
    auto& attribute = *proto_.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const auto value : values) attribute.add_ints(value);
    return *this;
  }
  Folded& set(const std::string& name, std::int64_t value) {
    auto& attribute = *proto_.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
    return *this;
  }
  OnnxConstant result() {
    OnnxNode node(builder_, proto_);
    if (!fold_onnx_node(node)) throw std::logic_error("not folded");
    return *builder_.value("result")->constant;
  }
  Integers values() { return result().integers; }
  std::vector<float> floats() {
    const OnnxConstant constant = result();
    return {constant.floats.floats().begin(), constant.floats.floats().end()};
  }

 private:
  ImportSource source_{{}, "'x.onnx'", {}};
  ImportOptions options_{};
  OnnxBuilder builder_{source_, options_, 17};
  onnx::NodeProto proto_;
};

const Integers kSix{1, 2, 3, 4, 5, 6};

}  // namespace

TEST_CASE("onnx constants: slices") {
  const auto slice = [](const Integers& start, const Integers& end, const Integers& axes, const Integers& steps) {
    return Folded("Slice").source(kSix, {2, 3}).source(start).source(end).source(axes).source(steps).values();
  };
  CHECK(slice({1}, {3}, {1}, {1}) == Integers{2, 3, 5, 6});
  CHECK(slice({-1}, {100}, {0}, {1}) == Integers{4, 5, 6});
  CHECK(slice({0}, {3}, {1}, {2}) == Integers{1, 3, 4, 6});
  CHECK(slice({-1}, {-100}, {1}, {-1}) == Integers{3, 2, 1, 6, 5, 4});
  CHECK(slice({2}, {0}, {1}, {-1}) == Integers{3, 2, 6, 5});
  CHECK(slice({100, 1}, {-100, 2}, {1, 0}, {-2, 1}) == Integers{6, 4});
  CHECK(slice({2}, {1}, {1}, {1}).empty());
  CHECK(slice({0}, {2}, {1}, {-1}).empty());
  CHECK(slice({std::numeric_limits<std::int64_t>::max()}, {std::numeric_limits<std::int64_t>::min()}, {1},
              {std::numeric_limits<std::int64_t>::min()}) == Integers{3, 6});
  CHECK(Folded("Slice").source({}, {0}).source({-1}).source({-9}).source({0}).source({-1}).values().empty());
  CHECK_THROWS_AS(slice({0}, {1}, {1}, {0}), FormatError);
  CHECK_THROWS_AS(slice({0}, {1}, {2}, {1}), FormatError);
}

TEST_CASE("onnx constants: rearranged") {
  CHECK(Folded("Transpose").source(kSix, {2, 3}).values() == Integers{1, 4, 2, 5, 3, 6});
  CHECK(Folded("Transpose").source(kSix, {1, 2, 3}).set("perm", {2, 0, 1}).values() == Integers{1, 4, 2, 5, 3, 6});
  CHECK(Folded("Concat").source(kSix, {2, 3}).source({7, 8}, {2, 1}).set("axis", 1).values() ==
        Integers{1, 2, 3, 7, 4, 5, 6, 8});
  CHECK(Folded("Gather").source(kSix, {2, 3}).source({2, -3}).set("axis", 1).values() == Integers{3, 1, 6, 4});
  CHECK(Folded("Gather").source(kSix).source({1}, {}).result().shape == Shape{});
  CHECK(Folded("Unsqueeze").source(kSix).source({0, -1}).result().shape == Shape{1, 6, 1});
  CHECK(Folded("Squeeze").source(kSix, {1, 6, 1}).source({-1}).result().shape == Shape{1, 6});
  CHECK(Folded("Reshape").source(kSix).source({2, -1}).result().shape == Shape{2, 3});
  CHECK(Folded("Shape").source(kSix, {2, 3}).values() == Integers{2, 3});
  CHECK_THROWS_AS(Folded("Gather").source(kSix).source({6}).result(), FormatError);
  CHECK_THROWS_AS(Folded("Unsqueeze").source(kSix).source({0, 0}).result(), FormatError);
  CHECK_THROWS_AS(Folded("Squeeze").source(kSix, {2, 3}).source({1}).result(), FormatError);
}

TEST_CASE("onnx constants: arithmetic broadcasts, and neither overflows nor counts the batch") {
  CHECK(Folded("Sub").source(kSix, {2, 3}).source({1, 2, 3}).values() == Integers{0, 0, 0, 3, 3, 3});
  CHECK(Folded("Mul").source({2, 3}, {2, 1}).source({5, 7}).values() == Integers{10, 14, 15, 21});
  CHECK(Folded("Div").source({7, -7}).source({2}).values() == Integers{3, -3});
  CHECK(Folded("Mul").source({kOnnxBatch}).source({1}).values() == Integers{kOnnxBatch});
  CHECK_THROWS_AS(Folded("Mul").source({kOnnxBatch}).source({2}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Add").source({std::numeric_limits<std::int64_t>::max()}).source({1}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Div").source({1}).source({0}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Add").source({1, 2}).source({1, 2, 3}).values(), FormatError);
}

TEST_CASE("onnx constants: comparisons and choices broadcast") {
  CHECK(Folded("Equal").source({1, 2, 3}).source({2}).values() == Integers{0, 1, 0});
  CHECK(Folded("Greater").source({1, 2, 3}).source({2}).values() == Integers{0, 0, 1});
  CHECK(Folded("Less").real(std::vector<float>{1, 2.5F}, {2}).real(std::vector<float>{2}, {1}).values() ==
        Integers{1, 0});
  CHECK(Folded("And").source({1, 0, 1}).source({1, 1, 0}).values() == Integers{1, 0, 0});
  CHECK(Folded("Or").source({1, 0, 0}).source({1, 1, 0}).values() == Integers{1, 1, 0});
  CHECK(Folded("Not").source({1, 0}).values() == Integers{0, 1});
  CHECK(Folded("Where").source({1, 0}).source({10, 20}, {2, 1}).source({7}).values() == Integers{10, 7, 20, 7});
  // An exporter asks whether an extent is -1; the batch is not, and nothing else is known of it.
  CHECK(Folded("Equal").source({kOnnxBatch, -1}).source({-1}).values() == Integers{0, 1});
  CHECK(Folded("Where").source({0, 1}).source({1}).source({kOnnxBatch, -1}).values() == Integers{kOnnxBatch, 1});
  CHECK_THROWS_AS(Folded("Equal").source({kOnnxBatch}).source({4}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Less").source({-1}).source({kOnnxBatch}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Where").source({1}).source({1}).real(std::vector<float>{1}, {1}).values(), FormatError);
}

TEST_CASE("onnx constants: functions, ranges, running sums") {
  CHECK(Folded("Floor").real(std::vector<float>{1.5F, -1.5F}, {2}).floats() == std::vector<float>{1, -2});
  CHECK(Folded("Ceil").real(std::vector<float>{1.5F, -1.5F}, {2}).floats() == std::vector<float>{2, -1});
  CHECK(Folded("Cos").real(std::vector<float>{0}, {1}).floats() == std::vector<float>{1});
  CHECK(Folded("Sin").real(std::vector<float>{0}, {1}).floats() == std::vector<float>{0});
  CHECK(Folded("Exp").real(std::vector<float>{0}, {1}).floats() == std::vector<float>{1});
  CHECK(Folded("Log").real(std::vector<float>{1}, {1}).floats() == std::vector<float>{0});
  CHECK(Folded("Neg").source({3, -4}).values() == Integers{-3, 4});
  CHECK_THROWS_AS(Folded("Neg").source({kOnnxBatch}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Sqrt").source({4}).values(), FormatError);
  CHECK(Folded("Range").source({1}, {}).source({8}, {}).source({3}, {}).values() == Integers{1, 4, 7});
  CHECK(Folded("Range").source({3}, {}).source({0}, {}).source({-2}, {}).values() == Integers{3, 1});
  CHECK(Folded("Range").source({3}, {}).source({0}, {}).source({1}, {}).values().empty());
  CHECK_THROWS_AS(Folded("Range").source({0}, {}).source({1}, {}).source({0}, {}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Range").source({0}, {}).source({1LL << 40}, {}).source({1}, {}).values(), FormatError);
  const std::vector<float> six{1, 2, 3, 4, 5, 6};
  CHECK(Folded("CumSum").real(six, {2, 3}).source({1}, {}).floats() == std::vector<float>{1, 3, 6, 4, 9, 15});
  CHECK(Folded("CumSum").real(six, {2, 3}).source({-2}, {}).floats() == std::vector<float>{1, 2, 3, 5, 7, 9});
  CHECK_THROWS_AS(Folded("CumSum").real(six, {2, 3}).source({2}, {}).floats(), FormatError);
}

TEST_CASE("onnx constants: stretched and repeated") {
  CHECK(Folded("Expand").source({1, 2}, {2, 1}).source({1, 2}).values() == Integers{1, 1, 2, 2});
  CHECK(Folded("Expand").source({1, 2}).source({2, 1}).result().shape == Shape{2, 2});
  CHECK(Folded("Tile").source(kSix, {2, 3}).source({2, 1}).values() == Integers{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  CHECK(Folded("Tile").source({1, 2}).source({2}).values() == Integers{1, 2, 1, 2});
  CHECK_THROWS_AS(Folded("Expand").source({1, 2}).source({3}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Tile").source({1, 2}).source({1LL << 62}).values(), FormatError);
  CHECK_THROWS_AS(Folded("Tile").source({1, 2}).source({-1}).values(), FormatError);
}

TEST_CASE("onnx constants: what is the same for each image stands for any batch, and never mixes images") {
  const OnnxConstant each = Folded("ConstantOfShape").source({kOnnxBatch, 2, 3}).result();
  CHECK(each.each);
  CHECK(each.shape == Shape{1, 2, 3});
  CHECK(Folded("Shape").made(each).values() == Integers{kOnnxBatch, 2, 3});
  CHECK_FALSE(Folded("Shape").made(each).result().each);
  CHECK(Folded("Shape").made(Folded("Cos").made(each).result()).values() == Integers{kOnnxBatch, 2, 3});
  CHECK(Folded("Expand").real(std::vector<float>{1}, {1}).source({kOnnxBatch, 4}).result().each);
  CHECK(Folded("Tile").real(std::vector<float>{1, 2}, {1, 2}).source({kOnnxBatch, 1}).result().each);
  const OnnxConstant flat = Folded("Reshape").made(each).source({kOnnxBatch, -1}).result();
  CHECK(flat.each);
  CHECK(flat.shape == Shape{1, 6});
  CHECK(Folded("Reshape").made(each).source({-1, 6}).result().shape == Shape{1, 6});
  CHECK(Folded("Transpose").made(each).set("perm", {0, 2, 1}).result().shape == Shape{1, 3, 2});
  CHECK(Folded("Add").made(each).real(std::vector<float>{1, 2, 3}, {3}).result().each);
  CHECK_THROWS_AS(Folded("Transpose").made(each).set("perm", {1, 0, 2}).result(), FormatError);
  CHECK_THROWS_AS(Folded("CumSum").made(each).source({0}, {}).result(), FormatError);
  CHECK_THROWS_AS(Folded("Reshape").made(each).source({-1}).result(), FormatError);
  CHECK_THROWS_AS(Folded("Concat").made(each).made(each).set("axis", std::int64_t{0}).result(), FormatError);
  CHECK_THROWS_AS(Folded("Add").made(each).real(std::vector<float>(12), {2, 1, 2, 3}).result(), FormatError);
}

TEST_CASE("onnx constants: the images' numbers grow from one to the next, and only that is known of them") {
  const OnnxConstant numbers = Folded("Range").source({0}, {}).source({kOnnxBatch}, {}).source({1}, {}).result();
  CHECK(numbers.each);
  CHECK(numbers.growth == 1);
  const OnnxConstant first = Folded("Mul").made(numbers).source({6}, {}).result();
  CHECK(first.growth == 6);
  const OnnxConstant column = Folded("Unsqueeze").made(first).source({1}).result();
  CHECK(column.growth == 6);
  const OnnxConstant all = Folded("Add").source(kSix, {1, 6}).made(column).result();
  CHECK(all.growth == 6);
  CHECK(all.shape == Shape{1, 6});
  CHECK(all.integers == kSix);
  CHECK_THROWS_AS(Folded("Mul").made(numbers).source(kSix).result(), FormatError);
  CHECK_THROWS_AS(Folded("Sub").made(numbers).source({1}, {}).result(), FormatError);
  CHECK_THROWS_AS(Folded("Add").made(numbers).made(numbers).result(), FormatError);
  CHECK_THROWS_AS(Folded("Equal").made(numbers).source({0}, {}).result(), FormatError);
  CHECK_THROWS_AS(Folded("Cast").made(numbers).set("to", std::int64_t{1}).result(), FormatError);
  CHECK_THROWS_AS(Folded("Gather").source(kSix).made(numbers).result(), FormatError);
}

}  // namespace facenet
#endif
