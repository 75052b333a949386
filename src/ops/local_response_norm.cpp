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
  const auto& p = parameters;
  if (p.size < 1 || p.size % 2 == 0 || p.size > 1023) refuse(src, "size must be odd, from 1 to 1023");
  if (!(p.k > 0 && p.alpha >= 0)) refuse(src, "k must be positive and alpha not negative");
  return src[0];
}

kernels::LocalResponseNormProblem LocalResponseNorm::problem(const TensorSpec& src) const {
  const TensorSpec spec{src.shape, working_type(src.type), travelling_layout(src)};
  return {spec, parameters.size, parameters.alpha, parameters.beta, parameters.k};
}

Compiled LocalResponseNorm::compile(std::span<const Operand> operands) const {
  const auto p = problem(operands[0].spec);
  return {kernels::local_response_norm(p), {p.src}, p.src, {}};
}

std::vector<Tensor> LocalResponseNorm::backward(const BackwardArguments& a) const {
  const auto p = problem(a.src[0].spec());
  const Tensor data = kernels::reorder(a.src[0], p.src.type, p.src.layout);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, p.src.type, p.src.layout);
  const Tensor diff_src(p.src);
  kernels::local_response_norm_backward(p)->run({data.raw(), diff_dst.raw(), diff_src.raw()});
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
