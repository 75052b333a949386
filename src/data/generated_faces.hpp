// Procedural faces: pictures of people who do not exist, for demos, tests and benchmarks without downloads or licences.
//
// A person is some fifty numbers (face_model.hpp): the shape of skull, jaw, eyes, brows, nose and mouth, skin, hair,
// moles, freckles. A picture adds what changes between photographs of one person: pose, expression, gaze, light,
// shadow, glasses, hats, hands, backdrop, sharpness, noise. The head is a bulging ellipsoid seen along parallel rays
// (face_geometry.hpp), so that features shift against each other when it turns, and bumps catch the light; features are
// drawn on it by signed distances (face_drawing.hpp). What varies between pictures is large against what tells people
// apart: neither pixels, nor the mean colour, nor where a point lies verify people (tests/unit/data holds the bounds).
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>

#include <facenet/image.hpp>

#include "data/dataset.hpp"

namespace facenet {

struct GeneratedFace {
  Image image;
  Landmarks landmarks{};
};

/// The picture `image_seed` of the person `person_seed`, size x size (16 to 2048). The same seeds give the same
/// picture.
GeneratedFace generate_face(std::uint64_t person_seed, std::uint64_t image_seed, int size);

struct GenerateOptions {
  int people = 100;
  int images = 10;  ///< of each person
  int size = 112;
  std::uint64_t seed = 1;
};

/// Writes root/person_0001/0001.png and so on, and root/landmarks.csv at the end; uses current_threads() threads. Each
/// file is written whole or not at all; what lies there already under these names is replaced. InvalidArgument,
/// IoError; Interrupted when stopped.
void generate_dataset(const std::filesystem::path& root, const GenerateOptions& options,
                      const DataProgress& progress = {}, const std::stop_token& stop = {});

}  // namespace facenet
