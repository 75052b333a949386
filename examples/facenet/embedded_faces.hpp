// Faces that were embedded before: embeddings files, as every command that takes them reads them.
#pragma once

#include <filesystem>
#include <optional>

#include <facenet/codes.hpp>

#include "faces.hpp"

namespace facenet::program {

/// The rows of an embeddings file (.npy, codes too). FormatError naming the file and the row, and whose it is where a
/// table beside it says so, for one that is no embedding of a face: not finite, or all zeros.
Embeddings face_embeddings(const std::filesystem::path& npy);

/// The same, and whose each row is by the .csv beside it: a face's file, number and norm (0 where that is not told),
/// and nothing else of it. FormatError when they do not fit. Given `coded`, codes stay codes, and there are no
/// embeddings.
Faces read_faces(const std::filesystem::path& npy, std::optional<CodedEmbeddings>* coded = nullptr);

/// F.npy to F.csv.
std::filesystem::path csv_beside(const std::filesystem::path& npy);

}  // namespace facenet::program
