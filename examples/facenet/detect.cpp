// facenet detect: where faces are in photographs, and how good they are.
#include <memory>
#include <span>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "commands.hpp"
#include "detection.hpp"
#include "faces.hpp"
#include "journal.hpp"

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

Face face_of(const Input& input, std::size_t number, const DetectedFace& found) {
  return {input, number, found.box, found.landmarks, found.quality.score};
}

void write_csv(Output& output, const Face& face, const DetectedFace& found) {
  auto row = face_row(face);
  for (const float value : {found.confidence, found.quality.size, found.quality.sharpness, found.quality.pose}) {
    row.push_back(text_of(value));
  }
  row.push_back(std::to_string(found.turned));
  for (const bool flag : {found.cut_off, found.tiny, found.blurred}) row.emplace_back(flag ? "1" : "0");
  output.row(row);
}

void write_json(Output& output, const Face& face, const DetectedFace& found) {
  Json json = face_json(face);
  json["confidence"] = number(found.confidence);
  json["size"] = number(found.quality.size);
  json["sharpness"] = number(found.quality.sharpness);
  json["pose"] = number(found.quality.pose);
  json["turned"] = found.turned;
  json["cut_off"] = found.cut_off;
  json["tiny"] = found.tiny;
  json["blurred"] = found.blurred;
  output.object(std::move(json));
}

void write_text(Output& output, const Face& face, const DetectedFace& found) {
  const auto& b = face.box;
  const std::string flags = list_of_flags(found);
  output.write(printable(face.input.path) + ": face " + std::to_string(face.number) + ", " + fixed(b[2] - b[0], 0) +
               "x" + fixed(b[3] - b[1], 0) + " pixels at " + fixed(b[0], 0) + "," + fixed(b[1], 0) + ", confidence " +
               fixed(found.confidence, 3) + ", quality " + fixed(found.quality.score, 2) +
               (flags.empty() ? "" : " (" + flags + ")") + "\n");
}

// As the journal keeps what was found, and back.
Json to_journal(const std::vector<DetectedFace>& faces) {
  Json list = Json::array();
  for (const auto& f : faces) {
    list.push_back({f.box, f.landmarks, f.confidence, f.quality.score, f.quality.size, f.quality.sharpness,
                    f.quality.pose, f.turned, f.cut_off, f.tiny, f.blurred});
  }
  return list;
}

// Nothing where somebody has changed the file by hand.
std::optional<std::vector<DetectedFace>> from_journal(const Journal& journal, const Input& input) {
  try {
    const auto known = journal.find(input);
    if (!known) return std::nullopt;
    std::vector<DetectedFace> faces;
    for (const auto& f : *known) {
      DetectedFace face;
      face.box = f.at(0).get<std::array<float, 4>>();
      face.landmarks = f.at(1).get<Landmarks>();
      face.confidence = f.at(2).get<float>();
      face.quality = {f.at(3).get<float>(), f.at(4).get<float>(), f.at(5).get<float>(), f.at(6).get<float>()};
      face.turned = f.at(7).get<int>();
      face.cut_off = f.at(8).get<bool>();
      face.tiny = f.at(9).get<bool>();
      face.blurred = f.at(10).get<bool>();
      faces.push_back(face);
    }
    return faces;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// Of these photographs, those that nothing is known of are searched.
std::vector<Searched> search(const Common& common, const Detector& detector, std::span<const Input> inputs,
                             Journal& journal) {
  std::vector<Searched> results(inputs.size());
  std::vector<Input> unknown;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (auto known = from_journal(journal, inputs[i])) {
      results[i].faces = std::move(*known);
    } else {
      unknown.push_back(inputs[i]);
      places.push_back(i);
    }
  }
  auto found = search(common, detector, unknown);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].fault.empty()) journal.add(unknown[i], to_journal(found[i].faces));
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
  if (output.csv()) {
    auto columns = face_columns();
    for (const char* more : {"confidence", "size", "sharpness", "pose", "turned", "cut_off", "tiny", "blurred"}) {
      columns.emplace_back(more);
    }
    output.row(columns);
  }
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
        const DetectedFace& found = result.faces[number];
        const Face face = face_of(some[i], number, found);
        if (output.csv()) {
          write_csv(output, face, found);
        } else if (output.json()) {
          write_json(output, face, found);
        } else {
          write_text(output, face, found);
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
