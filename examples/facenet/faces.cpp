// Photographs to embeddings: each thread decodes, aligns and embeds photographs of its own.
#include "faces.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <span>
#include <thread>

#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "journal_entries.hpp"
#include "network.hpp"

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

constexpr std::array<const char*, 5> kPoints{"left_eye", "right_eye", "nose", "mouth_left", "mouth_right"};
constexpr std::array<const char*, 9> kFound{"quality", "confidence", "size", "sharpness", "pose",
                                            "turned",  "cut_off",    "tiny", "blurred"};

std::array<bool, 3> flags_of(const DetectedFace& face) { return {face.cut_off, face.tiny, face.blurred}; }

// A photograph's faces, ready for the network.
struct Loaded {
  std::vector<Face> faces;
  std::vector<Image> images;
  std::string fault;          ///< empty: it can be used
  bool searched = false;      ///< a detector has looked, whatever it found
  bool known = false;         ///< from the journal: `rows` instead of images
  std::vector<float> rows{};  ///< [faces,D]
};

// Where faces are known from: a detector, a table, or neither. Shared by threads.
struct Source {
  const Journal* journal = nullptr;
  std::optional<Detector> detector;
  std::optional<LandmarkTable> table;
  Embedder embedder;  ///< prepares images only
};

// Nothing where the journal has nothing, or not what was written.
std::optional<Loaded> known_of(const Input& input, const Source& source) {
  const auto entry = source.journal != nullptr ? source.journal->find(input) : std::nullopt;
  if (!entry) return std::nullopt;
  const auto dimension = static_cast<std::size_t>(source.embedder.model().embedding_size());
  auto known = embedded_in(*entry, input, dimension, source.detector.has_value());
  if (!known || (known->faces.empty() && !source.detector)) return std::nullopt;
  Loaded loaded;
  loaded.known = true;
  loaded.faces = std::move(known->faces);
  loaded.rows = std::move(known->rows);
  if (loaded.faces.empty()) loaded.fault = no_face(*source.detector);
  return loaded;
}

Loaded load(const Input& input, const Source& source, Detector* detector) {
  Loaded loaded;
  try {
    Face face{input};
    if (detector == nullptr && source.table) {
      const Landmarks* found = find_landmarks(*source.table, input);
      if (found == nullptr) {
        loaded.fault = "the table of landmarks has no row for it";
        return loaded;
      }
      face.landmarks = *found;
    }
    if (detector == nullptr) {
      PreparedFace prepared =
          face.landmarks ? source.embedder.open(input.path, *face.landmarks) : source.embedder.open(input.path);
      face.box = prepared.region;
      loaded.images.push_back(std::move(prepared.image));
      loaded.faces.push_back(std::move(face));
      return loaded;
    }
    const Image image = Image::open(input.path);
    const auto faces = detector->detect(image);
    loaded.searched = true;
    for (const auto& found : faces) {
      loaded.images.push_back(source.embedder.prepare(image, found));
      loaded.faces.push_back(face_of(input, loaded.faces.size(), found));
    }
    if (loaded.faces.empty()) loaded.fault = no_face(*detector);
  } catch (const Error& error) {
    loaded.fault = error.what();
  }
  return loaded;
}

// What a worker makes of some photographs.
struct Part {
  std::vector<Loaded> photographs;
  Embeddings computed;  ///< of the images that were not known, in their order
  std::vector<float> norms;
};

// One of several that load and embed photographs, each its own: no thread waits for another within a network, and the
// one whose photographs are larger holds nobody up. Belongs to one thread.
class Worker {
 public:
  Worker(const Source& source, const FaceOptions& options, const EmbedderOptions& how)
      : source_(source), options_(options), embedder_(source.embedder.model(), how) {
    if (source.detector) detector_ = thread_of(*source.detector, how.threads);
  }

  const Embedder& embedder() const { return embedder_; }

  Part work(std::span<const Input> inputs) {
    Part part;
    // Known as a whole or computed as a whole: an embedding's last bits depend on how many are embedded at once.
    for (const Input& input : inputs) {
      auto known = known_of(input, source_);
      if (!known) break;
      part.photographs.push_back(std::move(*known));
    }
    if (part.photographs.size() == inputs.size()) return part;
    part.photographs.clear();
    std::vector<Image> images;
    const bool worse = options_.degradation.pixels > 0 || options_.degradation.jpeg_quality > 0;
    for (const Input& input : inputs) {
      part.photographs.push_back(load(input, source_, detector_ ? &*detector_ : nullptr));
      for (Image& image : part.photographs.back().images) {
        images.push_back(worse ? degraded(image, options_.degradation) : std::move(image));
      }
    }
    if (images.empty()) return part;
    part.computed = embedder_.embed(images);
    part.norms.assign(embedder_.norms().begin(), embedder_.norms().end());
    return part;
  }

 private:
  const Source& source_;
  const FaceOptions& options_;
  Embedder embedder_;
  std::optional<Detector> detector_;
};

void take(const Part& part, std::span<const Input> inputs, const Embedder& embedder, Faces& faces, Failures& failures,
          Journal* journal) {
  std::span<const float> rest = part.computed.values;
  std::size_t next = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Loaded& loaded = part.photographs[i];
    if (!loaded.fault.empty()) failures.add(inputs[i].path, loaded.fault);
    const std::size_t size = loaded.images.size() * part.computed.dimension;
    const auto rows = loaded.known ? std::span<const float>(loaded.rows) : rest.first(size);
    if (!loaded.known) rest = rest.subspan(size);
    std::vector<Face> found = loaded.faces;
    for (Face& face : found) {
      if (!loaded.known) face.norm = part.norms[next++];
    }
    faces.faces.insert(faces.faces.end(), found.begin(), found.end());
    faces.embeddings.values.insert(faces.embeddings.values.end(), rows.begin(), rows.end());
    const bool worth = loaded.fault.empty() || loaded.searched;  // what could not be read may be readable later
    if (journal != nullptr && !loaded.known && worth) journal->add(inputs[i], entry_of(found, rows));
    for (Face& face : std::span(faces.faces).last(found.size())) {
      if (face.found) embedder.judge(*face.found, face.norm);
    }
  }
}

// All that changes what comes of a photograph.
Json conditions(const Model& model, const FaceOptions& options, const Source& source, const Embedder& embedder) {
  Json json{{"model", model.fingerprint()},
            {"precision", static_cast<int>(embedder.precision())},
            {"flip", options.flip},
            {"pixels", options.degradation.pixels},
            {"jpeg_quality", options.degradation.jpeg_quality},
            {"scaled_decoding", options.scaled_decoding}};
  if (source.detector) json["detector"] = made_with(detector_path(options.detection), *source.detector);
  if (source.table) json["landmarks"] = identity_of(options.landmarks);
  return json;
}

// Faces below a quality go, and are said; a photograph of which none is left has failed.
void leave_out_poor(const Common& common, float least, Faces& faces, Failures& failures) {
  Faces kept{{}, {faces.embeddings.dimension, {}}};
  const std::string below = ", below " + text_of(least);
  for (std::size_t i = 0; i < faces.faces.size();) {
    const fs::path& path = faces.faces[i].input.path;
    const std::size_t before = kept.faces.size();
    float best = 0;
    std::string poor;
    for (; i < faces.faces.size() && faces.faces[i].input.path == path; ++i) {
      const float quality = faces.faces[i].found->quality.score;
      best = std::max(best, quality);
      if (quality >= least) {
        kept.faces.push_back(faces.faces[i]);
        kept.embeddings.append(faces.embeddings[i]);
      } else {
        poor += "\n  " + printable(path) + ", face " + std::to_string(faces.faces[i].number) + ": quality " +
                text_of(quality) + below;
      }
    }
    if (kept.faces.size() == before) {
      failures.add(path, "no face is good enough: the best has quality " + text_of(best) + below);
    } else if (!poor.empty()) {
      say(common, "left out:" + poor);
    }
  }
  faces = std::move(kept);
}

// The detector that the options ask for: by name, or by the environment where no landmarks are given.
std::optional<Detector> detector_for(const Common& common, const Model& model, const FaceOptions& options) {
  const bool asked = !options.detection.detector.empty();
  if (!asked && (!options.landmarks.empty() || options.table || !has_detector(options.detection))) return std::nullopt;
  if (!model.contract().template_points && !model.contract().margin) {
    if (asked) warn(common, "the model was not trained on detected faces: the detector is not used");
    return std::nullopt;
  }
  return open_detector(detector_path(options.detection), options.detection);
}

}  // namespace

void add_source_options(CLI::App& app, FaceOptions& options, const std::string& faces) {
  options.detection.faces = faces;
  app.add_option("--detector", options.detection.detector,
                 "Find faces with this detector, and align them (or set FACENET_DETECTOR)")
      ->type_name("FILE");
  add_detection_options(app, options.detection);
  app.add_option("--landmarks", options.landmarks, "CSV of five points for each file: faces are aligned by them")
      ->type_name("FILE");
}

void add_face_options(CLI::App& app, FaceOptions& options, const std::string& faces) {
  add_source_options(app, options, faces);
  app.add_flag("--flip", options.flip, "Embed the mirror image too and average: a little better, twice the time");
  app.add_option("--batch", options.batch, "Images at a time (32)")->type_name("N");
  app.add_flag(
      "--scaled-decoding", options.scaled_decoding,
      "Decode JPEGs at 1/2, 1/4 or 1/8 where the network sees them at half of that or smaller: large photographs "
      "several times faster, embeddings a little different (not with a detector)");
  app.add_option("--precision", options.precision,
                 "f32 (default), bf16, f16, automatic (the fastest of them), int8 (a model of facenet quantise)")
      ->type_name("NAME");
}

void add_quality_option(CLI::App& app, FaceOptions& options) {
  app.add_option("--minimum-quality", options.minimum_quality,
                 "Leave out faces of a lower quality, 0 to 1, and list them (with a detector)")
      ->type_name("Q");
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
    if (aligned && options.table) return options.table;
    if (aligned || model.contract().margin) {
      warn(common, "the model was trained on " +
                       std::string(aligned ? "aligned faces; without --detector or --landmarks"
                                           : "faces that a detector cut out; without --detector") +
                       " the centre of each photograph is taken, which is less accurate");
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
                   const FaceOptions& options, Failures& failures, Journal* journal) {
  Faces faces;
  const Precision precision = precision_of(options.precision);
  if (precision == Precision::int8 && !model.int8()) {
    throw UsageError("the model is not prepared for int8: facenet quantise FACES -m M -o M2 makes one that is");
  }
  Source source{journal, detector_for(common, model, options), std::nullopt,
                Embedder(model, {.scaled_decoding = options.scaled_decoding})};
  if (options.minimum_quality) {
    if (!(*options.minimum_quality >= 0 && *options.minimum_quality <= 1)) {
      throw UsageError("--minimum-quality is between 0 and 1");
    }
    if (!source.detector)
      throw UsageError("--minimum-quality: only a detector's faces have a quality; give --detector");
  }
  if (!source.detector) source.table = landmarks_for(common, model, options);
  faces.embeddings.dimension = static_cast<std::size_t>(model.embedding_size());
  // The batch is shared out; of few photographs, each worker gets as many.
  const auto threads = static_cast<std::size_t>(common.threads);
  const std::size_t count = std::max<std::size_t>(1, std::min(threads, inputs.size()));
  const auto batch = static_cast<std::size_t>(options.batch);
  const std::size_t size = std::clamp((inputs.size() + count - 1) / count, std::size_t{1}, (batch + count - 1) / count);
  const std::size_t parts = (inputs.size() + size - 1) / size;
  const auto part = [&](std::size_t number) {
    return std::span(inputs).subspan(number * size, std::min(size, inputs.size() - number * size));
  };
  const EmbedderOptions how{.threads = count == 1 ? common.threads : 1,
                            .batch = static_cast<int>(size),
                            .flip = options.flip,
                            .precision = precision};
  std::vector<Worker> workers;
  for (std::size_t i = 0; i < count; ++i) workers.emplace_back(source, options, how);
  if (journal != nullptr) journal->open(conditions(model, options, source, workers[0].embedder()));
  Progress progress(common, "embedding");
  std::vector<std::promise<Part>> done(parts);
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> team;  // when this function ends early, asked to stop and waited for
  for (Worker& worker : workers) {
    team.emplace_back([&](const std::stop_token& stop) {
      for (std::size_t number = next++; number < parts && !stop.stop_requested(); number = next++) {
        try {
          done[number].set_value(worker.work(part(number)));
        } catch (...) {
          done[number].set_exception(std::current_exception());
        }
      }
    });
  }
  for (std::size_t number = 0; number < parts; ++number) {
    take(done[number].get_future().get(), part(number), workers[0].embedder(), faces, failures, journal);
    if (journal != nullptr && parts > count) journal->keep();  // the work of a moment is not worth a file
    if (interrupted().stop_requested()) {
      throw Interrupted(journal != nullptr ? journal->stopped() : "interrupted; nothing was written");
    }
    progress.show(std::min((number + 1) * size, inputs.size()), inputs.size());
  }
  if (options.minimum_quality) leave_out_poor(common, *options.minimum_quality, faces, failures);
  return faces;
}

Image picture_of(const Embedder& embedder, const Face& face) {
  const Image image = Image::open(face.input.path);
  if (face.found) return embedder.prepare(image, *face.found);
  return face.landmarks ? embedder.prepare(image, *face.landmarks) : embedder.prepare(image);
}

Face face_of(const Input& input, std::size_t number, const DetectedFace& found) {
  return {input, number, found.box, found.landmarks, found};
}

std::vector<std::string> face_columns() {
  std::vector<std::string> columns{"file", "face", "x1", "y1", "x2", "y2"};
  for (const std::string point : kPoints) {
    columns.push_back(point + "_x");
    columns.push_back(point + "_y");
  }
  columns.insert(columns.end(), kFound.begin(), kFound.end());
  return columns;
}

std::vector<std::string> face_row(const Face& face) {
  std::vector<std::string> row{face.input.path.string(), std::to_string(face.number)};
  for (const float value : face.box) row.push_back(text_of(value));
  for (std::size_t i = 0; i < 10; ++i) row.push_back(face.landmarks ? text_of((*face.landmarks)[i]) : "");
  if (!face.found) {
    row.resize(row.size() + kFound.size());
    return row;
  }
  const FaceQuality& q = face.found->quality;
  for (const float value : {q.score, face.found->confidence, q.size, q.sharpness, q.pose}) {
    row.push_back(text_of(value));
  }
  row.push_back(std::to_string(face.found->turned));
  for (const bool flag : flags_of(*face.found)) row.emplace_back(flag ? "1" : "0");
  return row;
}

Json face_json(const Face& face) {
  Json json{{"file", face.input.path.string()}, {"face", face.number}, {"box", numbers(face.box)}};
  if (face.landmarks) {
    json["landmarks"] = Json::array();
    for (std::size_t i = 0; i < 10; i += 2) {
      json["landmarks"].push_back({number((*face.landmarks)[i]), number((*face.landmarks)[i + 1])});
    }
  }
  if (!face.found) return json;
  const FaceQuality& q = face.found->quality;
  std::size_t column = 0;
  for (const float value : {q.score, face.found->confidence, q.size, q.sharpness, q.pose}) {
    json[kFound[column++]] = number(value);
  }
  json[kFound[column++]] = face.found->turned;
  for (const bool flag : flags_of(*face.found)) json[kFound[column++]] = flag;
  return json;
}

}  // namespace facenet::program
