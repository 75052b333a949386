// What a person said about faces: these two are one person, those are not, that is no face at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <facenet/export.hpp>

namespace facenet {

/// Taken by Clusterer, and never undone by it. Items are rows of the embeddings, from 0. "The same" goes on: where a is
/// the same as b and b as c, a is the same as c. A plain value.
struct FACENET_API Constraints {
  std::vector<std::pair<std::int32_t, std::int32_t>> same{};       ///< in one cluster
  std::vector<std::pair<std::int32_t, std::int32_t>> different{};  ///< in two clusters
  std::vector<std::int32_t> not_a_face{};                          ///< in none
  std::vector<std::string> names{};                                ///< [n] what messages call the items; may be empty

  /// Says that items with the same label are the same; a label below 0 says nothing. With the labels of an earlier
  /// clustering of the first rows, and -1 for rows that are new, the new ones join those clusters or found others, and
  /// clusters merge where new items bring them near, but none is divided again.
  void keep_together(std::span<const std::int32_t> labels);

  bool empty() const { return same.empty() && different.empty() && not_a_face.empty(); }
};

/// Whose embedding a row is.
struct FaceName {
  std::string file{};
  std::int32_t face = 0;  ///< its number in the photograph
};

/// A CSV table with the columns file_a, file_b, relation ("same", "different" or "not a face", whose file_b is empty)
/// and perhaps face_a and face_b, to be read for the embeddings of `faces` [n]. A file is named as there, or by the end
/// of its path that no other has: "Ada/one.jpg" for "/albums/Ada/one.jpg". A face's number may be left out where the
/// photograph has one face. Of a face that is there twice, the first is meant. A row whose relation is empty says
/// nothing (yet). IoError; FormatError that names the line of what is unknown or not clear, or the chain of what
/// contradicts itself.
FACENET_API Constraints read_constraints(const std::filesystem::path& path, std::span<const FaceName> faces);

}  // namespace facenet
