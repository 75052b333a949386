// facenet identify: who among the people of a gallery, or nobody of them.
#include <cmath>
#include <memory>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "commands.hpp"
#include "decision.hpp"
#include "gallery.hpp"

namespace facenet::program {
namespace {

struct Options {
  FaceOptions faces;
  Decision decision;
  std::string gallery;
  std::string search;
  int k = 5;
  std::optional<double> fpir{};
};

// The people of a folder, embedded now and forgotten afterwards.
Gallery embed_gallery(const Common& common, const Model& model, const Options& options, Failures& failures) {
  const auto inputs = people_inputs(common, options.gallery, failures);
  tell(common, "embedding the gallery: " + std::to_string(inputs.size()) + " images");
  FaceOptions one = options.faces;
  one.detection.faces = "largest";  // whoever else is in the photograph is not this person
  const Faces faces = embed_inputs(common, model, inputs, one, failures);
  std::vector<Enrolment> enrolments;
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    Enrolment enrolment;
    enrolment.person = person_of(faces.faces[i].input);
    enrolment.embedding.assign(faces.embeddings[i].begin(), faces.embeddings[i].end());
    enrolments.push_back(std::move(enrolment));
  }
  Gallery gallery;
  gallery.add(enrolments);
  return gallery;
}

// With --fpir: the gallery's own calibration, made now of its people where it has none and they are enough. Otherwise a
// stranger is compared with everyone: with N embeddings of independent errors, FPIR = 1 - (1 - FAR)^N.
Verifier decide(const Common& common, const Model& model, const Options& options, Gallery& gallery) {
  if (options.decision.threshold || options.decision.far) return verifier_for(model, options.decision);
  if (options.fpir) {
    if (!gallery.calibration() && gallery.path().empty() &&
        static_cast<double>(gallery.people().size()) * *options.fpir >= 1) {
      gallery.calibrate(*options.fpir);
    }
    if (gallery.calibration()) return verifier_for(model, {gallery.threshold(*options.fpir), std::nullopt});
    tell(common, "the gallery is not calibrated: the threshold comes from the model's calibration");
    const auto n = static_cast<double>(gallery.size());
    return verifier_for(model, {std::nullopt, -std::expm1(std::log1p(-*options.fpir) / n)});
  }
  if (const auto calibration = gallery.calibration()) {
    return verifier_for(model, {gallery.threshold(calibration->fpir), std::nullopt});
  }
  return verifier_for(model, options.decision);
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
  if (options.gallery.empty())
    throw UsageError("give --gallery G: a gallery's file, or a folder with one for each person");
  if (options.fpir) {
    if (options.decision.threshold || options.decision.far) throw UsageError("one of --threshold, --far and --fpir");
    if (!(*options.fpir > 0 && *options.fpir < 1)) throw UsageError("--fpir is a share: between 0 and 1");
  }
  const GallerySearch search = search_of(options.search);
  const Model model = Model::load(model_path(common));
  const bool folder = std::filesystem::is_directory(options.gallery);
  if (folder && !options.fpir) verifier_for(model, options.decision);  // said before the gallery is embedded
  Failures bad_people;
  Gallery gallery = folder ? embed_gallery(common, model, options, bad_people)
                           : Gallery::open(options.gallery, model.fingerprint(), GalleryAccess::read_only);
  if (folder && gallery.size() == 0) return bad_people.report(bad_people.size());
  if (search != GallerySearch::automatic) gallery.set_search(search, {}, interrupted());
  gallery.set_verifier(decide(common, model, options, gallery));
  const Faces faces = embed_inputs(common, model, inputs, options.faces, failures);
  if (faces.faces.empty()) return failures.report(total);
  const auto identities = gallery.identify(faces.embeddings, options.k);
  write(output, faces, identities);
  output.finish();
  std::size_t known = 0;
  for (const auto& identity : identities) known += identity.name ? 1 : 0;
  say(common, std::to_string(known) + " of " + std::to_string(identities.size()) + " recognised among " +
                  std::to_string(gallery.people().size()) + " people; search " + search_text(gallery));
  const int people_status = bad_people.report(bad_people.size() + static_cast<std::size_t>(gallery.size()));
  const int status = failures.report(total);
  return status != kDone ? status : people_status;
}

}  // namespace

Run setup_identify(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  app.add_option("--gallery", options->gallery,
                 "A gallery's file (facenet gallery), or a folder of people: G/person/image")
      ->type_name("G");
  app.add_option("--search", options->search,
                 "How what is near is found: exact, codes (a byte for each dimension), hnsw (some, along a graph), "
                 "automatic (default: exact up to two million images)")
      ->type_name("NAME");
  app.add_option("-k", options->k, "How many of the nearest people to give (5)")->type_name("N");
  add_decision_options(app, options->decision);
  app.add_option("--fpir", options->fpir,
                 "The threshold at which at most this share of strangers is given a name: by the gallery's calibration "
                 "(of a folder: made now, where it has 1/R people), else FAR = 1 - (1 - R)^(1/N) of the model's, for N "
                 "images in the gallery")
      ->type_name("R");
  add_face_options(app, options->faces);
  add_quality_option(app, options->faces);
  add_output_options(app, common, "Write to this file: .txt, .json, .jsonl, .csv");
  return [options, &common] { return identify(common, *options); };
}

}  // namespace facenet::program
