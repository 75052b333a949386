// A photograph's entry in a journal: the faces found in it, with or without their embeddings. What is read may have
// been changed by anybody since it was written.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "faces.hpp"

namespace facenet::program {

Json entry_of(std::span<const DetectedFace> faces);
/// Nothing where it is no such entry.
std::optional<std::vector<DetectedFace>> found_in(const Json& entry);

/// `rows`: [faces,D].
Json entry_of(std::span<const Face> faces, std::span<const float> rows);
struct KnownFaces {
  std::vector<Face> faces;
  std::vector<float> rows;
};
/// Nothing where it is no such entry of embeddings of `dimension` numbers; `detected`: a detector has found the faces.
std::optional<KnownFaces> embedded_in(const Json& entry, const Input& input, std::size_t dimension, bool detected);

}  // namespace facenet::program
