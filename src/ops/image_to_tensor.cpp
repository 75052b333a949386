// dst[n,c,y,x] = (src[n,y,x,c] - mean[c]) * scale[c]
#include "ops/image_to_tensor.hpp"

#include "kernels/image.hpp"

namespace facenet {

void ImageToTensor::visit(Fields& f) {
  f.field("mean", parameters.mean);
  f.field("scale", parameters.scale);
  f.field("bgr", parameters.bgr);
}

Shape ImageToTensor::shape(std::span<const Shape> src) const {
  if (src.size() != 1 || src[0].rank() != 4 || src[0][3] != 3) refuse(src, "wants images [N,H,W,3]");
  return {src[0][0], 3, src[0][1], src[0][2]};
}

Compiled ImageToTensor::compile(std::span<const Operand> operands) const {
  const TensorSpec src{operands[0].spec.shape, DataType::u8, Layout::plain};
  if (parameters.step > 0) {
    auto scale = parameters.scale;
    for (auto& s : scale) s /= parameters.step;
    const TensorSpec bytes{{src.shape[0], 3, src.shape[1], src.shape[2]}, DataType::s8, Layout::nhwc};
    return {kernels::image_to_tensor(src, bytes, parameters.mean, scale, parameters.bgr), {src}, bytes, {}};
  }
  const DataType type = parameters.bf16 ? DataType::bf16 : DataType::f32;
  const TensorSpec dst{{src.shape[0], 3, src.shape[1], src.shape[2]}, type, Layout::plain};
  return {kernels::image_to_tensor(src, dst, parameters.mean, parameters.scale, parameters.bgr), {src}, dst, {}};
}

std::vector<Tensor> ImageToTensor::backward(const BackwardArguments& /*arguments*/) const { return {Tensor()}; }

RefTensor ImageToTensor::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const RefTensor& images = src[0];
  RefTensor dst({images.shape[0], 3, images.shape[1], images.shape[2]});
  for (std::int64_t n = 0; n < dst.shape[0]; ++n) {
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto i = static_cast<std::size_t>(c);
      for (std::int64_t y = 0; y < dst.shape[2]; ++y) {
        for (std::int64_t x = 0; x < dst.shape[3]; ++x) {
          const double value = images.at(n, y, x, parameters.bgr ? 2 - c : c);
          dst.at(n, c, y, x) =
              (value - static_cast<double>(parameters.mean[i])) * static_cast<double>(parameters.scale[i]);
        }
      }
    }
  }
  return dst;
}

}  // namespace facenet
