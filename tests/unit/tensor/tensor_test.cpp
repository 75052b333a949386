// Shapes, specifications, and tensors as handles.
#include "tensor/tensor.hpp"

#include <facenet/error.hpp>

#include "catch.hpp"

using namespace facenet;

TEST_CASE("a shape says its extents and refuses impossible ones") {
  const Shape shape{32, 3, 96, 96};
  CHECK(shape.text() == "[32,3,96,96]");
  CHECK(Shape().text() == "[]");
  CHECK(shape.elements() == 32 * 3 * 96 * 96);
  CHECK(Shape{0, 5}.elements() == 0);
  CHECK(shape.with_batch(1) == Shape{1, 3, 96, 96});
  CHECK(shape == Shape{32, 3, 96, 96});
  CHECK_FALSE(Shape{2, 3} == Shape{2, 3, 1});
  CHECK_THROWS_AS((Shape{1, -2}), InvalidArgument);
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1}), InvalidArgument);
}

TEST_CASE("a specification counts the padding of blocked layouts") {
  const Shape shape{2, 17, 3, 5};
  CHECK(TensorSpec{shape}.stored_elements() == 2 * 17 * 15);
  CHECK(TensorSpec{shape, DataType::f32, Layout::nhwc}.stored_elements() == 2 * 17 * 15);
  CHECK(TensorSpec{shape, DataType::f32, Layout::blocked8}.stored_elements() == 2 * 24 * 15);
  CHECK(TensorSpec{shape, DataType::f32, Layout::blocked16}.stored_elements() == 2 * 32 * 15);
  CHECK(TensorSpec{shape, DataType::bf16, Layout::blocked16}.bytes() == 2 * 32 * 15 * 2);
  CHECK(TensorSpec{shape, DataType::u8, Layout::plain}.bytes() == 2 * 17 * 15);
  CHECK(TensorSpec{shape, DataType::bf16, Layout::blocked16}.text() == "[2,17,3,5] bf16 blocked16");
}

TEST_CASE("copies of a tensor share its numbers, clones do not") {
  CHECK_FALSE(Tensor());
  CHECK_FALSE(Tensor().clone());
  const Tensor a = Tensor::from({2, 2}, std::vector<float>{1, 2, 3, 4});
  const Tensor copy = a;
  const Tensor clone = a.clone();
  const Tensor reshaped = a.reshaped({4});
  a.floats()[0] = 9;
  CHECK(copy.floats()[0] == 9);
  CHECK(reshaped.floats()[0] == 9);
  CHECK(reshaped.shape() == Shape{4});
  CHECK(clone.floats()[0] == 1);
  CHECK(clone.spec() == a.spec());
  CHECK(reinterpret_cast<std::uintptr_t>(a.raw()) % 64 == 0);
  const Tensor zeros = Tensor::zeros({{3, 5}});
  for (const float v : zeros.floats()) CHECK(v == 0);
}
