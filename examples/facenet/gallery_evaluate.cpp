// facenet gallery evaluate: who is found, and who is taken for somebody, on people of known names.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/files.hpp>

#include "embedded_faces.hpp"
#include "gallery.hpp"

namespace fs = std::filesystem;

namespace facenet::program {
std::set<std::string> read_names(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw IoError("cannot open '" + printable(file) + "'");
  std::set<std::string> names;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) names.insert(line);
  }
  return names;
}

// Of each person with two images or more the first ones, by name, are enrolled and the others are probes; who has one
// image is a stranger.
int gallery_evaluate(const Common& common, const GalleryOptions& options) {
  require_arguments(common, 1, 1, "evaluate --embeddings F.npy");
  if (options.embeddings.empty()) throw UsageError("give --embeddings F.npy, as facenet embed ROOT -o F.npy writes it");
  if (options.enrol < 1) throw UsageError("--enrol wants a number from 1");
  Output output(common, {Kind::text, Kind::json});
  output.single();
  const auto rates = parse_rates("--fpir", options.fpir.empty() ? "0.1,0.01,0.001" : options.fpir);
  const auto ranking = options.ranking.empty() ? PersonRanking::nearest : ranking_of(options.ranking);
  const Faces faces = read_faces(options.embeddings);
  std::optional<std::set<std::string>> wanted;
  if (!options.people.empty()) wanted = read_names(options.people);

  std::map<std::string, std::vector<std::pair<std::string, std::size_t>>> people;
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const fs::path& file = faces.faces[i].input.path;
    const std::string person = file.parent_path().filename().string();
    if (!wanted || wanted->contains(person)) people[person].emplace_back(file.string(), i);
  }
  Embeddings gallery;
  Embeddings probes;
  std::vector<std::int32_t> gallery_labels;
  std::vector<std::int32_t> probe_labels;
  std::int32_t label = 0;
  for (auto& [person, images] : people) {
    std::sort(images.begin(), images.end());
    const std::size_t enrolled = std::min(static_cast<std::size_t>(options.enrol), images.size() - 1);
    for (std::size_t i = 0; i < images.size(); ++i) {
      (i < enrolled ? gallery : probes).append(faces.embeddings[images[i].second]);
      (i < enrolled ? gallery_labels : probe_labels).push_back(label);
    }
    ++label;
  }
  if (gallery.size() == 0) throw UsageError("nobody has two images or more: there is nobody to enrol and look for");
  const OpenSet result =
      evaluate_open_set(gallery, gallery_labels, probes, probe_labels, rates, ranking, search_of(options.search));
  if (output.json()) {
    Json json{{"people", result.people},       {"images", result.images},     {"probes", result.probes},
              {"strangers", result.strangers}, {"ranking", name_of(ranking)}, {"rank1", result.rank1},
              {"points", Json::array()}};
    for (const auto& point : result.points) {
      const auto value = [&](Json of) { return point.supported ? std::move(of) : Json(); };
      json["points"].push_back({{"fpir", point.fpir},
                                {"dir", value(point.dir)},
                                {"low", value(point.low)},
                                {"high", value(point.high)},
                                {"threshold", value(number(point.threshold))}});
    }
    output.object(std::move(json));
  } else {
    std::string text = grouped(result.people) + " people with " + grouped(result.images) + " images, " +
                       grouped(result.probes) + " probes of theirs, " + grouped(result.strangers) +
                       " strangers; people compared by " + name_of(ranking) + "\nrank 1: " + percent(result.rank1) +
                       "\n";
    std::vector<std::vector<std::string>> rows;
    for (const auto& point : result.points) {
      rows.push_back({percent(point.fpir, 3), point.supported ? percent(point.dir) : "too few strangers",
                      point.supported ? percent(point.low) + " to " + percent(point.high) : "",
                      point.supported ? fixed(static_cast<double>(point.threshold), 4) : ""});
    }
    output.write(text + table({"strangers named", "identified", "95 %", "threshold"}, rows, 0));
  }
  output.finish();
  return kDone;
}

}  // namespace facenet::program
