// What remains without the items that are said to be no faces.
#pragma once

#include <cstddef>
#include <vector>

#include "facenet/constraints.hpp"
#include "facenet/embeddings.hpp"

namespace facenet {

struct FacesOnly {
  /// InvalidArgument as checked_links, with the names of all items.
  FacesOnly(const Embeddings& embeddings, const Constraints& said);

  Embeddings faces{};
  std::vector<std::size_t> item_of{};  ///< [faces]
  Constraints constraints{};           ///< of the faces
};

}  // namespace facenet
