// A small world that the tests of the commands share: drawn people, and models that have learnt nothing.
#pragma once

#include <filesystem>
#include <string>

#include "data.hpp"

namespace facenet::test {

/// Made once for each test program; tests read it and write elsewhere.
struct World {
  ScratchFolder scratch;
  std::filesystem::path faces = scratch / "faces";          ///< 6 people with 4 images each, 64x64, and landmarks.csv
  std::filesystem::path model = scratch / "model.fnm";      ///< tiny
  std::filesystem::path aligned = scratch / "aligned.fnm";  ///< trained for two steps on aligned faces: has a template
  std::filesystem::path calibrated = scratch / "cal.fnm";   ///< `model` with a calibration: threshold 1, for FAR 0.1

  World();
  std::string face(int person, int image) const;
};

const World& world();

/// Three people on three axes, with a little noise: 5, 3 and 1 images, as e.npy and e.csv.
void write_people(const std::filesystem::path& npy);

}  // namespace facenet::test
