// oneDNN behind our own types: descriptors, the primitive as a Kernel, errors translated, a bounded cache.
// Only files of this folder may include it.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "kernels/kernel.hpp"

namespace facenet::kernels {

dnnl::engine& engine();

dnnl::memory::data_type data_type_of(DataType type);
dnnl::memory::desc descriptor(const TensorSpec& spec);

/// Scratchpads are ours: a scratchpad of the library ties a primitive to the thread that made it.
dnnl::primitive_attr user_scratchpad();

[[noreturn]] void throw_translated(const std::string& what, const char* message);
/// Runs `make`, and turns oneDNN's exceptions into ours with `what` (operator, shapes, layouts) in the message.
template <typename Make>
auto translated(const std::string& what, Make&& make) -> decltype(make()) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    throw_translated(what, error.message);
  }
}
/// A oneDNN primitive as a Kernel: `arguments` lists (DNNL_ARG_..., descriptor) in the order of bind's pointers.
class PrimitiveKernel final : public Kernel {
 public:
  using Argument = std::pair<int, dnnl::memory::desc>;
  PrimitiveKernel(const dnnl::primitive& primitive, std::string implementation, dnnl::memory::desc scratchpad,
                  std::vector<Argument> arguments);

  std::unique_ptr<BoundKernel> bind(std::span<void* const> arguments, void* scratch) const override;
  std::size_t scratch_bytes() const override { return scratchpad_.get_size(); }
  std::string implementation() const override { return implementation_; }

 private:
  dnnl::primitive primitive_;
  std::string implementation_;
  dnnl::memory::desc scratchpad_;
  std::vector<Argument> arguments_;
};

template <typename Description>
KernelPtr primitive_kernel(const Description& pd, std::vector<PrimitiveKernel::Argument> arguments) {
  return std::make_shared<PrimitiveKernel>(dnnl::primitive(pd.get()), pd.impl_info_str(), pd.scratchpad_desc(),
                                           std::move(arguments));
}

/// Keys kernels by all that shapes them. `make` runs at most once for a key that is kept; the least recently used of
/// 4,096 entries goes first. Thread-safe.
using CacheKey = std::vector<std::int64_t>;
std::shared_ptr<const void> cached_object(CacheKey key, const std::function<std::shared_ptr<const void>()>& make);
template <typename Object>
std::shared_ptr<const Object> cached(CacheKey key, const std::function<std::shared_ptr<const Object>()>& make) {
  return std::static_pointer_cast<const Object>(
      cached_object(std::move(key), [&]() -> std::shared_ptr<const void> { return make(); }));
}
/// Builds a key: a tag of the kind of kernel, then whatever shapes it.
class KeyBuilder {
 public:
  explicit KeyBuilder(std::int64_t kind) { key_.push_back(kind); }
  KeyBuilder& add(std::int64_t value) {
    key_.push_back(value);
    return *this;
  }
  KeyBuilder& add(const TensorSpec& spec);
  /// The key; the thread count is part of it, since oneDNN fixes its blocking for one when a primitive is built.
  CacheKey done();

 private:
  CacheKey key_;
};

}  // namespace facenet::kernels
