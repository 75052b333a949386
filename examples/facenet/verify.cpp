// facenet verify: the same person or not.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/verifier.hpp>

#include "commands.hpp"
#include "decision.hpp"
#include "faces.hpp"

namespace facenet::program {
namespace {

struct Options {
  FaceOptions faces;
  Decision decision;
};

Json optional(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

// The row of a photograph's largest face, and how many faces the photograph has.
struct Largest {
  std::size_t row = 0;
  std::size_t faces = 0;
};

// Of the two photographs: the largest face of each is compared, and that there are others is said.
std::array<Largest, 2> largest_of(const Common& common, const std::vector<Face>& faces) {
  std::array<Largest, 2> result{};
  std::size_t photograph = 0;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    if (i > 0 && faces[i].number == 0) ++photograph;
    if (faces[i].number == 0) result.at(photograph).row = i;
    ++result.at(photograph).faces;
  }
  for (const auto& [row, count] : result) {
    if (count < 2) continue;
    say(common, "'" + printable(faces[row].input.path) + "' shows " + std::to_string(count) +
                    " faces: the largest is compared");
  }
  return result;
}

// "0.1 % (0.08 % to 0.13 %)"
std::string rate_text(const Verdict& verdict) {
  const auto share = [](double value) { return text_of(static_cast<float>(100 * value)) + " %"; };
  const auto rounded = [](double value) {
    const double unit = std::pow(10, std::floor(std::log10(std::max(value, 1e-12))) - 1);
    return std::round(value / unit) * unit;
  };
  std::string text = share(*verdict.far);
  if (verdict.far_interval) {
    text +=
        " (" + share(rounded(verdict.far_interval->low)) + " to " + share(rounded(verdict.far_interval->high)) + ")";
  }
  return text;
}

int verify(const Common& common, const Options& options) {
  require_arguments(common, 2, 2, "two images, A and B");
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  output.single();
  const Model model = Model::load(model_path(common));
  const Verifier verifier = verifier_for(model, options.decision);
  Failures failures;
  FaceOptions face_options = options.faces;
  face_options.batch = 1;  // the same bits whatever the other image is
  const auto inputs = expand_inputs(common, failures);
  if (inputs.size() > 2) throw UsageError("verify takes two images, not folders");
  const Faces faces = embed_inputs(common, model, inputs, face_options, failures);
  if (!failures.empty()) {
    failures.report(2);
    return kFileFault;  // there is no answer about one image
  }
  if (inputs.size() != 2) throw UsageError("verify takes two images, and got " + std::to_string(inputs.size()));
  const auto [first, second] = largest_of(common, faces.faces);
  const Verdict verdict = verifier.verify(faces.embeddings[first.row], faces.embeddings[second.row]);
  const std::string a = inputs[0].path.string();
  const std::string b = inputs[1].path.string();
  const auto text = [](const std::optional<double>& value) { return value ? text_of(*value) : std::string(); };
  if (output.json()) {
    Json json{
        {"a", a},
        {"b", b},
        {"distance", number(verdict.distance)},
        {"threshold", number(verdict.threshold)},
        {"threshold_from", verdict.threshold_from},
        {"same", verdict.same},
        {"probability", optional(verdict.probability)},
        {"far", optional(verdict.far)},
        {"far_interval", verdict.far_interval ? Json{verdict.far_interval->low, verdict.far_interval->high} : Json()}};
    if (faces.faces.front().found) {
      json["faces_a"] = first.faces;
      json["faces_b"] = second.faces;
    }
    output.object(std::move(json));
  } else if (output.csv()) {
    output.row({"a", "b", "distance", "threshold", "threshold_from", "same", "probability", "far"});
    output.row({a, b, text_of(verdict.distance), text_of(verdict.threshold), verdict.threshold_from,
                verdict.same ? "true" : "false", text(verdict.probability), text(verdict.far)});
  } else {
    output.write(std::string(verdict.same ? "the same person" : "two different people") + "\ndistance     " +
                 fixed(static_cast<double>(verdict.distance), 4) + "\nthreshold    " +
                 fixed(static_cast<double>(verdict.threshold), 4) + " (" + verdict.threshold_from + ")\n");
    if (verdict.far) output.write("takes        " + rate_text(verdict) + " of different people for the same\n");
    if (verdict.probability) output.write("probability  " + fixed(*verdict.probability, 4) + " of the same person\n");
  }
  output.finish();
  return kDone;
}

}  // namespace

Run setup_verify(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  add_decision_options(app, options->decision);
  options->faces.detection.faces = "all";  // to say how many there are
  app.add_option("--detector", options->faces.detection.detector,
                 "Compare the largest face that this detector finds in each (or set FACENET_DETECTOR)")
      ->type_name("FILE");
  app.add_option("--landmarks", options->faces.landmarks, "CSV of five points for each file: faces are aligned by them")
      ->type_name("FILE");
  app.add_flag("--flip", options->faces.flip, "Embed the mirror images too and average");
  add_output_options(app, common, "Write to this file: .txt, .json, .csv");
  return [options, &common] { return verify(common, *options); };
}

}  // namespace facenet::program
