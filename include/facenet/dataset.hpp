// Files around photographs: tables of landmarks, and generated faces, one or folders of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <unordered_map>

#include <facenet/export.hpp>
#include <facenet/image.hpp>

namespace facenet {

/// Whether a file is taken for a photograph where folders are searched: by its ending, .jpg, .jpeg, .png or .bmp in any
/// case.
FACENET_API bool is_image_name(const std::filesystem::path& path);

/// Five points for each file, by its path as the table writes it (relative to the folder of images, '/' between).
using LandmarkTable = std::unordered_map<std::string, Landmarks>;

/// Reads a CSV file with the columns file, left_eye_x, left_eye_y, right_eye_x, ... nose, mouth_left, mouth_right, in
/// any order; others are passed over. IoError; FormatError that names file and line, also when a file appears twice.
FACENET_API LandmarkTable read_landmarks(const std::filesystem::path& path);

/// How small and how badly stored a photograph of a face is.
struct Degradation {
  int pixels = 0;        ///< of its longer side; 0: as many as it has
  int jpeg_quality = 0;  ///< 1 to 100; 0: not compressed
};

/// The face as it would look from such a photograph, at its own size: shrunk by area, through JPEG, enlarged by Keys'
/// cubic. For tests and training with what cameras far away deliver. InvalidArgument for an image without pixels, and
/// for numbers out of range.
FACENET_API Image degraded(const Image& face, const Degradation& how);

/// Called with how many of how many are done; from any thread, one at a time.
using DataProgress = std::function<void(std::size_t done, std::size_t total)>;

/// A face that was drawn, and where its five points lie.
struct GeneratedFace {
  Image image;
  Landmarks landmarks{};
};

/// The picture `image_seed` of the person `person_seed`, who does not exist, size x size pixels. The same seeds give
/// the same picture. Any thread may call it. InvalidArgument unless size is 16 to 2048.
FACENET_API GeneratedFace generate_face(std::uint64_t person_seed, std::uint64_t image_seed, int size);

/// How many faces generate_dataset draws.
struct GenerateOptions {
  int people = 100;
  int images = 10;  ///< of each person
  int size = 112;   ///< pixels a side, 16 to 2048
  std::uint64_t seed = 1;
};

/// Draws faces of people who do not exist: root/person_0001/0001.png and so on, and root/landmarks.csv at the end, on
/// the threads of the calling thread (set_threads). The same options give the same files. Each file is written whole or
/// not at all; what lies there already under these names is replaced. InvalidArgument, IoError; Interrupted when
/// stopped.
FACENET_API void generate_dataset(const std::filesystem::path& root, const GenerateOptions& options,
                                  const DataProgress& progress = {}, const std::stop_token& stop = {});

}  // namespace facenet
