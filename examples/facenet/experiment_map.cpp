// facenet experiment map: the embedding as a picture, each face at its place.
#include <algorithm>
#include <cmath>
#include <map>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/projection.hpp>
#include <facenet/report.hpp>
#include <facenet/version.hpp>

#include "contact_sheet.hpp"
#include "experiment.hpp"

namespace facenet::program {
namespace {

// At most `most`, evenly chosen.
template <typename T>
std::vector<T> evenly(const std::vector<T>& all, std::size_t most) {
  if (all.size() <= most) return all;
  std::vector<T> chosen;
  for (std::size_t i = 0; i < most; ++i) chosen.push_back(all[i * all.size() / most]);
  return chosen;
}

struct Placed {
  Faces faces;
  PlanePoints points;                ///< but for CSV, scaled so that a face is 1 wide
  std::vector<std::int32_t> groups;  ///< of one folder; -1 for a person with one face
};

// So large that the faces would cover about a third of the map if they lay evenly.
PlanePoints scaled(PlanePoints points) {
  std::array<float, 2> low{};
  std::array<float, 2> high{};
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t k = 0; k < 2; ++k) {
      low[k] = i == 0 ? points[i][k] : std::min(low[k], points[i][k]);
      high[k] = i == 0 ? points[i][k] : std::max(high[k], points[i][k]);
    }
  }
  const float width = high[0] - low[0];
  const float height = high[1] - low[1];
  const float area = std::max({1e-12F, width * height, (width * width + height * height) / 16});  // not a mere line
  const float scale = std::sqrt(3 * static_cast<float>(points.size()) / area);
  for (auto& point : points) {
    for (float& value : point) value *= scale;
  }
  return spread_apart(std::move(points), 1);
}

std::vector<std::int32_t> groups_of(const Faces& faces) {
  std::vector<std::int32_t> labels = folder_labels(faces);
  std::map<std::int32_t, int> count;
  for (const auto label : labels) ++count[label];
  for (auto& label : labels) label = count[label] > 1 ? label : -1;
  return labels;
}

Placed place(const Common& common, const Model& model, const ExperimentOptions& options, Failures& failures,
             std::size_t& inputs_count) {
  Common inputs_of = common;
  inputs_of.arguments.erase(inputs_of.arguments.begin());
  const auto inputs = evenly(expand_inputs(inputs_of, failures), static_cast<std::size_t>(options.most));
  inputs_count = inputs.size() + failures.size();
  Placed placed{embed_inputs(common, model, inputs, options.test.faces, failures), {}, {}};
  if (placed.faces.faces.empty()) return placed;
  Progress progress(common, "placing faces");
  if (options.method == "pca") {
    placed.points = project_pca(placed.faces.embeddings);
  } else {
    placed.points = project_tsne(
        placed.faces.embeddings, {.perplexity = options.perplexity}, [&](double share) { progress.show(share); },
        interrupted());
  }
  if (!common.output.ends_with(".csv")) placed.points = scaled(placed.points);
  placed.groups = groups_of(placed.faces);
  return placed;
}

std::vector<Image> thumbnails(const Common& common, const Model& model, const Faces& faces, int side) {
  const Embedder embedder(model);
  Progress progress(common, "drawing");
  std::vector<Image> images;
  for (const Face& face : faces.faces) {
    images.push_back(picture_of(embedder, face).resized(side, side));
    progress.show(images.size(), faces.faces.size());
  }
  return images;
}

std::string html_of(const Placed& placed, const std::vector<Image>& images, const std::string& title,
                    const std::string& note) {
  ReportMap map;
  map.heading = title;
  map.note = note;
  map.places = placed.points;
  map.groups = placed.groups;
  for (std::size_t i = 0; i < images.size(); ++i) {
    map.images.push_back({"image/jpeg", images[i].encode_jpeg(85), placed.faces.faces[i].input.name});
  }
  Report report;
  report.title = "Map of faces";
  report.maps.push_back(std::move(map));
  report.footer = "FaceNetLib " + std::string(version());
  return render_html(report);
}

// Faces on white, as the page has them but for the frames.
Image picture(const Placed& placed, const std::vector<Image>& images, int side) {
  std::array<float, 2> low{placed.points[0]};
  std::array<float, 2> high = low;
  for (const auto& point : placed.points) {
    for (std::size_t k = 0; k < 2; ++k) {
      low[k] = std::min(low[k], point[k]);
      high[k] = std::max(high[k], point[k]);
    }
  }
  const auto pixels = [&](float length) { return static_cast<int>(std::lround(length * static_cast<float>(side))); };
  Image canvas(pixels(high[0] - low[0]) + side, pixels(high[1] - low[1]) + side);
  std::fill(canvas.pixels().begin(), canvas.pixels().end(), std::uint8_t{255});
  for (std::size_t i = 0; i < images.size(); ++i) {
    const int x = pixels(placed.points[i][0] - low[0]);
    const int y = pixels(high[1] - placed.points[i][1]);
    for (int row = 0; row < side; ++row) {
      std::copy_n(images[i].at(0, row), 3 * side, canvas.at(x, y + row));
    }
  }
  return canvas;
}

std::string csv_of(const Placed& placed) {
  std::string text = csv_row({"file", "x", "y"});
  for (std::size_t i = 0; i < placed.points.size(); ++i) {
    text += csv_row(
        {placed.faces.faces[i].input.path.string(), text_of(placed.points[i][0]), text_of(placed.points[i][1])});
  }
  return text;
}

}  // namespace

int experiment_map(const Common& common, const ExperimentOptions& options) {
  if (common.arguments.size() < 2) throw UsageError("map needs photographs: files or folders");
  require_name("--method", options.method, {"tsne", "pca"});
  const bool html = common.output.ends_with(".html");
  const bool png = common.output.ends_with(".png");
  if (!html && !png && !common.output.ends_with(".csv")) throw UsageError("map needs -o FILE: .html, .png or .csv");
  if (common.json || common.csv) throw UsageError("map: the ending of -o FILE says what is written");
  if (options.most < 2 || options.most > 10'000) throw UsageError("--most wants a number from 2 to 10000");
  if (options.thumbnail < 8 || options.thumbnail > 256) throw UsageError("--thumbnail wants a number from 8 to 256");
  if (!(options.perplexity >= 1 && options.perplexity <= 1000)) throw UsageError("--perplexity wants 1 to 1000");
  require_writable(common.output);
  const Model model = Model::load(model_path(common));
  Failures failures;
  std::size_t inputs = 0;
  const Placed placed = place(common, model, options, failures, inputs);
  if (placed.faces.faces.empty()) {
    if (failures.empty()) throw IoError("there are no photographs");
    return failures.report(inputs);
  }
  if (!html && !png) {
    write_file(common.output, csv_of(placed));
    return failures.report(inputs);
  }
  const auto images = thumbnails(common, model, placed.faces, html ? 2 * options.thumbnail : options.thumbnail);
  if (png) {
    picture(placed, images, options.thumbnail).write_png(common.output);
    return failures.report(inputs);
  }
  const std::string words = options.method == "pca"
                                ? "The two directions of largest variance (PCA)."
                                : "t-SNE: faces that are near each other here are near in the embedding; how far apart "
                                  "groups are, and how large, means nothing.";
  const std::string title =
      grouped(static_cast<std::int64_t>(images.size())) + " faces by " + printable(model_path(common));
  write_file(
      common.output,
      html_of(placed, images, title,
              words + " Faces were moved apart where they lay over one another. A frame's colour is the folder."));
  return failures.report(inputs);
}

}  // namespace facenet::program
