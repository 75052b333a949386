// Damage of all kinds to a well-formed file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/random.hpp"

namespace facenet::test {

/// One to four of: a flipped bit, another byte, a run taken out, a run doubled, the end cut off.
inline std::vector<std::uint8_t> damaged(std::vector<std::uint8_t> bytes, Random& random) {
  const auto place = [&] { return static_cast<std::ptrdiff_t>(random.below(bytes.size())); };
  for (auto left = 1 + random.below(4); left > 0 && bytes.size() > 1; --left) {
    const auto at = bytes.begin() + place();
    const auto run = std::min<std::ptrdiff_t>(1 + static_cast<std::ptrdiff_t>(random.below(8)), bytes.end() - at);
    switch (random.below(6)) {
      case 0:
        bytes.erase(at, at + run);
        break;
      case 1: {
        const std::vector<std::uint8_t> copy(at, at + run);
        bytes.insert(at, copy.begin(), copy.end());
        break;
      }
      case 2:
        bytes.resize(static_cast<std::size_t>(place()) + 1);
        break;
      case 3:
        *at = random.below(2) == 0 ? std::uint8_t{0xff} : std::uint8_t{0};
        break;
      case 4:
        *at = static_cast<std::uint8_t>(random.below(256));
        break;
      default:
        *at = static_cast<std::uint8_t>(*at ^ (1U << random.below(8)));
    }
  }
  return bytes;
}

}  // namespace facenet::test
