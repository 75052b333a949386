// Faces that were embedded before: embeddings files, as every command that takes them reads them.
#pragma once

#include <filesystem>
#include <optional>

#include <facenet/codes.hpp>
#include <facenet/csv.hpp>

#include "faces.hpp"

namespace facenet::program {

/// The rows of an embeddings file (.npy, codes too, or .npz). FormatError naming the file and the row, and whose it is
/// where that is told, for one that is no embedding of a face: not finite, or all zeros.
Embeddings face_embeddings(const std::filesystem::path& file);

/// The same, and whose each row is, by the .npz itself or the .csv beside the .npy: a face's file, number and norm (0
/// where that is not told), and nothing else of it. FormatError when they do not fit. Given `coded`, codes stay codes,
/// and there are no embeddings.
Faces read_faces(const std::filesystem::path& file, std::optional<CodedEmbeddings>* coded = nullptr);

/// What else is told of the faces of an .npy. FormatError for an .npz, which has no such table.
CsvTable table_of(const std::filesystem::path& file);

/// F.npy to F.csv.
std::filesystem::path csv_beside(const std::filesystem::path& npy);

}  // namespace facenet::program
