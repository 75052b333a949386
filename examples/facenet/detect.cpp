// facenet detect: where faces are in photographs, and how good they are.
#include <memory>
#include <span>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "commands.hpp"
#include "detection.hpp"
#include "faces.hpp"
#include "journal_entries.hpp"

namespace facenet::program {
namespace {

std::string list_of_flags(const DetectedFace& face) {
  std::string text;
  const auto add = [&](bool set, const std::string& word) {
    if (set) text += (text.empty() ? "" : ", ") + word;
  };
  add(face.turned != 0, "turned by " + std::to_string(face.turned) + " degrees");
  add(face.cut_off, "cut off");
  add(face.tiny, "tiny");
  add(face.blurred, "blurred");
  return text;
}

void write_text(Output& output, const Face& face) {
  const DetectedFace& found = *face.found;
  const auto& b = face.box;
  const std::string flags = list_of_flags(found);
  output.write(printable(face.input.path) + ": face " + std::to_string(face.number) + ", " + fixed(b[2] - b[0], 0) +
               "x" + fixed(b[3] - b[1], 0) + " pixels at " + fixed(b[0], 0) + "," + fixed(b[1], 0) + ", confidence " +
               fixed(found.confidence, 3) + ", quality " + fixed(found.quality.score, 2) +
               (flags.empty() ? "" : " (" + flags + ")") + "\n");
}

// Of these photographs, those that nothing is known of are searched.
std::vector<Searched> search(const Common& common, const Detector& detector, std::span<const Input> inputs,
                             Journal& journal) {
  std::vector<Searched> results(inputs.size());
  std::vector<Input> unknown;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto entry = journal.find(inputs[i]);
    if (auto known = entry ? found_in(*entry) : std::nullopt) {
      results[i].faces = std::move(*known);
    } else {
      unknown.push_back(inputs[i]);
      places.push_back(i);
    }
  }
  auto found = search(common, detector, unknown);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].fault.empty()) journal.add(unknown[i], entry_of(found[i].faces));
    results[places[i]] = std::move(found[i]);
  }
  return results;
}

int detect(const Common& common, const DetectionOptions& options) {
  Output output(common, {Kind::text, Kind::json, Kind::json_lines, Kind::csv});
  const Detector detector = open_detector(detector_path(options), options);
  Failures failures;
  const auto inputs = expand_inputs(common, failures);
  const std::size_t total = inputs.size() + failures.size();
  if (output.csv()) output.row(face_columns());
  std::size_t faces = 0;
  std::size_t without = 0;
  Journal journal(common, common.output);
  journal.open(made_with(detector_path(options), detector));
  Progress progress(common, "detecting");
  const std::size_t part = std::max<std::size_t>(static_cast<std::size_t>(common.threads) * 8, 16);
  for (std::size_t begin = 0; begin < inputs.size(); begin += part) {
    const auto some = std::span(inputs).subspan(begin, std::min(part, inputs.size() - begin));
    const auto results = search(common, detector, some, journal);
    if (inputs.size() > part) journal.keep();
    if (interrupted().stop_requested()) throw Interrupted(journal.stopped());
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto& result = results[i];
      if (!result.fault.empty()) {
        failures.add(some[i].path, result.fault);
        continue;
      }
      if (result.faces.empty()) {
        ++without;
        if (output.json()) {
          output.object({{"file", some[i].path.string()}, {"face", nullptr}, {"reason", no_face(detector)}});
        } else if (output.text()) {
          output.write(printable(some[i].path) + ": " + no_face(detector) + "\n");
        }
      }
      for (std::size_t number = 0; number < result.faces.size(); ++number) {
        const Face face = face_of(some[i], number, result.faces[number]);
        if (output.csv()) {
          output.row(face_row(face));
        } else if (output.json()) {
          output.object(face_json(face));
        } else {
          write_text(output, face);
        }
        ++faces;
      }
    }
    progress.show(begin + some.size(), inputs.size());
  }
  output.finish();
  journal.finish();
  say(common, grouped(static_cast<std::int64_t>(faces)) + " face" + (faces == 1 ? "" : "s") + " in " +
                  grouped(static_cast<std::int64_t>(inputs.size())) + " photograph" + (inputs.size() == 1 ? "" : "s") +
                  (without > 0 ? "; none in " + grouped(static_cast<std::int64_t>(without)) : ""));
  return failures.report(total);
}

}  // namespace

Run setup_detect(CLI::App& app, Common& common) {
  const auto options = std::make_shared<DetectionOptions>();
  app.add_option("-m,--detector,--model", options->detector, "The detector file (or set FACENET_DETECTOR)")
      ->type_name("FILE");
  add_detection_options(app, *options);
  add_output_options(app, common, "Write to this file: .json, .jsonl, .csv; or words");
  return [options, &common] { return detect(common, *options); };
}

}  // namespace facenet::program
