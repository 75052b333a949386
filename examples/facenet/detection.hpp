// Faces found in photographs: the options of detection, and photographs read and searched on all threads.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <facenet/detector.hpp>

#include "inputs.hpp"
#include "output.hpp"

namespace facenet::program {

struct DetectionOptions {
  std::string detector;    ///< the file; empty: see `detector_path`
  std::string thresholds;  ///< three numbers; empty: the library's
  std::string faces;       ///< all, largest, centre; empty: as the command has it
  bool upright = false;
  DetectorOptions options{};
};

/// --minimum-size, --thresholds, --faces, --max-faces, --upright. The option for the file is the command's own.
void add_detection_options(CLI::App& app, DetectionOptions& options);

/// Whether the options or the environment name a detector.
bool has_detector(const DetectionOptions& options);
/// The options' file, else $FACENET_DETECTOR, else a UsageError that says how to get one.
std::string detector_path(const DetectionOptions& options);
/// The detector of that file. UsageError for options that cannot be meant.
Detector open_detector(const std::string& path, const DetectionOptions& options);

/// What the results of a detector depend on.
Json made_with(const std::string& path, const Detector& detector);

/// Another one on the same networks that uses so many threads.
Detector thread_of(const Detector& detector, int threads);

/// What was found in a photograph.
struct Searched {
  std::vector<DetectedFace> faces;
  std::string fault;  ///< why it could not be read; empty
};

/// Reads and searches these, each on one thread (a single one on all); in their order.
std::vector<Searched> search(const Common& common, const Detector& detector, std::span<const Input> inputs);

/// "no face of 40 pixels or more"
std::string no_face(const Detector& detector);

}  // namespace facenet::program
