// The one list of operators.
#include "ops/registry.hpp"

#include <string>

#include <facenet/error.hpp>

#include "ops/add.hpp"
#include "ops/batch_norm.hpp"
#include "ops/clip.hpp"
#include "ops/concat.hpp"
#include "ops/convolution.hpp"
#include "ops/dropout.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/linear.hpp"
#include "ops/local_response_norm.hpp"
#include "ops/maxout.hpp"
#include "ops/pool.hpp"
#include "ops/prelu.hpp"
#include "ops/relu.hpp"
#include "ops/sigmoid.hpp"
#include "ops/softmax.hpp"

namespace facenet {
namespace {

using Make = std::shared_ptr<Operator> (*)();

template <typename T>
std::shared_ptr<Operator> make() {
  return std::make_shared<T>();
}
template <Pool::Kind kind>
std::shared_ptr<Operator> make_pool() {
  return std::make_shared<Pool>(kind);
}

constexpr Make kOperators[] = {make<ImageToTensor>,
                               make<Convolution>,
                               make<BatchNorm>,
                               make_pool<Pool::Kind::maximum>,
                               make_pool<Pool::Kind::average>,
                               make_pool<Pool::Kind::l2>,
                               make<Relu>,
                               make<Prelu>,
                               make<Sigmoid>,
                               make<Softmax>,
                               make<Clip>,
                               make<LocalResponseNorm>,
                               make<Linear>,
                               make<Maxout>,
                               make<Concat>,
                               make<Add>,
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
