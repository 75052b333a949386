// facenet verify: the same person or not.
#include <algorithm>
#include <cmath>
#include <memory>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/template.hpp>
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

// One of the two that are compared.
struct Side {
  std::string name;              ///< as it was given
  std::vector<float> embedding;  ///< empty where nothing could be used
  std::size_t images = 0;        ///< used
  std::size_t faces = 0;         ///< in them
  std::size_t tried = 0;
  bool found = false;  ///< by a detector
};

// A photograph's largest face; of a folder, which shows one person, the template of all its photographs'.
Side side_of(const Common& common, const Model& model, const std::string& argument, const FaceOptions& options,
             Failures& failures) {
  Common one = common;
  one.arguments = {argument};
  const std::size_t before = failures.size();
  const auto inputs = expand_inputs(one, failures);
  const std::size_t tried = inputs.size() + failures.size() - before;
  const Faces faces = embed_inputs(common, model, inputs, options, failures);
  Side side{argument, {}, 0, faces.faces.size(), tried, false};
  Embeddings largest;
  for (std::size_t i = 0, next = 0; i < faces.faces.size(); i = next) {
    for (next = i + 1; next < faces.faces.size() && faces.faces[next].number > 0;) ++next;
    const Face& face = faces.faces[i];
    side.found = side.found || face.found;
    largest.append(faces.embeddings[i]);
    if (next == i + 1) continue;
    say(common,
        "'" + printable(face.input.path) + "' shows " + std::to_string(next - i) + " faces: the largest is compared");
  }
  side.images = largest.size();
  if (side.images == 1) {
    side.embedding.assign(largest[0].begin(), largest[0].end());
  } else if (side.images > 1) {
    side.embedding = template_of(largest);
  }
  return side;
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
  require_arguments(common, 2, 2, "two images or folders of one person each, A and B");
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  output.single();
  const Model model = Model::load(model_path(common));
  const Verifier verifier = verifier_for(model, options.decision);
  Failures failures;
  FaceOptions face_options = options.faces;
  face_options.batch = 1;  // the same bits whatever the other image is
  const Side first = side_of(common, model, common.arguments[0], face_options, failures);
  const Side second = side_of(common, model, common.arguments[1], face_options, failures);
  const std::size_t tried = first.tried + second.tried;
  if (first.images == 0 || second.images == 0) {
    failures.report(tried);
    return kFileFault;  // there is no answer about one image
  }
  const Verdict verdict = verifier.verify(first.embedding, second.embedding);
  const std::string& a = first.name;
  const std::string& b = second.name;
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
    if (first.images > 1 || second.images > 1) {
      json["images_a"] = first.images;
      json["images_b"] = second.images;
    }
    if (first.found) {
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
  return failures.report(tried);
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
