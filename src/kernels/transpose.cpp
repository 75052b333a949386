// A transposition is a reorder from memory read with permuted strides.
#include "kernels/transpose.hpp"
#include "kernels/onednn.hpp"

namespace facenet::kernels {

KernelPtr transpose(const TensorSpec& src, std::span<const std::int64_t> permutation) {
  KeyBuilder key(60);
  key.add(src);
  for (const auto axis : permutation) key.add(axis);
  return cached<Kernel>(key.done(), [&]() -> KernelPtr {
    return translated("transpose of " + src.text(), [&] {
      const std::size_t rank = src.shape.rank();
      std::vector<std::int64_t> strides(rank, 1);
      for (std::size_t i = rank - 1; i-- > 0;) strides[i] = strides[i + 1] * src.shape[i + 1];
      dnnl::memory::dims dims;
      dnnl::memory::dims permuted;
      for (const auto axis : permutation) {
        dims.push_back(src.shape[static_cast<std::size_t>(axis)]);
        permuted.push_back(strides[static_cast<std::size_t>(axis)]);
      }
      const dnnl::memory::desc from(dims, data_type_of(src.type), permuted);
      const auto to = descriptor({Shape(dims), src.type, Layout::plain});
      const dnnl::reorder::primitive_desc pd(engine(), from, engine(), to, user_scratchpad());
      return primitive_kernel(pd, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    });
  });
}

}  // namespace facenet::kernels
