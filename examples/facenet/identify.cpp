// facenet identify: who among the people of a gallery, or nobody of them.
#include <cmath>
#include <memory>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/gallery.hpp>

#include "commands.hpp"
#include "decision.hpp"
#include "faces.hpp"

namespace facenet::program {
namespace {

struct Options {
  FaceOptions faces;
  Decision decision;
  std::string gallery;
  int k = 5;
  std::optional<double> fpir{};
};

// root/person/image: the first folder of an image's name is its person.
Faces embed_gallery(const Common& common, const Model& model, const Options& options, Failures& failures) {
  if (options.gallery.empty()) throw UsageError("give --gallery FOLDER, with a folder of images for each person");
  if (!std::filesystem::is_directory(options.gallery)) {
    throw IoError("the gallery '" + printable(options.gallery) + "' is no folder; it holds a folder for each person");
  }
  Common root = common;
  root.arguments = {options.gallery};
  auto inputs = expand_inputs(root, failures);
  std::erase_if(inputs, [](const Input& input) { return input.name.find('/') == std::string::npos; });
  if (inputs.empty()) {
    throw FormatError("the gallery '" + printable(options.gallery) +
                      "' has no people: it is to hold a folder for each person, with JPEG, PNG or BMP files in it");
  }
  tell(common, "embedding the gallery: " + std::to_string(inputs.size()) + " images");
  FaceOptions one = options.faces;
  one.detection.faces = "largest";  // whoever else is in the photograph is not this person
  return embed_inputs(common, model, inputs, one, failures);
}

// A stranger is compared with everyone: with N embeddings of independent errors, FPIR = 1 - (1 - FAR)^N.
Decision decision_for(const Options& options, std::size_t embeddings) {
  if (!options.fpir) return options.decision;
  if (options.decision.threshold || options.decision.far) throw UsageError("one of --threshold, --far and --fpir");
  if (!(*options.fpir > 0 && *options.fpir < 1)) throw UsageError("--fpir is a share: between 0 and 1");
  return {std::nullopt, -std::expm1(std::log1p(-*options.fpir) / static_cast<double>(embeddings))};
}

void write(Output& output, const Faces& faces, const std::vector<Identity>& identities) {
  const auto text = [](const std::optional<double>& value) { return value ? text_of(*value) : std::string(); };
  const auto json = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < identities.size(); ++i) {
    const Identity& identity = identities[i];
    const std::string file = faces.faces[i].input.path.string();
    if (output.json()) {
      Json object{{"file", file},
                  {"face", faces.faces[i].number},
                  {"name", identity.name ? Json(*identity.name) : Json()},
                  {"distance", number(identity.distance)},
                  {"probability", json(identity.probability)},
                  {"candidates", Json::array()}};
      for (const auto& candidate : identity.candidates) {
        object["candidates"].push_back({{"name", candidate.name},
                                        {"distance", number(candidate.distance)},
                                        {"probability", json(candidate.probability)}});
      }
      output.object(std::move(object));
    } else if (output.csv()) {
      if (i == 0) output.row({"file", "face", "name", "distance", "probability"});
      output.row({file, std::to_string(faces.faces[i].number), identity.name.value_or(""), text_of(identity.distance),
                  text(identity.probability)});
    } else {
      std::string nearest = identity.candidates.empty() ? "" : identity.candidates.front().name;
      rows.push_back({printable(file), identity.name ? printable(*identity.name) : "unknown", printable(nearest),
                      fixed(static_cast<double>(identity.distance), 4)});
    }
  }
  if (output.text()) output.write(table({"file", "name", "nearest", "distance"}, rows, 3));
}

int identify(const Common& common, const Options& options) {
  if (options.k < 1) throw UsageError("-k wants a number from 1");
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  Failures failures;
  const auto inputs = expand_inputs(common, failures);
  const std::size_t total = inputs.size() + failures.size();
  const Model model = Model::load(model_path(common));
  if (!options.fpir) verifier_for(model, options.decision);  // said before the gallery is embedded
  Failures bad_people;
  const Faces people = embed_gallery(common, model, options, bad_people);
  if (people.faces.empty()) return bad_people.report(bad_people.size());
  Gallery gallery(verifier_for(model, decision_for(options, people.faces.size())));
  for (std::size_t i = 0; i < people.faces.size(); ++i) {
    const std::string& name = people.faces[i].input.name;
    gallery.add(name.substr(0, name.find('/')), people.embeddings[i]);
  }
  const Faces faces = embed_inputs(common, model, inputs, options.faces, failures);
  if (faces.faces.empty()) return failures.report(total);
  const auto identities = gallery.identify(faces.embeddings, options.k);
  write(output, faces, identities);
  output.finish();
  std::size_t known = 0;
  for (const auto& identity : identities) known += identity.name ? 1 : 0;
  say(common, std::to_string(known) + " of " + std::to_string(identities.size()) + " recognised among " +
                  std::to_string(gallery.people().size()) + " people");
  const int people_status = bad_people.report(bad_people.size() + people.faces.size());
  const int status = failures.report(total);
  return status != kDone ? status : people_status;
}

}  // namespace

Run setup_identify(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  app.add_option("--gallery", options->gallery, "Folder of people: FOLDER/person/image")->type_name("FOLDER");
  app.add_option("-k", options->k, "How many of the nearest people to give (5)")->type_name("N");
  add_decision_options(app, options->decision);
  app.add_option("--fpir", options->fpir,
                 "The calibrated threshold at which at most this share of strangers is given a name: "
                 "FAR = 1 - (1 - R)^(1/N) for N images in the gallery")
      ->type_name("R");
  add_face_options(app, options->faces);
  add_output_options(app, common, "Write to this file: .txt, .json, .jsonl, .csv");
  return [options, &common] { return identify(common, *options); };
}

}  // namespace facenet::program
