// The tables and the page that cluster writes.
#include "cluster_output.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <facenet/csv.hpp>
#include <facenet/files.hpp>
#include <facenet/report.hpp>

#include "contact_sheet.hpp"

namespace facenet::program {

std::vector<FaceName> names_of(const Faces& faces) {
  std::vector<FaceName> names;
  for (const Face& face : faces.faces) {
    names.push_back({face.input.path.string(), static_cast<std::int32_t>(face.number)});
  }
  return names;
}

void write_table(Output& output, const Faces& faces, const Clustering& clustering) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t c = 0; c < clustering.sizes.size(); ++c) {
    const auto medoid = static_cast<std::size_t>(clustering.medoids[c]);
    rows.push_back(
        {std::to_string(c + 1), std::to_string(clustering.sizes[c]), printable(faces.faces[medoid].input.path)});
  }
  output.write(table({"cluster", "faces", "most typical"}, rows, 0));
}

void write_rows(Output& output, const Faces& faces, std::span<const std::int32_t> labels,
                std::span<const float> outlier) {
  std::vector<std::vector<std::string>> lines;
  if (output.csv()) output.row({"file", "face", "cluster", "outlier"});
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const std::string file = faces.faces[i].input.path.string();
    const std::size_t number_of = faces.faces[i].number;
    const bool face = labels[i] != Clustering::kNotAFace;
    const std::int32_t cluster = labels[i] + 1;
    if (output.csv()) {
      output.row(
          {file, std::to_string(number_of), face ? std::to_string(cluster) : "", face ? text_of(outlier[i]) : ""});
    } else if (output.text()) {
      lines.push_back({face ? std::to_string(cluster) : "", std::to_string(number_of), printable(file)});
    } else if (!face) {
      output.object({{"file", file}, {"face", number_of}, {"cluster", nullptr}, {"outlier", nullptr}});
    } else {
      output.object({{"file", file}, {"face", number_of}, {"cluster", cluster}, {"outlier", number(outlier[i])}});
    }
  }
  if (output.text()) output.write(table({"cluster", "face", "file"}, lines, 0));
}

void write_groups(Output& output, const std::vector<FaceName>& names, const Clustering& clustering) {
  std::vector<float> doubt(clustering.sizes.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (clustering.labels[i] == Clustering::kNotAFace) continue;
    float& most = doubt[static_cast<std::size_t>(clustering.labels[i])];
    most = std::max(most, clustering.outlier[i]);
  }
  if (output.csv()) output.row({"cluster", "faces", "file", "face", "quality", "outlier"});
  for (std::size_t c = 0; c < doubt.size(); ++c) {
    const FaceName& medoid = names[static_cast<std::size_t>(clustering.medoids[c])];
    if (output.csv()) {
      output.row({std::to_string(c + 1), std::to_string(clustering.sizes[c]), medoid.file, std::to_string(medoid.face),
                  text_of(clustering.quality[c]), text_of(doubt[c])});
    } else {
      output.object({{"cluster", c + 1},
                     {"faces", clustering.sizes[c]},
                     {"file", medoid.file},
                     {"face", medoid.face},
                     {"quality", number(clustering.quality[c])},
                     {"outlier", number(doubt[c])}});
    }
  }
}

void write_suggestions(const std::string& file, const std::vector<FaceName>& names,
                       const std::vector<Suggestion>& suggestions) {
  std::string text = csv_row({"file_a", "face_a", "file_b", "face_b", "relation", "now", "distance", "confidence"});
  for (const Suggestion& one : suggestions) {
    const FaceName& a = names[static_cast<std::size_t>(one.a)];
    const FaceName& b = names[static_cast<std::size_t>(one.b)];
    text += csv_row({a.file, std::to_string(a.face), b.file, std::to_string(b.face), "",
                     one.merge ? "apart" : "together", text_of(one.distance), text_of(one.confidence)});
  }
  write_file(file, text);
}

ClusteringScores scores_of(const Clustering& clustering, const std::vector<std::int32_t>& people) {
  std::vector<std::int32_t> clusters;
  std::vector<std::int32_t> truth;
  for (std::size_t i = 0; i < people.size(); ++i) {
    if (clustering.labels[i] == Clustering::kNotAFace) continue;
    clusters.push_back(clustering.labels[i]);
    truth.push_back(people[i]);
  }
  return score_clustering(clusters, truth);
}

std::string scores_text(const std::string& name, const PrecisionRecall& score) {
  return "; " + name + " precision " + percent(score.precision) + ", recall " + percent(score.recall) + ", F " +
         percent(score.f);
}

void write_report(const Common& common, const std::string& file, const Faces& faces, const Clustering& clustering,
                  const std::optional<ClusteringScores>& scores, const std::optional<Model>& model,
                  const std::string& how) {
  Report report;
  report.title = "Faces by person";
  report.subtitle = how;
  const std::int64_t count = std::accumulate(clustering.sizes.begin(), clustering.sizes.end(), std::int64_t{0});
  report.figures = {{"faces", grouped(count), ""}, {"clusters", grouped(clustering.clusters()), ""}};
  if (scores) {
    report.figures.push_back({"pairwise F", percent(scores->pairwise.f), ""});
    report.figures.push_back({"BCubed F", percent(scores->bcubed.f), ""});
    const auto row = [](const std::string& name, const PrecisionRecall& s) {
      return std::vector<std::string>{name, percent(s.precision), percent(s.recall), percent(s.f)};
    };
    report.tables.push_back({"Compared with the folders",
                             "",
                             {"", "precision", "recall", "F"},
                             {row("pairwise", scores->pairwise), row("BCubed", scores->bcubed)}});
  }
  std::optional<Embedder> embedder;
  if (model) embedder.emplace(*model);
  report.sheets.push_back(contact_sheet(common, faces, clustering, embedder));
  write_file(file, render_html(report));
}

}  // namespace facenet::program
