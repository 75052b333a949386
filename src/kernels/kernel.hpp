// Kernel: a computation prebuilt for given shapes, types and layouts. Whatever runs, in training or in a plan, is one.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <facenet/precision.hpp>

#include "tensor/tensor.hpp"

namespace facenet::kernels {

/// A kernel with its memory: running it again costs no look-up and no allocation of ours. Belongs to one thread.
class BoundKernel {
 public:
  virtual ~BoundKernel() = default;
  virtual void run() = 0;
};

/// Immutable after construction, shared between threads. The order of `arguments` is documented where a kernel is made;
/// arguments that a kernel only reads are never written.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual std::unique_ptr<BoundKernel> bind(std::span<void* const> arguments, void* scratch) const = 0;
  virtual std::size_t scratch_bytes() const { return 0; }
  /// What does the work, e.g. "jit:avx512_core" (oneDNN's impl_info_str) or "own:avx2".
  virtual std::string implementation() const = 0;

  /// Binds and runs once, with scratch of its own.
  void run(std::initializer_list<const void*> arguments) const;
  void run(std::span<void* const> arguments) const;
};

using KernelPtr = std::shared_ptr<const Kernel>;

/// A kernel made of a plain function of the argument pointers.
template <typename Function>
class FunctionKernel final : public Kernel {
 public:
  FunctionKernel(std::string implementation, Function function)
      : implementation_(std::move(implementation)), function_(std::move(function)) {}

  std::unique_ptr<BoundKernel> bind(std::span<void* const> arguments, void* /*scratch*/) const override {
    struct Bound final : BoundKernel {
      Bound(const Function& f, std::span<void* const> a) : function(f), pointers(a.begin(), a.end()) {}
      void run() override { function(std::span<void* const>(pointers)); }
      Function function;
      std::vector<void*> pointers;
    };
    return std::make_unique<Bound>(function_, arguments);
  }
  std::string implementation() const override { return implementation_; }

 private:
  std::string implementation_;
  Function function_;
};

template <typename Function>
KernelPtr function_kernel(std::string implementation, Function function) {
  return std::make_shared<FunctionKernel<Function>>(std::move(implementation), std::move(function));
}

/// The blocked layout of the instruction set in use: blocked16 with AVX-512, else blocked8.
Layout native_blocked_layout();
/// Whether AVX2 and FMA are in use, or more.
bool has_avx2();
/// Whether bf16 arithmetic is done in hardware here; without it oneDNN has no fast bf16 kernels.
bool has_native_bf16();
/// Whether float16 is multiplied in hardware (AVX512_FP16) by kernels that are built in.
bool has_native_f16();
/// InvalidArgument for bf16 and f16 where they are not.
void require_native(Precision precision);
/// Whether bytes are multiplied and summed by one instruction (VNNI). Without it sums of two products must fit into 16
/// bits.
bool has_native_int8();
/// The instruction set in use, as oneDNN names it: "AVX-512 with BF16", "AVX2", ...
std::string instruction_set();
/// Version of the oneDNN library that is loaded, e.g. "3.2.0".
std::string onednn_version();

/// The same numbers in another type or layout; the tensor itself when it has them already. Counted, see reorder_count.
Tensor reorder(const Tensor& src, DataType type, Layout layout);
inline Tensor to_plain(const Tensor& src) { return reorder(src, DataType::f32, Layout::plain); }
/// arguments: src, dst
KernelPtr reorder_kernel(const TensorSpec& src, const TensorSpec& dst);
/// Reorders of activations run in this process so far; a diagnostic, see tests.
std::size_t reorder_count();
/// Implementation names of all kernels built so far that oneDNN runs with its slow reference code ("ref").
std::vector<std::string> reference_kernels_built();

}  // namespace facenet::kernels
