// The sheet of clusters.
#include "contact_sheet.hpp"

#include <algorithm>
#include <map>

#include <facenet/error.hpp>

namespace facenet::program {
namespace {

constexpr std::size_t kSheetClusters = 200;
constexpr std::size_t kSheetImages = 24;

std::vector<std::vector<std::size_t>> members_of(const Clustering& clustering) {
  std::vector<std::vector<std::size_t>> members(clustering.sizes.size());
  for (std::size_t i = 0; i < clustering.labels.size(); ++i) {
    if (clustering.labels[i] == Clustering::kNotAFace) continue;
    members[static_cast<std::size_t>(clustering.labels[i])].push_back(i);
  }
  return members;
}

}  // namespace

std::vector<std::int32_t> folder_labels(const Faces& faces) {
  std::map<std::string, std::int32_t> numbers;
  std::vector<std::int32_t> labels;
  for (const auto& face : faces.faces) {
    const std::string folder = face.input.path.parent_path().string();
    labels.push_back(numbers.try_emplace(folder, static_cast<std::int32_t>(numbers.size())).first->second);
  }
  return labels;
}

ReportSheet contact_sheet(const Common& common, const Faces& faces, const Clustering& clustering,
                          const std::optional<Embedder>& embedder) {
  ReportSheet sheet{"Clusters", "The most typical face first; doubtful places are marked.", {}};
  const auto members = members_of(clustering);
  const std::size_t shown = std::min(members.size(), kSheetClusters);
  if (shown < members.size()) sheet.note += " The " + std::to_string(shown) + " largest clusters.";
  Progress progress(common, "drawing the report");
  for (std::size_t c = 0; c < shown; ++c) {
    const auto medoid = static_cast<std::size_t>(clustering.medoids[c]);
    std::vector<std::size_t> order = members[c];
    std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return i == medoid; });
    ReportCluster cluster{"Cluster " + std::to_string(c + 1), clustering.sizes[c], {}};
    for (std::size_t k = 0; k < std::min(order.size(), kSheetImages); ++k) {
      const std::size_t i = order[k];
      const Face& face = faces.faces[i];
      try {
        const Image picture = embedder ? picture_of(*embedder, face) : Image::open(face.input.path).centre_crop(1, 96);
        cluster.images.push_back({"image/jpeg", picture.encode_jpeg(85), face.input.path.string(), i == medoid,
                                  cluster.size > 1 && clustering.outlier[i] > 0.5F});
      } catch (const Error& error) {
        warn(common, std::string("not in the report: ") + error.what());
      }
    }
    sheet.clusters.push_back(std::move(cluster));
    progress.show(c + 1, shown);
  }
  return sheet;
}

Json scores_json(const PrecisionRecall& score) {
  return {{"precision", score.precision}, {"recall", score.recall}, {"f", score.f}};
}

}  // namespace facenet::program
