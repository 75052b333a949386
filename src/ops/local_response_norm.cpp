// scale_c = k + alpha / size * sum over |j - c| <= size/2 of src_j^2;  dst = src * scale^-beta
//   diff_src_c = diff_dst_c * scale_c^-beta - 2 * alpha / size * beta * src_c * sum over the same j of
//                diff_dst_j * dst_j / scale_j
#include "ops/local_response_norm.hpp"

#include <algorithm>
#include <cmath>

namespace facenet {

void LocalResponseNorm::visit(Fields& f) {
  f.field("size", parameters.size);
  f.field("alpha", parameters.alpha);
  f.field("beta", parameters.beta);
  f.field("k", parameters.k);
}

Shape LocalResponseNorm::shape(std::span<const Shape> src) const {
  require_rank4(src);
  if (src.size() != 1) refuse(src, "wants one source");
  if (parameters.size < 1 || parameters.size % 2 == 0) refuse(src, "size must be odd and positive");
  return src[0];
}

kernels::LocalResponseNormProblem LocalResponseNorm::problem(const TensorSpec& src) const {
  TensorSpec spec = src;
  spec.type = working_type(src.type);
  // Blocked kernels read the neighbouring blocks whole: with a torn last block, or one alone, plain memory it is.
  const Layout layout = travelling_layout(src);
  const bool whole = spec.shape[1] % block_of(layout) == 0 && spec.shape[1] > block_of(layout);
  spec.layout = whole ? layout : Layout::plain;
  return {spec, parameters.size, parameters.alpha, parameters.beta, parameters.k};
}

Compiled LocalResponseNorm::compile(std::span<const Operand> operands) const {
  const auto p = problem(operands[0].spec);
  return {kernels::local_response_norm_inference(p), {p.src}, p.src, {}};
}

Tensor LocalResponseNorm::forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const {
  if (!mode.training) return Operator::forward(src, mode, saved);
  const auto p = problem(src[0].spec());
  const auto kernels = kernels::local_response_norm_training(p);
  const Tensor data = kernels::reorder(src[0], p.src.type, p.src.layout);
  const Tensor dst(p.src);
  const Tensor workspace(TensorSpec{{static_cast<std::int64_t>(kernels->workspace_bytes)}, DataType::u8});
  kernels->forward->run({data.raw(), dst.raw(), workspace.raw()});
  saved.tensors = {data, workspace};
  return dst;
}

std::vector<Tensor> LocalResponseNorm::backward(const BackwardArguments& a) const {
  require_training(a);
  const Tensor& data = a.saved.tensors[0];
  const auto p = problem(data.spec());
  const auto kernels = kernels::local_response_norm_training(p);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, p.src.type, p.src.layout);
  const Tensor diff_src(p.src);
  kernels->backward->run({data.raw(), diff_dst.raw(), a.saved.tensors[1].raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor LocalResponseNorm::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const RefTensor& data = src[0];
  const auto& p = parameters;
  RefTensor dst(data.shape);
  for (std::int64_t n = 0; n < data.shape[0]; ++n) {
    for (std::int64_t c = 0; c < data.shape[1]; ++c) {
      for (std::int64_t y = 0; y < data.shape[2]; ++y) {
        for (std::int64_t x = 0; x < data.shape[3]; ++x) {
          double squares = 0;
          const std::int64_t last = std::min(data.shape[1] - 1, c + p.size / 2);
          for (std::int64_t j = std::max<std::int64_t>(0, c - p.size / 2); j <= last; ++j) {
            squares += data.at(n, j, y, x) * data.at(n, j, y, x);
          }
          const double scale =
              static_cast<double>(p.k) + static_cast<double>(p.alpha) / static_cast<double>(p.size) * squares;
          dst.at(n, c, y, x) = data.at(n, c, y, x) * std::pow(scale, -static_cast<double>(p.beta));
        }
      }
    }
  }
  return dst;
}

}  // namespace facenet
