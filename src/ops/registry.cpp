// The one list of operators.
#include "ops/registry.hpp"

#include <string>

#include <facenet/error.hpp>

#include "ops/arithmetic.hpp"
#include "ops/batch_norm.hpp"
#include "ops/clip.hpp"
#include "ops/concat.hpp"
#include "ops/convolution.hpp"
#include "ops/dropout.hpp"
#include "ops/gelu.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/layer_norm.hpp"
#include "ops/linear.hpp"
#include "ops/local_response_norm.hpp"
#include "ops/matmul.hpp"
#include "ops/maxout.hpp"
#include "ops/pad.hpp"
#include "ops/pool.hpp"
#include "ops/prelu.hpp"
#include "ops/reduce.hpp"
#include "ops/relu.hpp"
#include "ops/reshape.hpp"
#include "ops/sigmoid.hpp"
#include "ops/slice.hpp"
#include "ops/softmax.hpp"
#include "ops/transpose.hpp"
#include "ops/unary.hpp"

namespace facenet {
namespace {

using Make = std::shared_ptr<Operator> (*)();

template <typename T>
std::shared_ptr<Operator> make() {
  return std::make_shared<T>();
}
// Of an operator that comes in kinds.
template <typename T, typename T::Kind kind>
std::shared_ptr<Operator> make_kind() {
  return std::make_shared<T>(kind);
}

constexpr Make kOperators[] = {make<ImageToTensor>,
                               make<Convolution>,
                               make<BatchNorm>,
                               make_kind<Pool, Pool::Kind::maximum>,
                               make_kind<Pool, Pool::Kind::average>,
                               make_kind<Pool, Pool::Kind::l2>,
                               make<Relu>,
                               make<Prelu>,
                               make<Sigmoid>,
                               make<Gelu>,
                               make_kind<Unary, Unary::Kind::erf>,
                               make_kind<Unary, Unary::Kind::tanh>,
                               make_kind<Unary, Unary::Kind::square_root>,
                               make<Softmax>,
                               make<Clip>,
                               make<LocalResponseNorm>,
                               make<LayerNorm>,
                               make<Linear>,
                               make<Matmul>,
                               make<Maxout>,
                               make<Concat>,
                               make<Slice>,
                               make_kind<Arithmetic, Arithmetic::Kind::add>,
                               make_kind<Arithmetic, Arithmetic::Kind::subtract>,
                               make_kind<Arithmetic, Arithmetic::Kind::multiply>,
                               make_kind<Arithmetic, Arithmetic::Kind::divide>,
                               make_kind<Reduce, Reduce::Kind::sum>,
                               make_kind<Reduce, Reduce::Kind::mean>,
                               make_kind<Reduce, Reduce::Kind::maximum>,
                               make<Reshape>,
                               make<Transpose>,
                               make<Pad>,
                               make<Dropout>,
                               make<L2Normalize>};

}  // namespace

std::vector<std::string_view> operator_names() {
  static const auto names = [] {
    std::vector<std::string> list;
    for (const auto make_one : kOperators) list.emplace_back(make_one()->name());
    return list;
  }();
  return {names.begin(), names.end()};
}

std::shared_ptr<Operator> make_operator(std::string_view name) {
  std::string known;
  for (const auto make_one : kOperators) {
    auto candidate = make_one();
    if (candidate->name() == name) return candidate;
    known += (known.empty() ? "" : ", ") + std::string(candidate->name());
  }
  throw InvalidArgument("no operator is called '" + std::string(name) + "'; known are " + known);
}

}  // namespace facenet
