// The operators of quantised networks: data are bytes that count steps. They exist in plans only. Maximum pooling and
// concatenation work on bytes as on anything else.
#pragma once

#include "ops/fused_convolution.hpp"
#include "ops/pool.hpp"

namespace facenet {

/// How numbers are kept: value = stored * step. Bytes: u8 for what is never negative, else s8.
struct Quantisation {
  DataType type = DataType::f32;
  float step = 1;
  bool operator==(const Quantisation&) const = default;
};

/// Bytes for values up to `largest`.
inline Quantisation bytes_for(float largest, bool never_negative) {
  return never_negative ? Quantisation{DataType::u8, largest / 255} : Quantisation{DataType::s8, largest / 127};
}

/// Source and dst hold the same values in different ways.
struct Quantise final : InferenceOperator {
  Quantise(const Quantisation& source, const Quantisation& destination) : src(source), dst(destination) {}

  std::string_view name() const override { return "quantise"; }
  Shape shape(std::span<const Shape> sources) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  RefTensor reference(std::span<const RefTensor> sources, const Mode& mode) const override;

  Quantisation src, dst;
};

/// A convolution of bytes by bytes, summed in 32 bits, with a sum and a rectifier in it where it has them. Weights
/// (float32) get a step for each result's channel: the largest one counts 127, or on a processor without instructions
/// for bytes, whose sums of two products must fit into 16 bits, 63 (126, all even, where the source is s8).
struct Int8Convolution final : InferenceOperator {
  /// `second`: how the second source is kept, in bytes, where there is one.
  Int8Convolution(const FusedConvolution& convolution, const Quantisation& source, const Quantisation& destination,
                  const Quantisation& second = {DataType::u8, 1})
      : plain(convolution), src(source), dst(destination), added(second) {}

  std::string_view name() const override;
  std::size_t parameter_inputs() const override { return plain.parameter_inputs(); }
  Shape shape(std::span<const Shape> sources) const override { return plain.shape(sources); }
  /// Error where there is no fast kernel: ask `has_kernel` before.
  Compiled compile(std::span<const Operand> operands) const override;
  bool has_kernel(const Shape& source, const Shape& weights) const;
  RefTensor reference(std::span<const RefTensor> sources, const Mode& mode) const override;
  std::int64_t multiply_adds(std::span<const Shape> sources) const override { return plain.multiply_adds(sources); }

  FusedConvolution plain;
  Quantisation src, dst, added;

 private:
  kernels::ConvolutionProblem problem(const Shape& source, const Shape& weights) const;
  kernels::Int8Result result() const;
  float unit() const { return plain.sum ? added.step : dst.step; }  // of what is summed
};

/// L2 pooling from u8 to u8.
struct Int8L2Pool final : InferenceOperator {
  static constexpr std::int64_t kLargestWindow = 1 << 15;  ///< pixels, whose squares fit into 32 bits together

  Int8L2Pool(const Pool& pool, const Quantisation& source, const Quantisation& destination)
      : plain(pool), src(source), dst(destination) {}

  std::string_view name() const override { return "int8_l2_pool"; }
  Shape shape(std::span<const Shape> sources) const override { return plain.shape(sources); }
  Compiled compile(std::span<const Operand> operands) const override;
  RefTensor reference(std::span<const RefTensor> sources, const Mode& mode) const override;

  Pool plain;
  Quantisation src, dst;
};

}  // namespace facenet
