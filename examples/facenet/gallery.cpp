// facenet gallery: people kept in a file.
#include "gallery.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "commands.hpp"
#include "embedded_faces.hpp"

namespace facenet::program {
namespace {

const std::vector<std::string> kRankings{"nearest", "mean", "vote"};
const std::vector<std::string> kSearches{"automatic", "exact", "codes", "hnsw"};

Json calibration_json(const std::optional<OpenSetCalibration>& calibration) {
  if (!calibration) return {};
  Json json{{"fpir", calibration->fpir},
            {"threshold", number(calibration->threshold)},
            {"strangers", calibration->strangers},
            {"probes", calibration->probes},
            {"comparisons", calibration->comparisons},
            {"data", calibration->data},
            {"points", Json::array()}};
  for (const auto& point : calibration->points) {
    json["points"].push_back({{"fpir", point.fpir},
                              {"threshold", number(point.threshold)},
                              {"recognised", point.recognised ? Json(*point.recognised) : Json()}});
  }
  return json;
}

std::string calibration_text(const std::optional<OpenSetCalibration>& calibration) {
  if (!calibration) return "none; facenet gallery calibrate G --fpir R";
  std::string text = "threshold " + text_of(calibration->threshold) + " for FPIR " + text_of(calibration->fpir) + ", " +
                     grouped(calibration->strangers) + " strangers (" + printable(calibration->data) + ")";
  for (const auto& point : calibration->points) {
    if (point.fpir == calibration->fpir && point.recognised) {
      text += ", recognises " + percent(*point.recognised) + " of the images left out";
      break;
    }
  }
  return text;
}

int create(const Common& common, const GalleryOptions&) {
  require_arguments(common, 2, 2, "create G");
  const Model model = Model::load(model_path(common));
  Gallery::create(common.arguments[1], {model.fingerprint(), model.embedding_size()});
  say(common, "made " + printable(common.arguments[1]) + " for the model " + model.fingerprint().substr(0, 16) +
                  "; add people: facenet gallery add " + printable(common.arguments[1]) + " --folder ROOT");
  return kDone;
}

int remove(const Common& common, const GalleryOptions& options) {
  Gallery gallery = Gallery::open(common.arguments[1], {});
  Failures failures;
  std::size_t total = common.arguments.size() - 2;
  for (std::size_t i = 2; i < common.arguments.size(); ++i) {
    const std::int64_t images = gallery.remove(common.arguments[i]);
    if (images == 0) {
      failures.add(common.arguments[i], "nobody has this name");
    } else {
      say(common, "removed " + printable(common.arguments[i]) + ": " + grouped(images) + " images");
    }
  }
  if (!options.image.empty()) {
    ++total;
    const std::string path = std::filesystem::absolute(options.image).lexically_normal().string();
    std::size_t images = 0;
    for (const auto& image : gallery.images()) {
      if (image.image == path || image.image == options.image) images += gallery.remove_image(image.id) ? 1 : 0;
    }
    if (images == 0) failures.add(options.image, "it is not enrolled");
  }
  if (total == 0) throw UsageError("whom? Give names, or --image FILE");
  return failures.report(total);
}

int rename(const Common& common, const GalleryOptions&) {
  require_arguments(common, 4, 4, "rename G FROM TO");
  Gallery::open(common.arguments[1], {}).rename(common.arguments[2], common.arguments[3]);
  return kDone;
}

int merge(const Common& common, const GalleryOptions&) {
  require_arguments(common, 4, 4, "merge G FROM INTO");
  Gallery::open(common.arguments[1], {}).merge(common.arguments[2], common.arguments[3]);
  return kDone;
}

int note(const Common& common, const GalleryOptions&) {
  require_arguments(common, 4, 4, "note G NAME TEXT");
  Gallery::open(common.arguments[1], {}).set_metadata(common.arguments[2], common.arguments[3]);
  return kDone;
}

void say_summary(const Common& common, const Gallery& gallery) {
  say(common, grouped(static_cast<std::int64_t>(gallery.people().size())) + " people, " + grouped(gallery.size()) +
                  " images; model " + gallery.model().fingerprint.substr(0, 16) + "; people compared by " +
                  name_of(gallery.ranking()) + "; search " + search_text(gallery) +
                  "; calibration: " + calibration_text(gallery.calibration()));
}

int list(const Common& common, const GalleryOptions& options) {
  require_arguments(common, 2, 2, "list G");
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  const Gallery gallery = Gallery::open(common.arguments[1], {}, GalleryAccess::read_only);
  std::vector<std::vector<std::string>> rows;
  if (options.images) {
    if (output.csv()) output.row({"id", "name", "image", "digest", "quality"});
    for (const auto& image : gallery.images()) {
      if (output.json()) {
        output.object({{"id", image.id},
                       {"name", image.person},
                       {"image", image.image},
                       {"digest", image.digest},
                       {"quality", image.quality ? number(*image.quality) : Json()}});
      } else if (output.csv()) {
        output.row({std::to_string(image.id), image.person, image.image, image.digest,
                    image.quality ? text_of(*image.quality) : ""});
      } else {
        rows.push_back({printable(image.person), printable(image.image)});
      }
    }
    if (output.text()) output.write(table({"name", "image"}, rows, 2));
  } else {
    if (output.csv()) output.row({"name", "images", "metadata"});
    for (const auto& person : gallery.people()) {
      if (output.json()) {
        output.object({{"name", person.name}, {"images", person.embeddings}, {"metadata", person.metadata}});
      } else if (output.csv()) {
        output.row({person.name, std::to_string(person.embeddings), person.metadata});
      } else {
        rows.push_back({printable(person.name), printable(person.metadata), grouped(person.embeddings)});
      }
    }
    if (output.text()) output.write(table({"name", "metadata", "images"}, rows, 2));
  }
  output.finish();
  say_summary(common, gallery);
  return kDone;
}

int check(const Common& common, const GalleryOptions&) {
  require_arguments(common, 2, 2, "check G");
  Output output(common, {Kind::text, Kind::json});
  output.single();
  const Gallery gallery = Gallery::open(common.arguments[1], {}, GalleryAccess::read_only);
  const GalleryCheck result = gallery.check();
  std::map<std::int64_t, EnrolledImage> images;
  for (auto& image : gallery.images()) images.emplace(image.id, std::move(image));
  if (output.json()) {
    Json json{{"gallery", common.arguments[1]},
              {"model", gallery.model().fingerprint},
              {"dimension", gallery.model().dimension},
              {"people", gallery.people().size()},
              {"images", gallery.size()},
              {"ranking", name_of(gallery.ranking())},
              {"search", name_of(gallery.search_info().search)},
              {"calibration", calibration_json(gallery.calibration())},
              {"faults", result.faults},
              {"doubles", Json::array()}};
    for (const auto& [a, b] : result.doubles) {
      json["doubles"].push_back({{"a", images.at(a).image},
                                 {"name_a", images.at(a).person},
                                 {"b", images.at(b).image},
                                 {"name_b", images.at(b).person}});
    }
    output.object(std::move(json));
  } else {
    std::string text = result.faults.empty() ? "sound\n" : "";
    for (const auto& fault : result.faults) text += "damaged: " + printable(fault) + "\n";
    for (const auto& [a, b] : result.doubles) {
      text += "the same image as '" + printable(images.at(a).person) + "' and as '" + printable(images.at(b).person) +
              "': " + printable(images.at(a).image) + ", " + printable(images.at(b).image) + "\n";
    }
    output.write(text);
  }
  output.finish();
  say_summary(common, gallery);
  return result.faults.empty() ? kDone : kFileFault;
}

int calibrate(const Common& common, const GalleryOptions& options) {
  require_arguments(common, 2, 2, "calibrate G --fpir R");
  if (options.fpir.empty() && options.ranking.empty()) throw UsageError("give --fpir R, --ranking NAME, or both");
  Gallery gallery = Gallery::open(common.arguments[1], {});
  if (!options.ranking.empty()) gallery.set_ranking(ranking_of(options.ranking));
  if (!options.fpir.empty()) {
    const auto rates = parse_rates("--fpir", options.fpir);
    if (rates.size() != 1) throw UsageError("--fpir: one rate");
    Embeddings strangers;
    std::string data;
    if (!options.strangers.empty()) {
      strangers = face_embeddings(options.strangers);
      data = "strangers of " + printable(options.strangers);
    }
    gallery.calibrate(rates[0], strangers, data);
  }
  say_summary(common, gallery);
  return kDone;
}

struct Action {
  const char* name;
  int (*run)(const Common& common, const GalleryOptions& options);
};
constexpr Action kActions[] = {
    {"create", create},       {"add", gallery_add}, {"remove", remove},
    {"rename", rename},       {"merge", merge},     {"note", note},
    {"list", list},           {"check", check},     {"migrate", gallery_migrate},
    {"calibrate", calibrate},
};

int run_gallery(const Common& common, const GalleryOptions& options) {
  std::vector<std::string> names{"evaluate"};
  for (const auto& action : kActions) names.emplace_back(action.name);
  if (common.arguments.empty()) throw UsageError("what is to be done? create, add, list, ...");
  require_name("gallery", common.arguments[0], names);
  if (common.arguments[0] == "evaluate") return gallery_evaluate(common, options);
  if (common.arguments.size() < 2) throw UsageError("which gallery? Give its file");
  for (const auto& action : kActions) {
    if (common.arguments[0] == action.name) return action.run(common, options);
  }
  return kOurFault;
}

}  // namespace

std::vector<double> parse_rates(const std::string& option, const std::string& text) {
  std::vector<double> rates;
  for (const auto& part : split(text, ',')) {
    std::size_t end = 0;
    double rate = 0;
    try {
      rate = std::stod(part, &end);
    } catch (const std::exception&) {
      end = 0;
    }
    if (end == 0 || end != part.size() || !(rate > 0 && rate < 1)) {
      throw UsageError(option + " wants shares between 0 and 1, not '" + printable(part) + "'");
    }
    rates.push_back(rate);
  }
  return rates;
}

PersonRanking ranking_of(const std::string& name) {
  require_name("--ranking", name, kRankings);
  return static_cast<PersonRanking>(std::find(kRankings.begin(), kRankings.end(), name) - kRankings.begin());
}

std::string name_of(PersonRanking ranking) { return kRankings[static_cast<std::size_t>(ranking)]; }

GallerySearch search_of(const std::string& name) {
  if (name.empty()) return GallerySearch::automatic;
  require_name("--search", name, kSearches);
  return static_cast<GallerySearch>(std::find(kSearches.begin(), kSearches.end(), name) - kSearches.begin());
}

std::string name_of(GallerySearch search) { return kSearches[static_cast<std::size_t>(search)]; }

std::string search_text(const Gallery& gallery) {
  const GallerySearchInfo info = gallery.search_info();
  return name_of(info.search) + (info.forced ? " (asked for)" : "") +
         (info.recall ? ", finds " + percent(*info.recall) + " of the 10 nearest" : "");
}

Run setup_gallery(CLI::App& app, Common& common) {
  const auto options = std::make_shared<GalleryOptions>();
  add_model_option(app, common);
  app.add_option("--folder", options->folder, "add: ROOT/person/image; migrate: where the enrolled images are now")
      ->type_name("ROOT");
  app.add_option("--name", options->name, "add: the person whom all INPUTs show")->type_name("NAME");
  app.add_option("--image", options->image, "remove: this image")->type_name("FILE");
  app.add_flag("--images", options->images, "list: images instead of people");
  app.add_option("--fpir", options->fpir, "calibrate: at most this share of strangers gets a name; evaluate: several")
      ->type_name("R");
  app.add_option("--strangers", options->strangers,
                 "calibrate: embeddings of people who are not in the gallery (otherwise: the enrolled people, each "
                 "compared with all others)")
      ->type_name("F.npy");
  app.add_option("--ranking", options->ranking,
                 "calibrate, evaluate: how people with several images are compared: nearest (default), mean, vote")
      ->type_name("NAME");
  app.add_option(
         "--search", options->search,
         "evaluate: how what is near is found: exact, codes (a byte for each dimension), hnsw, automatic (default)")
      ->type_name("NAME");
  app.add_option("--embeddings", options->embeddings, "evaluate: what facenet embed wrote of person/image")
      ->type_name("F.npy");
  app.add_option("--enrol", options->enrol, "evaluate: so many images of each person with more (1)")->type_name("N");
  app.add_option("--people", options->people, "evaluate: only the people of this list, a name a line")
      ->type_name("LIST");
  add_face_options(app, options->faces);
  add_quality_option(app, options->faces);
  add_output_options(app, common, "list, check, evaluate: write to this file: .txt, .json, .jsonl, .csv");
  return [options, &common] { return run_gallery(common, *options); };
}

}  // namespace facenet::program
