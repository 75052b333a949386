// Photographs to embeddings: decoded on all threads while the part before is embedded.
#include "faces.hpp"

#include <algorithm>
#include <future>
#include <span>

#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

constexpr std::array<const char*, 5> kPoints{"left_eye", "right_eye", "nose", "mouth_left", "mouth_right"};

struct Loaded {
  Image image;
  std::optional<Landmarks> landmarks;
  std::string fault;  ///< empty: it can be used
};

Loaded load(const Input& input, const LandmarkTable* table) {
  Loaded loaded;
  try {
    if (table != nullptr) {
      const Landmarks* found = find_landmarks(*table, input);
      if (found == nullptr) {
        loaded.fault = "the table of landmarks has no row for it";
        return loaded;
      }
      loaded.landmarks = *found;
    }
    loaded.image = Image::open(input.path);
  } catch (const Error& error) {
    loaded.fault = error.what();
  }
  return loaded;
}

std::vector<Loaded> load_all(std::span<const Input> inputs, const LandmarkTable* table, int threads) {
  std::vector<Loaded> loaded(inputs.size());
  std::vector<std::future<void>> workers;
  const auto stride = static_cast<std::size_t>(threads);
  for (std::size_t first = 0; first < std::min(stride, inputs.size()); ++first) {
    workers.push_back(std::async(std::launch::async, [&loaded, inputs, table, first, stride] {
      for (std::size_t i = first; i < inputs.size(); i += stride) loaded[i] = load(inputs[i], table);
    }));
  }
  for (auto& worker : workers) worker.get();
  return loaded;
}

// What cannot be embedded (landmarks in one point, say) is found before the part goes in: it must not take others
// along.
void embed_part(Embedder& embedder, std::span<const Input> inputs, const std::vector<Loaded>& part,
                const Degradation& degradation, Faces& faces, Failures& failures) {
  const bool worse = degradation.pixels > 0 || degradation.jpeg_quality > 0;
  std::vector<Image> images;
  std::vector<Landmarks> landmarks;
  std::vector<Face> good;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (!part[i].fault.empty()) {
      failures.add(inputs[i].path, part[i].fault);
      continue;
    }
    Face face{inputs[i], {}, part[i].landmarks};
    try {
      face.box = face.landmarks ? embedder.region(part[i].image, *face.landmarks) : embedder.region(part[i].image);
    } catch (const Error& error) {
      failures.add(inputs[i].path, error.what());
      continue;
    }
    if (worse) {
      const Image prepared =
          face.landmarks ? embedder.prepare(part[i].image, *face.landmarks) : embedder.prepare(part[i].image);
      images.push_back(degraded(prepared, degradation));
    } else {
      images.push_back(part[i].image);
      if (face.landmarks) landmarks.push_back(*face.landmarks);
    }
    good.push_back(std::move(face));
  }
  if (images.empty()) return;
  const Embeddings rows = landmarks.empty() ? embedder.embed(images) : embedder.embed(images, landmarks);
  faces.embeddings.dimension = rows.dimension;
  faces.embeddings.values.insert(faces.embeddings.values.end(), rows.values.begin(), rows.values.end());
  faces.faces.insert(faces.faces.end(), good.begin(), good.end());
}

}  // namespace

void add_face_options(CLI::App& app, FaceOptions& options) {
  app.add_option("--landmarks", options.landmarks, "CSV of five points for each file: faces are aligned by them")
      ->type_name("FILE");
  app.add_flag("--flip", options.flip, "Embed the mirror image too and average: a little better, twice the time");
  app.add_option("--batch", options.batch, "Images at a time (32)")->type_name("N");
}

const Landmarks* find_landmarks(const LandmarkTable& table, const Input& input) {
  if (const auto found = table.find(input.name); found != table.end()) return &found->second;
  const std::string path = input.path.generic_string();
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (at > 0 && path[at - 1] != '/') continue;
    if (const auto found = table.find(path.substr(at)); found != table.end()) return &found->second;
  }
  return nullptr;
}

std::optional<LandmarkTable> landmarks_for(const Common& common, const Model& model, const FaceOptions& options) {
  const bool aligned = model.contract().template_points.has_value();
  if (options.landmarks.empty()) {
    if (aligned) {
      warn(common,
           "the model was trained on aligned faces; without --landmarks the centre of each photograph is taken, which "
           "is less accurate");
    }
    return std::nullopt;
  }
  auto table = read_landmarks(options.landmarks);
  if (!aligned) {
    warn(common, "the model was not trained on aligned faces: the landmarks are not used");
    return std::nullopt;
  }
  return table;
}

Faces embed_inputs(const Common& common, const Model& model, const std::vector<Input>& inputs,
                   const FaceOptions& options, Failures& failures) {
  Faces faces;
  const std::optional<LandmarkTable> table = landmarks_for(common, model, options);
  Embedder embedder(model, {.threads = common.threads, .batch = options.batch, .flip = options.flip});
  faces.embeddings.dimension = static_cast<std::size_t>(model.embedding_size());
  const auto size = static_cast<std::size_t>(options.batch);
  const auto part = [&](std::size_t begin) {
    return std::span(inputs).subspan(std::min(begin, inputs.size()),
                                     begin < inputs.size() ? std::min(size, inputs.size() - begin) : 0);
  };
  const auto start = [&](std::size_t begin) {
    return std::async(std::launch::async,
                      [&, begin] { return load_all(part(begin), table ? &*table : nullptr, common.threads); });
  };
  Progress progress(common, "embedding");
  auto next = start(0);
  for (std::size_t begin = 0; begin < inputs.size(); begin += size) {
    const auto loaded = next.get();
    next = start(begin + size);
    if (interrupted().stop_requested()) throw Interrupted("interrupted; nothing was written");
    embed_part(embedder, part(begin), loaded, options.degradation, faces, failures);
    progress.show(std::min(begin + size, inputs.size()), inputs.size());
  }
  return faces;
}

Image picture_of(const Embedder& embedder, const Face& face) {
  const Image image = Image::open(face.input.path);
  return face.landmarks ? embedder.prepare(image, *face.landmarks) : embedder.prepare(image);
}

std::vector<std::string> face_columns() {
  std::vector<std::string> columns{"file", "face", "x1", "y1", "x2", "y2"};
  for (const std::string point : kPoints) {
    columns.push_back(point + "_x");
    columns.push_back(point + "_y");
  }
  columns.emplace_back("quality");
  return columns;
}

std::vector<std::string> face_row(const Face& face) {
  std::vector<std::string> row{face.input.path.string(), "0"};
  for (const float value : face.box) row.push_back(text_of(value));
  for (std::size_t i = 0; i < 10; ++i) row.push_back(face.landmarks ? text_of((*face.landmarks)[i]) : "");
  row.emplace_back();  // quality: what measures it comes with detection
  return row;
}

Json face_json(const Face& face) {
  Json json{{"file", face.input.path.string()}, {"face", 0}, {"box", Json::array()}};
  for (const float value : face.box) json["box"].push_back(number(value));
  if (face.landmarks) {
    json["landmarks"] = Json::array();
    for (std::size_t i = 0; i < 10; i += 2) {
      json["landmarks"].push_back({number((*face.landmarks)[i]), number((*face.landmarks)[i + 1])});
    }
  }
  return json;
}

fs::path csv_beside(const fs::path& npy) { return fs::path(npy).replace_extension(".csv"); }

std::vector<std::string> files_beside(const fs::path& npy, std::size_t rows) {
  const auto table = CsvTable::open(csv_beside(npy));
  const std::size_t column = table.column("file");
  if (table.rows.size() != rows) {
    throw FormatError(table.name + " has " + std::to_string(table.rows.size()) + " rows, but '" + printable(npy) +
                      "' has " + std::to_string(rows) + ": they do not belong together");
  }
  std::vector<std::string> files;
  for (const auto& row : table.rows) files.push_back(row[column]);
  return files;
}

}  // namespace facenet::program
