// The parts of oneDNN.hpp and kernel.hpp that every kernel needs.
#include "kernels/onednn.hpp"

#include <atomic>
#include <list>
#include <map>
#include <mutex>

#include <facenet/error.hpp>

#include "base/aligned.hpp"
#include "base/threads.hpp"

namespace facenet::kernels {
namespace {

std::atomic<std::size_t> g_reorders{0};

std::mutex g_reference_mutex;
std::vector<std::string>& reference_list() {
  static std::vector<std::string> list;
  return list;
}

// CPU streams are free to make and have no state; one a thread saves the allocation.
dnnl::stream& stream() {
  thread_local dnnl::stream s(engine());
  return s;
}

struct Cache {
  struct Entry {
    std::shared_ptr<const void> object;
    std::list<CacheKey>::iterator use;
  };
  static constexpr std::size_t kCapacity = 4096;
  std::mutex mutex;
  std::map<CacheKey, Entry> entries;
  std::list<CacheKey> uses;  // most recent first
};

Cache& cache() {
  static Cache instance;
  return instance;
}

class BoundPrimitive final : public BoundKernel {
 public:
  BoundPrimitive(const dnnl::primitive& primitive, std::unordered_map<int, dnnl::memory> arguments)
      : primitive_(primitive), arguments_(std::move(arguments)) {}
  void run() override {
    translated("running a kernel", [&] { primitive_.execute(stream(), arguments_); });
  }

 private:
  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace

dnnl::engine& engine() {
  static dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

dnnl::memory::data_type data_type_of(DataType type) {
  switch (type) {
    case DataType::f32:
      return dnnl::memory::data_type::f32;
    case DataType::bf16:
      return dnnl::memory::data_type::bf16;
    case DataType::u8:
      return dnnl::memory::data_type::u8;
    case DataType::s8:
      return dnnl::memory::data_type::s8;
  }
  return dnnl::memory::data_type::undef;
}

dnnl::memory::desc descriptor(const TensorSpec& spec) {
  using Tag = dnnl::memory::format_tag;
  const dnnl::memory::dims dims(spec.shape.dims().begin(), spec.shape.dims().end());
  Tag tag = Tag::undef;
  switch (spec.layout) {
    case Layout::plain: {
      static constexpr Tag kPlain[] = {Tag::undef, Tag::a, Tag::ab, Tag::abc, Tag::abcd, Tag::abcde, Tag::abcdef};
      tag = kPlain[dims.size()];
      break;
    }
    case Layout::nhwc:
      tag = Tag::nhwc;
      break;
    case Layout::blocked8:
      tag = Tag::nChw8c;
      break;
    case Layout::blocked16:
      tag = Tag::nChw16c;
      break;
  }
  return {dims, data_type_of(spec.type), tag};
}

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

void throw_translated(const std::string& what, const char* message) {
  throw Error(what + ": oneDNN says '" + message + "'");
}

PrimitiveKernel::PrimitiveKernel(const dnnl::primitive& primitive, std::string implementation,
                                 dnnl::memory::desc scratchpad, std::vector<Argument> arguments)
    : primitive_(primitive),
      implementation_(std::move(implementation)),
      scratchpad_(std::move(scratchpad)),
      arguments_(std::move(arguments)) {
  if (implementation_.starts_with("ref")) {
    const std::lock_guard lock(g_reference_mutex);
    reference_list().push_back(implementation_);
  }
}

std::unique_ptr<BoundKernel> PrimitiveKernel::bind(std::span<void* const> arguments, void* scratch) const {
  std::unordered_map<int, dnnl::memory> memories;
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    memories.emplace(arguments_[i].first, dnnl::memory(arguments_[i].second, engine(), arguments[i]));
  }
  if (scratch != nullptr) memories.emplace(DNNL_ARG_SCRATCHPAD, dnnl::memory(scratchpad_, engine(), scratch));
  return std::make_unique<BoundPrimitive>(primitive_, std::move(memories));
}

void Kernel::run(std::span<void* const> arguments) const {
  const auto scratch = scratch_bytes() > 0 ? aligned_bytes(scratch_bytes()) : nullptr;
  bind(arguments, scratch.get())->run();
}

void Kernel::run(std::initializer_list<const void*> arguments) const {
  std::vector<void*> pointers;
  for (const void* p : arguments) pointers.push_back(const_cast<void*>(p));
  run(std::span<void* const>(pointers));
}

std::shared_ptr<const void> cached_object(CacheKey key, const std::function<std::shared_ptr<const void>()>& make) {
  Cache& c = cache();
  {
    const std::lock_guard lock(c.mutex);
    if (const auto found = c.entries.find(key); found != c.entries.end()) {
      c.uses.splice(c.uses.begin(), c.uses, found->second.use);
      return found->second.object;
    }
  }
  auto object = make();  // outside the lock: building a kernel takes long
  const std::lock_guard lock(c.mutex);
  const auto [entry, inserted] = c.entries.try_emplace(key);
  if (!inserted) return entry->second.object;  // another thread was first
  c.uses.push_front(std::move(key));
  entry->second = {object, c.uses.begin()};
  if (c.entries.size() > Cache::kCapacity) {
    c.entries.erase(c.uses.back());
    c.uses.pop_back();
  }
  return object;
}

KeyBuilder& KeyBuilder::add(const TensorSpec& spec) {
  key_.push_back(static_cast<std::int64_t>(spec.shape.rank()));
  key_.insert(key_.end(), spec.shape.dims().begin(), spec.shape.dims().end());
  key_.push_back(static_cast<std::int64_t>(spec.type));
  key_.push_back(static_cast<std::int64_t>(spec.layout));
  return *this;
}

CacheKey KeyBuilder::done() {
  key_.push_back(current_threads());
  return std::move(key_);
}

Layout native_blocked_layout() {
  static const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                             dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core;
  return avx512 ? Layout::blocked16 : Layout::blocked8;
}

bool has_avx2() {
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                           dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx2;
  return avx2;
}

bool has_native_bf16() {
  static const bool bf16 = [] {
    const auto isa = dnnl::get_effective_cpu_isa();
    return isa == dnnl::cpu_isa::avx512_core_bf16 || isa == dnnl::cpu_isa::avx512_core_fp16 ||
           isa == dnnl::cpu_isa::avx512_core_amx;
  }();
  return bf16;
}

bool has_native_f16() {
#if defined(FACENET_HAVE_FP16)
  static const bool f16 = [] {
    const auto isa = dnnl::get_effective_cpu_isa();
    return isa == dnnl::cpu_isa::avx512_core_fp16 || isa == dnnl::cpu_isa::avx512_core_amx;
  }();
  return f16;
#else
  return false;
#endif
}

void require_native(Precision precision) {
  const bool bf16 = precision == Precision::bf16 && !has_native_bf16();
  const bool f16 = precision == Precision::f16 && !has_native_f16();
  if (!bf16 && !f16) return;
  throw InvalidArgument("this processor does not compute with " + std::string(name_of(precision)) + " (" +
                        instruction_set() + "); use precision f32");
}

bool has_native_int8() {
  static const bool int8 = [] {
    const auto isa = dnnl::get_effective_cpu_isa();
    return isa == dnnl::cpu_isa::avx2_vnni || isa == dnnl::cpu_isa::avx512_core_vnni || has_native_bf16();
  }();
  return int8;
}

std::string instruction_set() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2 with VNNI";
    case dnnl::cpu_isa::avx512_core:
      return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX-512 with VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX-512 with VNNI and BF16";
    case dnnl::cpu_isa::avx512_core_fp16:
      return "AVX-512 with VNNI, BF16 and FP16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "AVX-512 with AMX";
    default:
      return "generic";
  }
}

std::string onednn_version() {
  const auto* version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
}

KernelPtr reorder_kernel(const TensorSpec& src, const TensorSpec& dst) {
  return cached<Kernel>(KeyBuilder(0).add(src).add(dst).done(), [&]() -> KernelPtr {
    return translated("reorder of " + src.text() + " to " + dst.text(), [&] {
      const dnnl::reorder::primitive_desc pd(engine(), descriptor(src), engine(), descriptor(dst), user_scratchpad());
      return primitive_kernel(pd, {{DNNL_ARG_FROM, descriptor(src)}, {DNNL_ARG_TO, descriptor(dst)}});
    });
  });
}

Tensor reorder(const Tensor& src, DataType type, Layout layout) {
  if (src.type() == type && src.layout() == layout) return src;
  const TensorSpec spec{src.shape(), type, layout};
  Tensor dst(spec);
  reorder_kernel(src.spec(), spec)->run({src.raw(), dst.raw()});
  ++g_reorders;
  return dst;
}

std::size_t reorder_count() { return g_reorders; }

std::vector<std::string> reference_kernels_built() {
  const std::lock_guard lock(g_reference_mutex);
  return reference_list();
}

}  // namespace facenet::kernels
