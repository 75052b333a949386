// facenet gallery add and migrate: photographs of people into a gallery's file, and again for another model.
#include <algorithm>
#include <cmath>
#include <set>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "gallery.hpp"
#include "network.hpp"

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

// So many images are enrolled at once: what an interruption at most takes with it.
constexpr std::size_t kPart = 256;

struct Item {
  Input input;
  std::string person;
  std::string digest;
};

// What is to be enrolled: root/person/image, or all inputs as one person.
std::vector<Item> items_of(const Common& common, const GalleryOptions& options, Failures& failures) {
  std::vector<Item> items;
  if (!options.folder.empty()) {
    if (!options.name.empty() || common.arguments.size() > 2) {
      throw UsageError("give --folder ROOT alone, or --name NAME and the images of that person");
    }
    for (auto& input : people_inputs(common, options.folder, failures)) {
      items.push_back({input, person_of(input), {}});
    }
    return items;
  }
  if (options.name.empty()) throw UsageError("whose images? Give --folder ROOT, or --name NAME and images");
  Common rest = common;
  rest.arguments.erase(rest.arguments.begin(), rest.arguments.begin() + 2);
  for (auto& input : expand_inputs(rest, failures)) items.push_back({input, options.name, {}});
  return items;
}

// A file that was enrolled and lies elsewhere now: below `root`, under the longest end of its path that is there.
fs::path find_image(const std::string& image, const std::string& root) {
  if (root.empty()) return image;
  for (std::size_t at = 0; at < image.size(); ++at) {
    if (at > 0 && image[at - 1] != '/') continue;
    const fs::path path = fs::path(root) / fs::path(image.substr(at)).relative_path();
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) return path;
  }
  return fs::path(root) / fs::path(image).filename();
}

// The face of a photograph that was enrolled: by its points, else the largest, as it was then.
DetectedFace find_enrolled(Detector& detector, const Image& photograph, const EnrolledImage& enrolled) {
  const auto faces = detector.detect(photograph);
  if (faces.empty()) throw FormatError(no_face(detector));
  if (!enrolled.landmarks) return faces.front();
  const Landmarks& points = *enrolled.landmarks;
  const auto away = [&](const DetectedFace& face) {  // of the furthest point
    float most = 0;
    for (std::size_t i = 0; i < points.size(); i += 2) {
      most = std::max(most, std::hypot(face.landmarks[i] - points[i], face.landmarks[i + 1] - points[i + 1]));
    }
    return most;
  };
  const auto nearest = std::min_element(
      faces.begin(), faces.end(), [&](const DetectedFace& a, const DetectedFace& b) { return away(a) < away(b); });
  if (away(*nearest) > std::hypot(points[2] - points[0], points[3] - points[1]) / 2) {  // half from eye to eye
    throw FormatError("the detector does not find the face that was enrolled");
  }
  return *nearest;
}

}  // namespace

std::vector<Input> people_inputs(const Common& common, const std::string& root, Failures& failures) {
  if (!fs::is_directory(root)) {
    throw IoError("'" + printable(root) + "' is no folder; it is to hold a folder for each person");
  }
  Common folder = common;
  folder.arguments = {root};
  auto inputs = expand_inputs(folder, failures);
  std::erase_if(inputs, [](const Input& input) { return input.name.find('/') == std::string::npos; });
  if (inputs.empty()) {
    throw FormatError("'" + printable(root) +
                      "' has no people: it is to hold a folder for each person, with JPEG, PNG or BMP files in it");
  }
  return inputs;
}

std::string person_of(const Input& input) { return input.name.substr(0, input.name.find('/')); }

int gallery_add(const Common& common, const GalleryOptions& options) {
  const Model model = Model::load(model_path(common));
  Gallery gallery = Gallery::open(common.arguments[1], model.fingerprint());
  Failures failures;
  auto items = items_of(common, options, failures);
  const std::size_t total = items.size() + failures.size();

  std::set<std::pair<std::string, std::string>> known;
  std::set<std::string> digests;
  for (const auto& image : gallery.images()) {
    known.emplace(image.person, image.digest);
    digests.insert(image.digest);
  }
  std::size_t skipped = 0;
  std::vector<Item> fresh;
  Progress reading(common, "reading");
  for (auto& item : items) {
    if (interrupted().stop_requested()) throw Interrupted("interrupted; nothing was enrolled yet");
    reading.show(fresh.size() + skipped + failures.size(), total);
    try {
      item.digest = file_digest(item.input.path);
    } catch (const Error& error) {
      failures.add(item.input.path, error.what());
      continue;
    }
    if (!known.emplace(item.person, item.digest).second) {
      ++skipped;
      continue;
    }
    if (!digests.insert(item.digest).second) {
      warn(common, "'" + printable(item.input.path) + "' is enrolled under another name too");
    }
    fresh.push_back(std::move(item));
  }

  FaceOptions one = options.faces;
  one.detection.faces = "largest";  // whoever else is in the photograph is not this person
  std::size_t added = 0;
  for (std::size_t begin = 0; begin < fresh.size(); begin += kPart) {
    const std::span<const Item> part = std::span(fresh).subspan(begin, std::min(kPart, fresh.size() - begin));
    std::vector<Input> inputs;
    for (const auto& item : part) inputs.push_back(item.input);
    try {
      const Faces faces = embed_inputs(common, model, inputs, one, failures);
      std::vector<Enrolment> enrolments;
      std::size_t at = 0;
      for (std::size_t i = 0; i < faces.faces.size(); ++i) {
        const Face& face = faces.faces[i];
        while (part[at].input.path != face.input.path) ++at;  // those between have failed
        Enrolment enrolment;
        enrolment.person = part[at].person;
        enrolment.image = fs::absolute(face.input.path).lexically_normal().string();
        enrolment.digest = part[at].digest;
        enrolment.landmarks = face.landmarks;
        if (face.found) enrolment.quality = face.found->quality.score;
        enrolment.embedding.assign(faces.embeddings[i].begin(), faces.embeddings[i].end());
        enrolments.push_back(std::move(enrolment));
        ++at;
      }
      gallery.add(enrolments);
      added += enrolments.size();
    } catch (const Interrupted&) {
      throw Interrupted("interrupted; " + std::to_string(added) +
                        " images are enrolled for good, and the same command goes on with the rest");
    }
    tell(common, std::to_string(begin + part.size()) + " of " + std::to_string(fresh.size()) + " images");
  }
  say(common, "enrolled " + grouped(static_cast<std::int64_t>(added)) + " images" +
                  (skipped > 0 ? ", " + grouped(static_cast<std::int64_t>(skipped)) + " were enrolled already" : "") +
                  "; the gallery has " + grouped(static_cast<std::int64_t>(gallery.people().size())) + " people, " +
                  grouped(gallery.size()) + " images");
  return failures.report(total);
}

int gallery_migrate(const Common& common, const GalleryOptions& options) {
  require_arguments(common, 2, 2, "migrate G");
  const Model model = Model::load(model_path(common));
  Gallery gallery = Gallery::open(common.arguments[1], {});
  const auto images = gallery.images();
  if (gallery.model().fingerprint == model.fingerprint()) {
    say(common, "the gallery is of this model already");
    return kDone;
  }
  Embedder embedder(model, {.threads = common.threads, .batch = options.faces.batch, .flip = options.faces.flip});
  const bool aligned = model.contract().template_points.has_value();
  std::optional<Detector> detector;  // of boxes, for a network that cuts along them: a gallery keeps none
  if (model.contract().margin) {
    detector = open_detector(detector_path(options.faces.detection), options.faces.detection);
  }
  Failures failures;
  Embeddings embeddings{static_cast<std::size_t>(model.embedding_size()), {}};
  std::vector<std::int64_t> ids;
  std::vector<Image> batch;
  const auto flush = [&] {
    if (batch.empty()) return;
    const Embeddings rows = embedder.embed(batch);
    embeddings.values.insert(embeddings.values.end(), rows.values.begin(), rows.values.end());
    batch.clear();
  };
  Progress progress(common, "embedding");
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (interrupted().stop_requested()) throw Interrupted("interrupted; the gallery is as it was");
    const fs::path path = find_image(images[i].image, options.folder);
    try {
      if (images[i].image.empty()) throw IoError("image " + std::to_string(images[i].id) + " has no file");
      if (!images[i].digest.empty() && file_digest(path) != images[i].digest) {
        throw FormatError("it is not the file that was enrolled");
      }
      const Image image = Image::open(path);
      batch.push_back(detector ? embedder.prepare(image, find_enrolled(*detector, image, images[i]))
                      : aligned && images[i].landmarks ? embedder.prepare(image, *images[i].landmarks)
                                                       : embedder.prepare(image));
      ids.push_back(images[i].id);
    } catch (const Error& error) {
      failures.add(path, error.what());
    }
    if (batch.size() == static_cast<std::size_t>(options.faces.batch)) flush();
    progress.show(i + 1, images.size());
  }
  flush();
  if (!failures.empty()) {
    failures.report(images.size());
    throw IoError(
        "the gallery is as it was: it changes to another model whole or not at all. Put the files back, say where they "
        "are now with --folder ROOT, or remove their images from the gallery");
  }
  gallery.migrate({model.fingerprint(), model.embedding_size()}, ids, embeddings);
  say(common, "the gallery is of the model " + model.fingerprint().substr(0, 16) + " now: " + grouped(gallery.size()) +
                  " images; calibrate it again");
  return kDone;
}

}  // namespace facenet::program
