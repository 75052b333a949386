// Matrix products, and normalisations of rows, from ONNX.
#include <algorithm>
#include <cmath>

#include "io/onnx_readers.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/layer_norm.hpp"
#include "ops/linear.hpp"
#include "ops/matmul.hpp"

namespace facenet {
namespace {

using Kind = OnnxValue::Kind;

// [O,I] of a matrix [I,O] (or [O,I] where it is transposed already), times a factor.
Tensor transposed(const OnnxConstant& matrix, bool already, float factor) {
  const std::int64_t rows = matrix.shape[already ? 0 : 1];
  const std::int64_t columns = matrix.shape[already ? 1 : 0];
  const Tensor result(TensorSpec{{rows, columns}});
  const auto from = matrix.floats.floats();
  const auto to = result.floats();
  for (std::int64_t o = 0; o < rows; ++o) {
    for (std::int64_t i = 0; i < columns; ++i) {
      to[static_cast<std::size_t>(o * columns + i)] =
          factor * from[static_cast<std::size_t>(already ? o * columns + i : i * rows + o)];
    }
  }
  return result;
}

int linear_weights(OnnxNode& node, bool already, float factor) {
  const auto& matrix = node.floats(1, 2);
  if (already && factor == 1) return node.parameter(1, matrix.shape, false, true);
  node.builder().spend(matrix.size() * sizeof(float), node.what());
  return node.parameter("weights", transposed(matrix, already, factor), false, true);
}

void gemm(OnnxNode& node) {
  if (node.integer("transA", 0) != 0) node.refuse("transposed data cannot be imported: images are treated one by one");
  if (node.shape(0).rank() != 2) node.refuse("its data have the shape " + node.shape(0).text() + ", not [N,D]");
  const int weights = linear_weights(node, node.integer("transB", 0) != 0, node.number("alpha", 1));
  const std::int64_t outputs = node.builder().shape(weights)[0];
  std::vector<int> src{node.data(0), weights};
  if (node.has(2)) {
    const auto& bias = node.floats(2);
    const float beta = node.number("beta", 1);
    if (bias.shape.elements() == outputs && beta == 1) {
      src.push_back(node.parameter(2, {outputs}));
    } else {
      if (bias.shape.elements() != outputs && bias.size() != 1) {
        node.refuse("its bias has the shape " + bias.shape.text() + ", where [" + std::to_string(outputs) +
                    "] is expected");
      }
      node.builder().spend(static_cast<std::size_t>(outputs) * sizeof(float), node.what());
      const Tensor values(TensorSpec{{outputs}});
      for (std::size_t i = 0; i < values.floats().size(); ++i) {
        values.floats()[i] = beta * bias.floats.floats()[bias.size() == 1 ? 0 : i];
      }
      src.push_back(node.parameter("bias", values));
    }
  }
  node.result(node.add(std::make_shared<Linear>(Linear::Parameters{.bias = src.size() == 3}), src));
}

// With a constant, a linear layer, whose bias may come as an Add after it.
void matrix_product(OnnxNode& node) {
  if (node.is_constant(0)) node.refuse("the left matrix must be data: only the right one may be a constant");
  if (!node.is_constant(1)) return node.result(node.add(std::make_shared<Matmul>(), {node.data(0), node.data(1)}));
  const std::size_t rank = node.shape(0).rank();
  if (rank < 2) node.refuse("its data have the shape " + node.shape(0).text() + ", where rows are expected");
  OnnxValue product{.kind = Kind::product, .id = node.data(0)};
  product.weights = linear_weights(node, false, 1);
  product.rows = rank > 2;
  node.result(std::move(product));
}

void lp_normalization(OnnxNode& node) {
  const std::size_t rank = node.shape(0).rank();
  const auto axis = static_cast<std::int64_t>(node.axis(node.integer("axis", -1), rank));
  if (node.integer("p", 2) != 2) node.refuse("only p = 2 can be imported");
  node.result(node.add(std::make_shared<L2Normalize>(L2Normalize::Parameters{axis}), {node.data(0)}));
}

void layer_normalization(OnnxNode& node) {
  const Shape data = node.shape(0);
  const std::size_t axis = node.axis(node.integer("axis", -1), data.rank());
  const LayerNorm::Parameters p{
      .axis = static_cast<std::int64_t>(axis), .epsilon = node.number("epsilon", 1e-5F), .shift = node.has(2)};
  if (!(p.epsilon >= 0)) node.refuse("its epsilon is no such");
  const Shape last(data.dims().subspan(axis));
  std::vector<int> src{node.data(0), node.parameter(1, last)};
  if (p.shift) src.push_back(node.parameter(2, last));
  node.result(node.add(std::make_shared<LayerNorm>(p), src));
}

constexpr OnnxReader kReaders[] = {
    {"Gemm", gemm},
    {"MatMul", matrix_product},
    {"LpNormalization", lp_normalization},
    {"LayerNormalization", layer_normalization},
};

}  // namespace

std::span<const OnnxReader> onnx_matrix_readers() { return kReaders; }

}  // namespace facenet
