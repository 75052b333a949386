// dst: the elements of src in their order;  diff_src: those of diff_dst
#include "ops/reshape.hpp"

#include <algorithm>

#include "kernels/concat.hpp"

namespace facenet {
namespace {

std::string text(std::span<const std::int64_t> target) {
  std::string result;
  for (const auto extent : target) result += (result.empty() ? "" : ",") + std::to_string(extent);
  return "[" + result + "]";
}

}  // namespace

Shape Reshape::shape(std::span<const Shape> src) const {
  require_one(src);
  const auto& target = parameters.target;
  if (target.empty() || target.size() > Shape::kMaxRank || src[0].rank() == 0) refuse(src, "wants 1 to 6 extents");
  if (target[0] > 0) {
    refuse(src, "the target " + text(target) + " sets the batch: images are treated one by one; write 0 in its place");
  }
  std::vector<std::int64_t> dims{src[0][0]};
  std::int64_t left = 1;  // of an image's elements
  for (const auto extent : src[0].dims().subspan(1)) left *= extent;
  std::size_t inferred = 0;
  for (std::size_t i = 1; i < target.size(); ++i) {
    std::int64_t extent = target[i];
    if (extent == 0 && i < src[0].rank()) extent = src[0][i];
    if (extent == -1 && inferred == 0 && target[0] == 0) {
      inferred = i;
      dims.push_back(1);
      continue;
    }
    if (extent < 1 || left % extent != 0) {
      refuse(src, "the target " + text(target) + " does not take all elements of an image");
    }
    left /= extent;
    dims.push_back(extent);
  }
  if (inferred > 0) dims[inferred] = left;
  if (inferred == 0 && left != 1) refuse(src, "the target " + text(target) + " does not take all elements of an image");
  return Shape(dims);
}

Compiled Reshape::compile(std::span<const Operand> operands) const {
  const TensorSpec src{operands[0].spec.shape, working_type(operands[0].spec.type), Layout::plain};
  return {kernels::concat(std::span(&src, 1)), {src}, {shape(std::span(&src.shape, 1)), src.type, src.layout}, {}};
}

Tensor Reshape::forward(std::span<const Tensor> src, const Mode& /*mode*/, Saved& /*saved*/) const {
  return kernels::reorder(src[0], working_type(src[0].type()), Layout::plain)
      .reshaped(shape(std::span(&src[0].shape(), 1)));
}

std::vector<Tensor> Reshape::backward(const BackwardArguments& a) const {
  return {kernels::reorder(a.diff_dst, a.diff_dst.type(), Layout::plain).reshaped(a.src[0].shape())};
}

RefTensor Reshape::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst(shape(std::span(&src[0].shape, 1)));
  dst.values = src[0].values;
  return dst;
}

}  // namespace facenet
