// Detector files: the weights of a face detector's networks, as safetensors (docs/file-formats.md).
#pragma once

#include <filesystem>
#include <string>

#include "io/state_dict.hpp"

namespace facenet {

/// MTCNN's three networks with the names and shapes that facenet-pytorch gives their weights.
struct DetectorData {
  StateDict pnet;
  StateDict rnet;
  StateDict onet;
  std::string licence;     ///< of the weights
  std::string data_notes;  ///< where they come from
};

/// Written whole or not at all; the same content gives the same bytes. IoError when it cannot be written.
void save_detector(const std::filesystem::path& path, const DetectorData& detector);

/// FormatError when the file is no detector, is damaged (a checksum covers all of it), or of a version that this
/// library does not read; IoError when it cannot be read. Whether the tensors fit the networks is for who makes these
/// to find.
DetectorData load_detector(const std::filesystem::path& path);

}  // namespace facenet
