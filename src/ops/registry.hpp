// Every operator by its name, for those who read graphs from files.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "ops/operator.hpp"

namespace facenet {

/// A new operator with default parameters; InvalidArgument with the list of those known when there is none.
std::shared_ptr<Operator> make_operator(std::string_view name);
std::vector<std::string_view> operator_names();

}  // namespace facenet
