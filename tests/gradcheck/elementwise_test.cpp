// ReLU, add, concatenation, dropout, bytes to numbers.
#include <algorithm>

#include "catch.hpp"
#include "gradient_check.hpp"
#include "ops/arithmetic.hpp"
#include "ops/concat.hpp"
#include "ops/dropout.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/relu.hpp"

using namespace facenet;
using namespace facenet::test;

TEST_CASE("ReLU") {
  Random random(31);
  for (const std::int64_t channels : {1, 3, 16, 17, 32}) {
    check_operator({std::make_shared<Relu>(), {distinct({channels == 16 ? 3 : 1, channels, 5, 3}, random)}, {}});
  }
  RefTensor rows({3, 7});
  for (std::size_t i = 0; i < rows.values.size(); ++i) rows.values[i] = static_cast<double>(i) - 10.5;
  check_operator({std::make_shared<Relu>(), {rows}, {}});
}

TEST_CASE("add: two and three sources") {
  Random random(32);
  for (const std::int64_t channels : {1, 3, 16, 17, 32}) {
    OperatorCase c{std::make_shared<Arithmetic>(Arithmetic::Kind::add), {}, {}};
    for (int i = 0; i < 2; ++i) c.src.push_back(normal({2, channels, 3, 5}, random));
    check_operator(c);
    c.src.push_back(normal({2, channels, 3, 5}, random));
    check_operator(c);
  }
  check_operator(
      {std::make_shared<Arithmetic>(Arithmetic::Kind::add), {normal({3, 5}, random), normal({3, 5}, random)}, {}});
}

TEST_CASE("concatenation: channels that fill blocks, and channels that tear them") {
  const std::vector<std::vector<std::int64_t>> lists{{3, 17}, {16, 32}, {16, 17}, {17, 16}, {1, 1, 1}, {8, 24}, {5}};
  for (const std::int64_t batch : {1, 3}) {
    for (const auto& channels : lists) {
      Random random(33);
      OperatorCase c{std::make_shared<Concat>(), {}, {}};
      for (const std::int64_t count : channels) c.src.push_back(normal({batch, count, 3, 4}, random));
      check_operator(c);
    }
  }
}

TEST_CASE("concatenation: other axes, and data that are no maps") {
  for (const std::int64_t axis : {2, 3}) {
    for (const std::int64_t channels : {3, 16}) {
      Random random(38);
      OperatorCase c{std::make_shared<Concat>(Concat::Parameters{axis}), {}, {}};
      for (const std::int64_t extent : {2, 1, 5}) {
        c.src.push_back(normal({2, channels, axis == 2 ? extent : 3, axis == 3 ? extent : 4}, random));
      }
      check_operator(c);
    }
  }
  Random random(39);
  check_operator({std::make_shared<Concat>(), {normal({3, 5}, random), normal({3, 2}, random)}, {}});
  check_operator({std::make_shared<Concat>(Concat::Parameters{3}),
                  {normal({2, 3, 2, 2, 3}, random), normal({2, 3, 2, 1, 3}, random)},
                  {}});
}

TEST_CASE("dropout: the mask of a seed") {
  Random random(34);
  for (const std::int64_t channels : {3, 16, 17}) {
    check_operator(
        {std::make_shared<Dropout>(Dropout::Parameters{0.3F, 2}), {normal({2, channels, 3, 4}, random)}, {}});
  }
  check_operator({std::make_shared<Dropout>(), {normal({3, 33}, random)}, {}});
}

TEST_CASE("dropout: drops the share it should, differently for each seed and stream, alike in every layout") {
  Random random(35);
  const Shape shape{4, 17, 9, 9};
  const RefTensor src = normal(shape, random, 1, 100);  // no zeros of its own
  const Mode mode{.training = true, .seed = 3};
  const auto dropped = [&](const Dropout& op, const Mode& m, Layout layout) {
    const Tensor data = to_tensor(src, DataType::f32, layout);
    Saved saved;
    std::vector<bool> zero;
    const RefTensor dst = to_reference(op.forward({&data, 1}, m, saved));
    for (const double v : dst.values) zero.push_back(v == 0);
    return zero;
  };
  const Dropout op(Dropout::Parameters{0.25F, 1});
  const auto zero = dropped(op, mode, Layout::plain);
  const auto count = static_cast<double>(std::count(zero.begin(), zero.end(), true));
  CHECK(count / static_cast<double>(zero.size()) == Approx(0.25).margin(0.03));
  CHECK(dropped(op, mode, kernels::native_blocked_layout()) == zero);
  CHECK(dropped(op, mode, Layout::nhwc) == zero);
  CHECK(dropped(op, {.training = true, .seed = 4}, Layout::plain) != zero);
  CHECK(dropped(Dropout(Dropout::Parameters{0.25F, 2}), mode, Layout::plain) != zero);
}

TEST_CASE("bytes to numbers, in both channel orders") {
  Random random(36);
  for (const std::int64_t batch : {1, 3}) {
    for (const bool bgr : {false, true}) {
      RefTensor images({batch, 5, 7, 3});
      for (auto& v : images.values) v = static_cast<double>(random.below(256));
      check_operator(
          {std::make_shared<ImageToTensor>(ImageToTensor::Parameters{{10, 20, 30}, {0.5F, 0.25F, 2.0F}, bgr, false}),
           {images},
           {0}});
    }
  }
}

TEST_CASE("bytes to bf16") {
  Random random(37);
  RefTensor images({2, 3, 5, 3});
  for (auto& v : images.values) v = static_cast<double>(random.below(256));
  ImageToTensor::Parameters p;
  p.bf16 = true;
  const ImageToTensor op(p);
  const Tensor src = to_tensor(images, DataType::u8);
  Saved saved;
  const Tensor dst = op.forward({&src, 1}, {}, saved);
  CHECK(dst.type() == DataType::bf16);
  const RefTensor images_list[] = {images};
  CHECK(difference(to_reference(dst).values, op.reference(images_list, {}).values, 1.0 / 256) == "");
}
