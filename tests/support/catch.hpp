// Catch2, version 2 or 3, by one set of names.
#pragma once

#include <string>

#if FACENET_CATCH2_VERSION >= 3
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
using Catch::Detail::Approx;
#endif

namespace facenet::test {

/// Matches a text that holds `part`.
inline auto Contains(const std::string& part) {
#if FACENET_CATCH2_VERSION >= 3
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

}  // namespace facenet::test
