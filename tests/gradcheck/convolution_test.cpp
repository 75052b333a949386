// Convolution and linear layers over odd shapes.
#include "ops/convolution.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"
#include "ops/linear.hpp"
#include "ops/padding.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

using Pair = std::array<std::int64_t, 2>;

void check_convolution(const Shape& src, const Shape& weights, const Convolution::Parameters& p) {
  Convolution::Parameters smooth = p;
  smooth.relu = false;
  check_operator(away_from_zero(Convolution(smooth), [&](Random& random) {
    OperatorCase c{std::make_shared<Convolution>(p), {normal(src, random), normal(weights, random, 0.3)}, {}};
    if (p.bias) c.src.push_back(normal({weights[0]}, random));
    return c;
  }));
}

}  // namespace

TEST_CASE("convolution: channels that fill no block, one, and one and a bit") {
  for (const std::int64_t inputs : {1, 3, 16, 17, 32}) {
    for (const std::int64_t outputs : {3, 16, 17}) {
      const std::int64_t batch = inputs % 2 == 1 ? 1 : 3;
      check_convolution({batch, inputs, 5, 6}, {outputs, inputs, 3, 3}, {.pad_begin = {1, 1}, .pad_end = {1, 1}});
    }
  }
}

TEST_CASE("convolution: with ReLU and without bias") {
  check_convolution({1, 16, 5, 5}, {17, 16, 3, 3}, {.bias = true, .relu = true});
  check_convolution({2, 3, 5, 5}, {16, 3, 1, 1}, {.bias = false, .relu = true});
  check_convolution({1, 32, 4, 4}, {32, 32, 1, 1}, {.bias = false});
}

TEST_CASE("convolution: the first layer, 7x7 with stride 2 on 3 channels") {
  check_convolution({3, 3, 11, 13}, {16, 3, 7, 7}, {.stride = {2, 2}, .pad_begin = {3, 3}, .pad_end = {3, 3}});
  check_convolution({1, 3, 12, 12}, {32, 3, 5, 5},
                    {.stride = {2, 2}, .pad_begin = {2, 2}, .pad_end = {2, 2}, .relu = true});
}

TEST_CASE("convolution: strides, padding on one side, dilation") {
  for (const std::int64_t channels : {3, 16, 17}) {
    const Shape weights{17, channels, 3, 3};
    check_convolution({1, channels, 7, 6}, weights, {.stride = {2, 2}, .pad_begin = {1, 1}, .pad_end = {1, 1}});
    check_convolution({1, channels, 6, 6}, weights, {.stride = {2, 2}, .pad_end = {1, 1}});
    check_convolution({2, channels, 5, 6}, weights, {.stride = {2, 1}, .pad_begin = {0, 2}, .pad_end = {1, 0}});
    check_convolution({1, channels, 7, 8}, weights, {.dilation = {2, 2}, .pad_begin = {2, 1}, .pad_end = {1, 2}});
  }
  check_convolution({1, 16, 5, 7}, {16, 16, 1, 5}, {.pad_begin = {0, 2}, .pad_end = {0, 2}});
}

TEST_CASE("convolution: padding that keeps the size, larger at the end where it is odd") {
  for (const std::int64_t channels : {3, 16, 17}) {
    for (const Pair& stride : {Pair{1, 1}, Pair{2, 2}, Pair{3, 1}}) {
      for (const Pair& window : {Pair{2, 2}, Pair{3, 3}, Pair{4, 1}}) {
        const Padding same = same_padding({6, 7}, window, stride);
        const Shape src{1, channels, 6, 7};
        const Shape weights{8, channels, window[0], window[1]};
        const Convolution::Parameters p{.stride = stride, .pad_begin = same.begin, .pad_end = same.end, .bias = false};
        const Shape shapes[] = {src, weights};
        CHECK(Convolution(p).shape(shapes) ==
              Shape{1, 8, (6 + stride[0] - 1) / stride[0], (7 + stride[1] - 1) / stride[1]});
        check_convolution(src, weights, p);
      }
    }
  }
  CHECK(same_padding({6, 6}, {3, 3}, {2, 2}).begin == Pair{0, 0});
  CHECK(same_padding({6, 6}, {3, 3}, {2, 2}).end == Pair{1, 1});
  CHECK(same_padding({5, 5}, {3, 3}, {1, 1}, {2, 2}).begin == Pair{2, 2});
}

TEST_CASE("convolution: strides larger than the kernel leave pixels out") {
  for (const std::int64_t channels : {3, 16, 17}) {
    check_convolution({2, channels, 5, 6}, {16, channels, 1, 1}, {.stride = {2, 2}});
    check_convolution({1, channels, 7, 8}, {17, channels, 2, 2}, {.stride = {3, 3}});
    check_convolution({1, channels, 7, 9}, {16, channels, 1, 3}, {.stride = {3, 4}, .pad_begin = {0, 1}});
    check_convolution({1, channels, 7, 8}, {channels, 1, 2, 2}, {.stride = {3, 3}, .groups = channels});
    check_convolution({2, channels, 1, 1}, {16, channels, 1, 1}, {.stride = {2, 2}});
  }
}

TEST_CASE("convolution: groups and depthwise") {
  check_convolution({1, 6, 5, 5}, {8, 3, 3, 3}, {.pad_begin = {1, 1}, .pad_end = {1, 1}, .groups = 2});
  check_convolution({3, 32, 4, 5}, {32, 16, 3, 3}, {.pad_begin = {1, 1}, .pad_end = {1, 1}, .groups = 2});
  check_convolution({1, 34, 4, 4}, {34, 17, 1, 1}, {.groups = 2});
  for (const std::int64_t channels : {3, 16, 17, 32}) {
    for (const std::int64_t stride : {1, 2}) {
      check_convolution({2, channels, 6, 5}, {channels, 1, 3, 3},
                        {.stride = {stride, stride}, .pad_begin = {1, 1}, .pad_end = {1, 1}, .groups = channels});
      check_convolution({1, channels, 7, 6}, {channels, 1, 3, 3},
                        {.stride = {stride, stride}, .pad_end = {1, 1}, .groups = channels, .relu = true});
    }
  }
}

TEST_CASE("convolution: maps of one pixel") {
  check_convolution({1, 17, 1, 1}, {16, 17, 1, 1}, {});
  check_convolution({3, 16, 1, 1}, {3, 16, 3, 3}, {.pad_begin = {1, 1}, .pad_end = {1, 1}});
  check_convolution({2, 17, 1, 1}, {17, 1, 3, 3}, {.pad_begin = {1, 1}, .pad_end = {1, 1}, .groups = 17});
  check_convolution({2, 3, 1, 1}, {16, 3, 3, 3}, {.stride = {2, 2}, .pad_begin = {1, 1}, .pad_end = {1, 1}});
  check_convolution({2, 16, 3, 2}, {16, 16, 3, 3}, {.stride = {3, 3}, .pad_begin = {1, 1}, .pad_end = {1, 1}});
  check_convolution({2, 16, 3, 3}, {16, 16, 3, 3}, {});
}

TEST_CASE("linear: from rows and from maps") {
  for (const std::int64_t batch : {1, 3}) {
    for (const bool bias : {true, false}) {
      Random random(5);
      OperatorCase rows{std::make_shared<Linear>(Linear::Parameters{bias}),
                        {normal({batch, 17}, random), normal({9, 17}, random)},
                        {}};
      OperatorCase maps{std::make_shared<Linear>(Linear::Parameters{bias}),
                        {normal({batch, 17, 2, 3}, random), normal({16, 17 * 6}, random)},
                        {}};
      if (bias) rows.src.push_back(normal({9}, random));
      if (bias) maps.src.push_back(normal({16}, random));
      check_operator(rows);
      check_operator(maps);
    }
  }
  Random random(6);
  check_operator(
      {std::make_shared<Linear>(), {normal({2, 3, 1, 1}, random), normal({1, 3}, random), normal({1}, random)}, {}});
}
