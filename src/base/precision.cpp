// The names of precisions.
#include <facenet/precision.hpp>

#include <iterator>
#include <string>

#include <facenet/error.hpp>

namespace facenet {
namespace {

constexpr std::string_view kNames[] = {"automatic", "f32", "bf16", "f16", "int8"};

}  // namespace

std::string_view name_of(Precision precision) { return kNames[static_cast<std::size_t>(precision)]; }

Precision precision_from_name(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Precision>(i);
  }
  throw InvalidArgument("no precision is called '" + std::string(name) +
                        "'; known are automatic, f32, bf16, f16, int8");
}

}  // namespace facenet
