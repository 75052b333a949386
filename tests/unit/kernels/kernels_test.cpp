// Reorders, the kernel cache, and oneDNN's errors in our words.
#include <cmath>
#include <limits>
#include <thread>

#include <facenet/error.hpp>

#include "base/threads.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"
#include "kernels/convolution.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/vector_views.hpp"

using namespace facenet;
using namespace facenet::test;

TEST_CASE("a reorder to any layout and type and back gives the same numbers, and zeros in the padding") {
  poison_memory();
  Random random(1);
  for (const std::int64_t channels : {1, 3, 16, 17, 32}) {
    RefTensor values({2, channels, 3, 5});
    for (auto& v : values.values) v = static_cast<double>(random.below(256)) - 128;  // exact in bf16
    const Tensor plain = to_tensor(values);
    for (const DataType type : {DataType::f32, DataType::bf16}) {
      for (const Layout from : {Layout::plain, Layout::nhwc, Layout::blocked8, Layout::blocked16}) {
        for (const Layout to : {Layout::plain, Layout::nhwc, Layout::blocked8, Layout::blocked16}) {
          const Tensor first = kernels::reorder(plain, type, from);
          const Tensor second = kernels::reorder(first, type, to);
          INFO(first.spec().text() << " to " << second.spec().text());
          CHECK(second.spec() == TensorSpec{plain.shape(), type, to});
          CHECK(padding_is_zero(first));
          CHECK(padding_is_zero(second));
          CHECK(to_reference(second).values == values.values);
        }
      }
    }
  }
}

TEST_CASE("a layout is what it says: channels innermost, or in blocks") {
  RefTensor values({1, 17, 1, 2});
  for (std::size_t i = 0; i < values.values.size(); ++i) values.values[i] = static_cast<double>(i);
  const auto raw = [&](Layout layout, std::size_t at) {
    return static_cast<const float*>(to_tensor(values, DataType::f32, layout).raw())[at];
  };
  CHECK(raw(Layout::nhwc, 1) == 2);         // pixel 0, channel 1
  CHECK(raw(Layout::blocked8, 1) == 2);     // block 0, pixel 0, channel 1
  CHECK(raw(Layout::blocked8, 8) == 1);     // block 0, pixel 1, channel 0
  CHECK(raw(Layout::blocked8, 16) == 16);   // block 1, pixel 0, channel 8
  CHECK(raw(Layout::blocked16, 32) == 32);  // block 1, pixel 0, channel 16
}

TEST_CASE("a reorder to what a tensor is already copies nothing and is not counted") {
  const Tensor tensor = Tensor::zeros({{1, 3, 2, 2}});
  const auto before = kernels::reorder_count();
  CHECK(kernels::reorder(tensor, DataType::f32, Layout::plain).raw() == tensor.raw());
  CHECK(kernels::reorder_count() == before);
  CHECK(kernels::reorder(tensor, DataType::f32, Layout::nhwc).raw() != tensor.raw());
  CHECK(kernels::reorder_count() == before + 1);
}

TEST_CASE("the same problem gives the same kernel, another problem or thread count another") {
  kernels::ConvolutionProblem p{.src = {1, 16, 8, 8}, .weights = {16, 16, 3, 3}};
  const auto first = kernels::convolution_forward(p);
  CHECK(kernels::convolution_forward(p) == first);
  std::shared_ptr<const kernels::ConvolutionForward> elsewhere;
  const int threads = current_threads();
  std::thread([&] {
    const ThreadScope scope(threads);
    elsewhere = kernels::convolution_forward(p);
  }).join();
  CHECK(elsewhere == first);
  {
    const ThreadScope scope(threads + 1);
    CHECK(kernels::convolution_forward(p) != first);
  }
  p.pad_end = {1, 0};
  CHECK(kernels::convolution_forward(p) != first);
  CHECK(kernels::convolution_forward(p)->dst.shape == Shape{1, 16, 7, 6});
}

TEST_CASE("a problem that oneDNN refuses is an error of ours that names it") {
  const kernels::ConvolutionProblem p{.src = {1, 3, 5, 5}, .weights = {8, 4, 3, 3}};
  try {
    (void)kernels::convolution_forward(p);
    FAIL("not refused");
  } catch (const Error& error) {
    const std::string message = error.what();
    INFO(message);
    CHECK(message.find("convolution of [1,3,5,5] f32 with weights [8,4,3,3]") != std::string::npos);
    CHECK(message.find("oneDNN says") != std::string::npos);
  }
}

TEST_CASE("sums of one tensor, of several, in the first one's layout") {
  Random random(2);
  const RefTensor a = normal({1, 17, 2, 3}, random);
  const RefTensor b = normal(a.shape, random);
  RefTensor want = a;
  for (std::size_t i = 0; i < want.values.size(); ++i) want.values[i] += 2 * b.values[i];
  const Tensor parts[] = {to_tensor(a, DataType::f32, Layout::blocked16), to_tensor(b), to_tensor(b)};
  const Tensor total = kernels::sum(parts);
  CHECK(total.layout() == Layout::blocked16);
  CHECK(padding_is_zero(total));
  CHECK(difference(to_reference(total).values, want.values, 1e-6) == "");
  CHECK(kernels::sum({parts, 1}).raw() == parts[0].raw());
}

TEST_CASE("float16 is rounded to the nearest, to an even one between two") {
  using kernels::Float16;
  const auto value = [](std::uint32_t bits) {  // of the definition
    const auto fraction = static_cast<double>(bits & 0x3ffU);
    const int exponent = static_cast<int>(bits >> 10U & 0x1fU);
    const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
    return static_cast<float>((bits & 0x8000U) != 0 ? -magnitude : magnitude);
  };
  constexpr std::uint32_t kInfinite = 0x7c00U;
  for (std::uint32_t bits = 0; bits < kInfinite; ++bits) {
    const float here = value(bits);
    if (Float16(here).bits != bits) FAIL(bits << " came back as " << Float16(here).bits);
    if (Float16(-here).bits != (bits | 0x8000U)) FAIL("-" << bits << " came back as " << Float16(-here).bits);
    if (bits + 1 == kInfinite) break;
    const float middle = (here + value(bits + 1)) / 2;
    if (Float16(middle).bits != bits + (bits & 1U)) FAIL("half past " << bits << " became " << Float16(middle).bits);
    if (Float16(std::nextafter(middle, 0.0F)).bits != bits) FAIL("before half past " << bits);
    if (Float16(std::nextafter(middle, 1e9F)).bits != bits + 1) FAIL("after half past " << bits);
  }
  CHECK(Float16(65519.996F).bits == kInfinite - 1);
  CHECK(Float16(65520.0F).bits == kInfinite);
  CHECK(Float16(-1e30F).bits == (kInfinite | 0x8000U));
  CHECK(Float16(std::numeric_limits<float>::infinity()).bits == kInfinite);
  CHECK((Float16(std::numeric_limits<float>::quiet_NaN()).bits & 0x7fffU) > kInfinite);
}

TEST_CASE("bf16 and blocks go with the instruction set that is named") {
  const std::string isa = kernels::instruction_set();
  INFO(isa);
  CHECK((isa.find("AVX-512") != std::string::npos) == (kernels::native_blocked_layout() == Layout::blocked16));
  if (kernels::has_native_bf16()) CHECK(isa.find("AVX-512") != std::string::npos);
  CHECK(kernels::onednn_version()[0] == '3');
}
