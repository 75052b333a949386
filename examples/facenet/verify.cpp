// facenet verify: the same person or not.
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
  const Verdict verdict = verifier.verify(faces.embeddings[0], faces.embeddings[1]);
  const std::string a = inputs[0].path.string();
  const std::string b = inputs[1].path.string();
  const auto text = [](const std::optional<double>& value) { return value ? text_of(*value) : std::string(); };
  if (output.json()) {
    output.object({{"a", a},
                   {"b", b},
                   {"distance", number(verdict.distance)},
                   {"threshold", number(verdict.threshold)},
                   {"threshold_from", verdict.threshold_from},
                   {"same", verdict.same},
                   {"probability", optional(verdict.probability)},
                   {"far", optional(verdict.far)}});
  } else if (output.csv()) {
    output.row({"a", "b", "distance", "threshold", "threshold_from", "same", "probability", "far"});
    output.row({a, b, text_of(verdict.distance), text_of(verdict.threshold), verdict.threshold_from,
                verdict.same ? "true" : "false", text(verdict.probability), text(verdict.far)});
  } else {
    output.write(std::string(verdict.same ? "the same person" : "two different people") + "\ndistance     " +
                 fixed(static_cast<double>(verdict.distance), 4) + "\nthreshold    " +
                 fixed(static_cast<double>(verdict.threshold), 4) + " (" + verdict.threshold_from + ")\n");
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
  options->faces.detection.faces = "largest";
  app.add_option("--detector", options->faces.detection.detector,
                 "Find the largest face of each with this detector, and align it (or set FACENET_DETECTOR)")
      ->type_name("FILE");
  app.add_option("--landmarks", options->faces.landmarks, "CSV of five points for each file: faces are aligned by them")
      ->type_name("FILE");
  app.add_flag("--flip", options->faces.flip, "Embed the mirror images too and average");
  add_output_options(app, common, "Write to this file: .txt, .json, .csv");
  return [options, &common] { return verify(common, *options); };
}

}  // namespace facenet::program
