// What every operator must satisfy, checked in one call: shape rule, forward, gradients, clean memory, no slow kernels.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "ops/operator.hpp"

namespace facenet::test {

/// An operator with sources that fit it. Sources whose gradient is not defined (running statistics, bytes) are named.
struct OperatorCase {
  std::shared_ptr<const Operator> op;
  std::vector<RefTensor> src;
  std::vector<std::size_t> without_gradient;
};

/// Normal values, rounded to float.
RefTensor normal(const Shape& shape, Random& random, double deviation = 1, double mean = 0);
/// Each [H,W] plane (at most 255 elements) holds different multiples of 1/16, none nearer to zero than 1/32, in random
/// order; all are exact in bf16. For maxima and ReLU, whose slope jumps where values meet.
RefTensor distinct(const Shape& shape, Random& random);
/// Draws cases until no element of `smooth` (the operator without its ReLU) on the same sources is near zero.
template <typename Make>
OperatorCase away_from_zero(const Operator& smooth, Make&& make) {
  for (std::uint64_t seed = 1;; ++seed) {
    Random random(seed);
    OperatorCase candidate = make(random);
    const RefTensor dst = smooth.reference(candidate.src, {.training = true});
    bool near = false;
    for (const double value : dst.values) near = near || (value < 1e-4 && value > -1e-4);
    if (!near) return candidate;
  }
}

/// Checks, with data in each layout (and, with several sources, in mixed ones), in float32 and, where the processor has
/// it, in bf16 as well:
///   - the shape rule gives the reference's shape, in training and in inference
///   - the result is that of the double-precision reference, in training and in inference
///   - the gradient of a random cotangent is the central difference of the reference, for every source: along random
///     directions, which see an error anywhere, and for single elements
///   - asking for one gradient alone gives the same one
///   - on a tape, a source used twice gets the sum, and parameters' gradients add up over two passes
///   - memory beyond the last channel of a blocked result or gradient is zero, though all memory comes filled with
///     garbage
///   - no kernel is a slow "ref" of oneDNN
void check_operator(const OperatorCase& c);

/// The lanes beyond the last channel of a blocked tensor are all zero bytes; true for other layouts.
bool padding_is_zero(const Tensor& tensor);
/// From now on the allocator fills what it hands out with garbage. False where it cannot (another libc, a sanitizer).
bool poison_memory();

RefTensor to_reference(const Tensor& tensor);
Tensor to_tensor(const RefTensor& reference, DataType type = DataType::f32, Layout layout = Layout::plain);

/// Empty when every |actual - expected| <= tolerance * (max |expected| + |expected|); else says where it is not.
std::string difference(std::span<const double> actual, std::span<const double> expected, double tolerance);

}  // namespace facenet::test
