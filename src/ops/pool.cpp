// maximum: dst = max of the window;           diff_src: diff_dst goes to where the maximum was
// average: dst = mean of the window;          diff_src: diff_dst / count goes to each element
// L2:      dst = sqrt(sum of squares);        diff_src = src * sum over covering windows of diff_dst / dst
//          (FaceNet, Table 2, the "L2" pool projections)
#include "ops/pool.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace facenet {

std::string_view Pool::name() const {
  switch (kind) {
    case Kind::maximum:
      return "max_pool";
    case Kind::l2:
      return "l2_pool";
    default:
      return "average_pool";
  }
}

void Pool::visit(Fields& f) {
  f.field("window", parameters.window);
  f.field("stride", parameters.stride);
  f.field("pad_begin", parameters.pad_begin);
  f.field("pad_end", parameters.pad_end);
  if (name() == "average_pool") f.field("count_padding", parameters.count_padding);
}

kernels::PoolingProblem Pool::problem(const TensorSpec& src) const {
  TensorSpec spec = src;
  // Bytes of a quantised network stay bytes: a maximum is the same in any unit.
  const bool bytes = src.type == DataType::u8 || src.type == DataType::s8;
  spec.type = kind == Kind::maximum && bytes ? src.type : working_type(src.type);
  spec.layout = travelling_layout(src);
  const auto& p = parameters;
  Kind k = kind;
  if (k == Kind::average && p.count_padding) k = Kind::average_with_padding;
  kernels::PoolingProblem problem{k, spec, p.window, p.stride, p.pad_begin, p.pad_end};
  if (p.window == std::array<std::int64_t, 2>{0, 0}) {
    problem.window = {spec.shape[2], spec.shape[3]};
    problem.stride = {1, 1};
  }
  return problem;
}

Shape Pool::shape(std::span<const Shape> src) const {
  require_rank4(src);
  if (src.size() != 1) refuse(src, "wants one source");
  const auto p = problem({src[0]});
  for (std::size_t i = 0; i < 2; ++i) {
    if (p.window[i] < 1 || p.stride[i] < 1) refuse(src, "window and stride must be 1 or more");
    if (p.pad_begin[i] < 0 || p.pad_end[i] < 0) refuse(src, "padding cannot be negative");
    if (p.pad_begin[i] >= p.window[i] || p.pad_end[i] >= p.window[i])
      refuse(src, "padding must be less than the window");
    if (src[0][2 + i] + p.pad_begin[i] + p.pad_end[i] < p.window[i]) {
      refuse(src, "the window is larger than the padded data");
    }
  }
  return p.dst().shape;
}

Compiled Pool::compile(std::span<const Operand> operands) const {
  const auto p = problem(operands[0].spec);
  return {kernels::pooling_inference(p), {p.src}, p.dst(), {}};
}

Tensor Pool::forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const {
  if (!mode.training) return Operator::forward(src, mode, saved);
  const auto p = problem(src[0].spec());
  const auto kernels = kernels::pooling_training(p);
  const Tensor data = kernels::reorder(src[0], p.src.type, p.src.layout);
  const Tensor dst(p.dst());
  const Tensor workspace(TensorSpec{{static_cast<std::int64_t>(kernels->workspace_bytes)}, DataType::u8});
  kernels->forward->run({data.raw(), dst.raw(), workspace.raw()});
  saved.tensors = {data, workspace};
  return dst;
}

std::vector<Tensor> Pool::backward(const BackwardArguments& a) const {
  require_training(a);
  const Tensor& data = a.saved.tensors[0];
  const auto p = problem(data.spec());
  const auto kernels = kernels::pooling_training(p);
  const TensorSpec dst = p.dst();
  const Tensor diff_dst = kernels::reorder(a.diff_dst, dst.type, dst.layout);
  const Tensor diff_src(p.src);
  if (kind == Kind::l2) {
    kernels->backward->run({diff_dst.raw(), data.raw(), a.dst.raw(), diff_src.raw()});
  } else {
    kernels->backward->run({diff_dst.raw(), a.saved.tensors[1].raw(), diff_src.raw()});
  }
  return {diff_src};
}

RefTensor Pool::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const RefTensor& data = src[0];
  const auto p = problem({data.shape});
  RefTensor dst(p.dst().shape);
  for (std::int64_t n = 0; n < dst.shape[0]; ++n) {
    for (std::int64_t c = 0; c < dst.shape[1]; ++c) {
      for (std::int64_t y = 0; y < dst.shape[2]; ++y) {
        for (std::int64_t x = 0; x < dst.shape[3]; ++x) {
          double maximum = -std::numeric_limits<double>::infinity();
          double sum = 0;
          double squares = 0;
          std::int64_t count = 0;
          for (std::int64_t ky = 0; ky < p.window[0]; ++ky) {
            for (std::int64_t kx = 0; kx < p.window[1]; ++kx) {
              const std::int64_t sy = y * p.stride[0] - p.pad_begin[0] + ky;
              const std::int64_t sx = x * p.stride[1] - p.pad_begin[1] + kx;
              if (sy < 0 || sx < 0 || sy >= data.shape[2] || sx >= data.shape[3]) continue;
              const double value = data.at(n, c, sy, sx);
              maximum = std::max(maximum, value);
              sum += value;
              squares += value * value;
              ++count;
            }
          }
          double& result = dst.at(n, c, y, x);
          if (kind == Kind::maximum) result = maximum;
          if (kind == Kind::l2) result = std::sqrt(squares);
          if (kind == Kind::average) {
            result = sum / static_cast<double>(parameters.count_padding ? p.window[0] * p.window[1] : count);
          }
        }
      }
    }
  }
  return dst;
}

}  // namespace facenet
