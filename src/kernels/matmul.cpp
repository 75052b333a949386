// Products of matrices on oneDNN.
#include "kernels/matmul.hpp"

#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

dnnl::memory::desc matrices(std::int64_t pairs, std::int64_t rows, std::int64_t columns, bool transposed) {
  const dnnl::memory::dims strides =
      transposed ? dnnl::memory::dims{rows * columns, 1, rows} : dnnl::memory::dims{rows * columns, columns, 1};
  return {{pairs, rows, columns}, dnnl::memory::data_type::f32, strides};
}

}  // namespace

KernelPtr matmul(const MatmulProblem& p) {
  if (p.pairs * p.rows * p.columns == 0) return function_kernel("own:nothing", [](std::span<void* const>) {});
  KeyBuilder key(70);
  key.add(p.pairs).add(p.rows).add(p.inner).add(p.columns);
  key.add(p.left_transposed ? 1 : 0).add(p.right_transposed ? 1 : 0);
  return cached<Kernel>(key.done(), [&]() -> KernelPtr {
    const std::string what = "product of " + std::to_string(p.pairs) + " pairs of " + Shape{p.rows, p.inner}.text() +
                             " and " + Shape{p.inner, p.columns}.text();
    return translated(what, [&] {
      const auto left = matrices(p.pairs, p.rows, p.inner, p.left_transposed);
      const auto right = matrices(p.pairs, p.inner, p.columns, p.right_transposed);
      const auto dst = matrices(p.pairs, p.rows, p.columns, false);
      const dnnl::matmul::primitive_desc pd(engine(), left, right, dst, user_scratchpad());
      return primitive_kernel(pd, {{DNNL_ARG_SRC, left}, {DNNL_ARG_WEIGHTS, right}, {DNNL_ARG_DST, dst}});
    });
  });
}

}  // namespace facenet::kernels
