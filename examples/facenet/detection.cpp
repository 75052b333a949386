// Faces found in photographs.
#include "detection.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <future>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "journal.hpp"

namespace facenet::program {
namespace {

std::array<float, 3> parse_thresholds(const std::string& text) {
  const auto parts = split(text, ',');
  std::array<float, 3> values{};
  bool fine = parts.size() == values.size();
  for (std::size_t i = 0; fine && i < values.size(); ++i) {
    const char* end = parts[i].data() + parts[i].size();
    const auto [stop, error] = std::from_chars(parts[i].data(), end, values[i]);
    fine = error == std::errc() && stop == end;
  }
  if (!fine) throw UsageError("--thresholds wants three numbers, like 0.6,0.7,0.7, not '" + printable(text) + "'");
  return values;
}

void search_one(Detector& detector, const Input& input, Searched& result) {
  try {
    result.faces = detector.detect(Image::open(input.path));
  } catch (const Error& error) {
    result.fault = error.what();
  }
}

}  // namespace

void add_detection_options(CLI::App& app, DetectionOptions& options) {
  app.add_option("--minimum-size", options.options.minimum_size, "Side of the smallest face to look for, pixels (40)")
      ->type_name("N");
  app.add_option("--thresholds", options.thresholds, "What the three networks must say to go on (0.6,0.7,0.7)")
      ->type_name("A,B,C");
  app.add_option("--faces", options.faces, "Of each photograph: all, largest, or centre")->type_name("WHICH");
  app.add_option("--max-faces", options.options.maximum_faces, "At most so many, the largest (no limit)")
      ->type_name("N");
  app.add_flag("--upright", options.upright, "Do not look for faces that lie or stand on their heads");
}

bool has_detector(const DetectionOptions& options) {
  const char* set = std::getenv("FACENET_DETECTOR");
  return !options.detector.empty() || (set != nullptr && *set != '\0');
}

std::string detector_path(const DetectionOptions& options) {
  if (!options.detector.empty()) return options.detector;
  if (has_detector(options)) return std::getenv("FACENET_DETECTOR");
  throw UsageError(
      "which detector? Give --detector FILE, or set FACENET_DETECTOR. To get one, import the networks of the Python "
      "package facenet-pytorch: facenet import pnet.pt -o mtcnn.fnm (with rnet.pt and onet.pt beside it)");
}

Detector open_detector(const std::string& path, const DetectionOptions& given) {
  DetectorOptions options = given.options;
  options.turned = !given.upright;
  if (!given.thresholds.empty()) options.thresholds = parse_thresholds(given.thresholds);
  if (!given.faces.empty()) {
    require_name("--faces", given.faces, {"all", "largest", "centre"});
    options.choice = given.faces == "largest"  ? FaceChoice::largest
                     : given.faces == "centre" ? FaceChoice::centre
                                               : FaceChoice::all;
  }
  return Detector::load(path, options);
}

Json made_with(const std::string& path, const Detector& detector) {
  const DetectorOptions& o = detector.options();
  return {{"file", identity_of(path)},        {"minimum_size", o.minimum_size},       {"thresholds", o.thresholds},
          {"maximum_faces", o.maximum_faces}, {"choice", static_cast<int>(o.choice)}, {"turned", o.turned}};
}

Detector thread_of(const Detector& detector, int threads) {
  DetectorOptions options = detector.options();
  options.threads = threads;
  return detector.with(options);
}

std::vector<Searched> search(const Common& common, const Detector& detector, std::span<const Input> inputs) {
  std::vector<Searched> results(inputs.size());
  const std::size_t workers = std::min(static_cast<std::size_t>(common.threads), inputs.size());
  std::vector<std::future<void>> running;
  for (std::size_t first = 0; first < workers; ++first) {
    running.push_back(std::async(std::launch::async, [&, first] {
      Detector own = thread_of(detector, workers > 1 ? 1 : common.threads);
      for (std::size_t i = first; i < inputs.size(); i += workers) search_one(own, inputs[i], results[i]);
    }));
  }
  for (auto& worker : running) worker.get();
  return results;
}

std::string no_face(const Detector& detector) {
  return "no face of " + std::to_string(detector.options().minimum_size) + " pixels or more";
}

}  // namespace facenet::program
