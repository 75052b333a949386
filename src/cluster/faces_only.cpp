// Leaving out what is no face, and renumbering the rest.
#include "cluster/faces_only.hpp"

#include <utility>

#include "cluster/links.hpp"

namespace facenet {

FacesOnly::FacesOnly(const Embeddings& embeddings, const Constraints& said) {
  checked_links(said, embeddings.size());
  std::vector<std::int32_t> row_of(embeddings.size(), 0);
  for (const std::int32_t item : said.not_a_face) row_of[static_cast<std::size_t>(item)] = -1;
  faces.dimension = embeddings.dimension;
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    if (row_of[i] < 0) continue;
    row_of[i] = static_cast<std::int32_t>(item_of.size());
    item_of.push_back(i);
    faces.append(embeddings[i]);
  }
  const auto keep = [&](const auto& pairs, auto& to) {
    for (const auto& [a, b] : pairs) {
      const ItemPair rows{row_of[static_cast<std::size_t>(a)], row_of[static_cast<std::size_t>(b)]};
      if (rows.first >= 0 && rows.second >= 0) to.push_back(rows);
    }
  };
  keep(said.same, constraints.same);
  keep(said.different, constraints.different);
}

}  // namespace facenet
