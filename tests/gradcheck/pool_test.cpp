// Maximum, average and L2 pooling: overlapping, padded, torn and global windows.
#include "ops/pool.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

void check_pool(const Shape& src, const Pool::Parameters& p) {
  for (const auto kind : {Pool::Kind::maximum, Pool::Kind::average, Pool::Kind::l2}) {
    Random random(21);
    check_operator({std::make_shared<Pool>(kind, p), {distinct(src, random)}, {}});
  }
}

}  // namespace

TEST_CASE("pooling: overlapping windows with padding, odd channels") {
  for (const std::int64_t channels : {1, 3, 16, 17, 32}) {
    const std::int64_t batch = channels % 2 == 1 ? 1 : 3;
    check_pool({batch, channels, 5, 6}, {.window = {3, 3}, .pad_begin = {1, 1}, .pad_end = {1, 1}});
    check_pool({batch, channels, 7, 6}, {.window = {3, 3}, .stride = {2, 2}, .pad_begin = {1, 1}, .pad_end = {1, 1}});
  }
}

TEST_CASE("pooling: padding on one side, windows that are not square, gaps between windows") {
  for (const std::int64_t channels : {3, 17}) {
    check_pool({1, channels, 6, 6}, {.window = {3, 3}, .stride = {2, 2}, .pad_end = {1, 1}});
    check_pool({2, channels, 5, 7}, {.window = {2, 3}, .stride = {1, 2}, .pad_begin = {1, 0}, .pad_end = {0, 2}});
    check_pool({1, channels, 7, 7}, {.window = {2, 2}, .stride = {3, 3}});
    check_pool({1, channels, 5, 6}, {.window = {1, 1}, .stride = {2, 2}});
    check_pool({1, channels, 6, 7}, {.window = {2, 3}, .stride = {3, 4}, .pad_begin = {1, 0}, .pad_end = {0, 2}});
    check_pool({1, channels, 9, 8}, {.window = {7, 7}, .stride = {2, 2}, .pad_begin = {3, 3}, .pad_end = {3, 3}});
  }
}

TEST_CASE("pooling: the whole map, maps of one pixel, stride 2 onto one pixel") {
  for (const std::int64_t channels : {3, 16, 17}) {
    check_pool({3, channels, 3, 4}, {.window = {0, 0}});
    check_pool({1, channels, 1, 1}, {.window = {3, 3}, .pad_begin = {1, 1}, .pad_end = {1, 1}});
    check_pool({2, channels, 1, 1}, {.window = {0, 0}});
    check_pool({2, channels, 1, 1}, {.window = {1, 1}, .stride = {2, 2}});
    check_pool({1, channels, 2, 2}, {.window = {3, 3}, .stride = {2, 2}, .pad_begin = {1, 1}, .pad_end = {1, 1}});
  }
}

TEST_CASE("average pooling that counts its padding") {
  for (const std::int64_t channels : {3, 16, 17}) {
    Random random(22);
    const Pool::Parameters p{
        .window = {3, 3}, .stride = {2, 2}, .pad_begin = {1, 0}, .pad_end = {1, 1}, .count_padding = true};
    check_operator({std::make_shared<Pool>(Pool::Kind::average, p), {distinct({2, channels, 5, 6}, random)}, {}});
  }
}

TEST_CASE("L2 pooling of zeros gives zeros and no gradient") {
  const Pool op(Pool::Kind::l2, {.window = {2, 2}, .stride = {2, 2}});
  for (const Layout layout : {Layout::plain, kernels::native_blocked_layout(), Layout::nhwc}) {
    const Tensor src = Tensor::zeros({{1, 3, 4, 4}, DataType::f32, layout});
    Saved saved;
    const Tensor dst = op.forward({&src, 1}, {.training = true}, saved);
    Random random(23);
    const Tensor cotangent = to_tensor(normal({1, 3, 2, 2}, random));
    const auto gradient = op.backward({{&src, 1}, dst, saved, cotangent, {true}})[0];
    CHECK(to_reference(dst).values == std::vector<double>(3 * 4, 0));
    CHECK(to_reference(gradient).values == std::vector<double>(3 * 16, 0));
  }
}
