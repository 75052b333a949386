// What a codec consists of: an optional projection, and evenly spaced levels of each component.
#pragma once

#include <vector>

#include "facenet/codes.hpp"

namespace facenet {

/// component = <direction, row - mean>, or the row's own number where there are no directions; decoded as
/// low + step * level, level 0 to 255, or 0 to 1 with one bit.
struct Codec::Data {
  std::string form;
  std::size_t dimension = 0;
  bool one_bit = false;
  std::vector<float> low;           // [components]
  std::vector<float> step;          // [components]; 0 where all rows are the same
  std::vector<float> mean{};        // [dimension], with directions
  std::vector<float> directions{};  // [components,dimension], orthonormal

  std::size_t components() const { return low.size(); }
  std::size_t bytes() const { return one_bit ? (components() + 7) / 8 : components(); }

  /// The components of a row, and the squared length of what they leave out.
  float project(std::span<const float> row, float* components) const;
};

/// The number of components that a form asks for, and whether they are bits; 0 components: one for each dimension.
/// InvalidArgument for a form that there is not.
struct CodeForm {
  std::size_t components = 0;
  bool one_bit = false;
};
CodeForm parse_code_form(std::string_view form);

}  // namespace facenet
