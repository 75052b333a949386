// No operator is left out.
#include <set>
#include <string_view>

#include "catch.hpp"
#include "ops/registry.hpp"

using namespace facenet;

TEST_CASE("every registered operator has its cases in this program") {
  const std::set<std::string_view> checked{"convolution",
                                           "linear",
                                           "batch_norm",
                                           "local_response_norm",
                                           "l2_normalize",
                                           "max_pool",
                                           "average_pool",
                                           "l2_pool",
                                           "relu",
                                           "add",
                                           "concat",
                                           "dropout",
                                           "image_to_tensor",
                                           "maxout",
                                           "prelu",
                                           "sigmoid",
                                           "softmax",
                                           "gelu",
                                           "erf",
                                           "tanh",
                                           "square_root",
                                           "layer_norm",
                                           "matmul",
                                           "slice",
                                           "clip",
                                           "subtract",
                                           "multiply",
                                           "divide",
                                           "reduce_sum",
                                           "reduce_mean",
                                           "reduce_max",
                                           "reshape",
                                           "transpose",
                                           "pad"};
  for (const auto name : operator_names()) {
    INFO("'" << name << "' is registered: give it a case with check_operator, then name it here");
    CHECK(checked.count(name) == 1);
  }
}
