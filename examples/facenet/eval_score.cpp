// Tests for facenet eval and calibrate: their images embedded, and the distances beside the truth.
#include <algorithm>
#include <future>
#include <set>
#include <unordered_map>

#include <facenet/codes.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "embedded_faces.hpp"
#include "eval_test.hpp"
#include "network.hpp"
#include "pair_faces.hpp"

namespace facenet::program {
namespace {

// Which sets any pair needs.
std::vector<bool> used_sets(const SetPairs& sets) {
  std::vector<bool> used(sets.sets.size());
  for (const auto& pair : sets.pairs) {
    for (const auto number : {pair.a, pair.b}) used[static_cast<std::size_t>(number)] = true;
  }
  return used;
}

// Of the images that are needed, each once, in order.
std::vector<std::string> images_of(const Test& test) {
  if (test.list) return names_of(*test.list);
  std::set<std::string> names;
  const std::vector<bool> used = used_sets(*test.sets);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    for (const auto& image : test.sets->sets[i].images) names.insert(image.file);
  }
  return {names.begin(), names.end()};
}

// Faces of a test's images, and which has which of its names.
struct Named {
  Faces faces{};
  PairRows rows{};
};

Named read_named(const std::string& file, const std::vector<std::string>& names, Failures& failures) {
  Named named{read_faces(file)};
  named.rows = find_rows(names, named.faces, failures);
  return named;
}

// Embeds images, and adds what is not there yet.
void embed_names(const Common& common, const Model& model, const Test& test, const std::vector<std::string>& names,
                 const FaceOptions& options, Named& to, Failures& failures) {
  std::vector<Input> inputs;
  for (const auto& name : names) inputs.push_back({test.root / name, name});
  Faces more = embed_inputs(common, model, inputs, options, failures);
  for (std::size_t i = 0; i < more.faces.size(); ++i) {
    if (!to.rows.emplace(more.faces[i].input.name, to.faces.faces.size()).second) continue;
    to.faces.faces.push_back(std::move(more.faces[i]));
    to.faces.embeddings.append(more.embeddings[i]);
  }
}

// The distance of two rows: as they are, or with one of them or both as codes.
class PairDistance {
 public:
  PairDistance(const TestOptions& options, const Embeddings& embeddings) : embeddings_(embeddings) {
    if (options.codes.empty()) return;
    codec_ = Codec::calibrate(face_embeddings(options.codes_from), options.codes);
    codes_ = codec_->encode(embeddings);
    if (options.codes_both) decoded_ = codec_->decode(codes_);
  }
  float of(std::size_t a, std::size_t b) const {
    if (!codec_) return squared_distance(embeddings_[a], embeddings_[b]);
    if (decoded_.size() > 0) return squared_distance(decoded_[a], decoded_[b]);
    return codec_->distance(embeddings_[a], codes_[b]);
  }

 private:
  const Embeddings& embeddings_;
  std::optional<Codec> codec_{};
  Codes codes_{};
  Embeddings decoded_{};
};

// The options that fit the model: landmarks that merely lie beside the images are used where they are of use, and not
// spoken of elsewhere.
FaceOptions face_options(const Model& model, const TestOptions& options, const Test& test) {
  FaceOptions faces = options.faces;
  if (faces.landmarks.empty() && model.contract().template_points) {
    faces.landmarks = test.landmarks;
    if (test.landmarks.empty() && test.sets) faces.table = test.sets->landmarks;
  }
  return faces;
}

// Pairs whose images both have a row, by the distance of two rows.
template <typename Pairs, typename Rows, typename Distance>
Scored score_pairs(const Pairs& pairs, const Rows& rows, const Distance& distance) {
  Scored scored;
  for (std::size_t number = 0; number < pairs.size(); ++number) {
    const auto& pair = pairs[number];
    const auto a = rows.find(pair.a);
    const auto b = rows.find(pair.b);
    if (a == rows.end() || b == rows.end()) {
      ++scored.left_out;
      continue;
    }
    scored.pairs.push_back({distance(a->second, b->second), pair.same, pair.fold});
    scored.numbers.push_back(number);
  }
  return scored;
}

Scored score_list(const Common& common, const TestOptions& options, const Test& test, const std::optional<Model>& model,
                  Failures& failures) {
  Named named;
  if (model) {
    embed_names(common, *model, test, images_of(test), face_options(*model, options, test), named, failures);
  } else {
    named = read_named(options.embeddings, images_of(test), failures);
  }
  const auto& [faces, rows] = named;
  const PairDistance distance(options, faces.embeddings);
  Scored scored = score_pairs(test.list->pairs, rows, [&](std::size_t a, std::size_t b) { return distance.of(a, b); });
  scored.images = rows.size() + failures.size();
  for (const auto& [name, row] : rows) scored.norms.push_back(faces.faces[row].norm);
  return scored;
}

// Embeds the first images of each set in which a face is found, as many as are asked for: where some cannot be used,
// those that come next.
void embed_sets(const Common& common, const Model& model, const TestOptions& options, const Test& test, Named& named,
                Failures& faults) {
  const FaceOptions faces = face_options(model, options, test);
  const auto& sets = test.sets->sets;
  const bool limited = test.set_distance == SetDistance::mean_of_pairs;
  const std::vector<bool> used = used_sets(*test.sets);
  std::vector<std::size_t> tried(sets.size());
  for (;;) {
    std::set<std::string> next;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      if (!used[i]) continue;
      const auto& images = sets[i].images;
      std::size_t wanted = images.size();
      if (limited) {
        const auto usable = std::count_if(images.begin(), images.begin() + static_cast<std::ptrdiff_t>(tried[i]),
                                          [&](const SetImage& image) { return named.rows.contains(image.file); });
        wanted = static_cast<std::size_t>(options.frames) - static_cast<std::size_t>(usable);
      }
      for (; wanted > 0 && tried[i] < images.size(); --wanted) next.insert(images[tried[i]++].file);
    }
    if (next.empty()) return;
    embed_names(common, model, test, {next.begin(), next.end()}, faces, named, faults);
  }
}

Scored score_sets_of(const Common& common, const TestOptions& options, const Test& test,
                     const std::optional<Model>& model, Failures& failures) {
  const auto& sets = test.sets->sets;
  Named named;
  Failures faults;  // a set can do without some of its images
  if (model) {
    embed_sets(common, *model, options, test, named, faults);
  } else {
    named = read_named(options.embeddings, images_of(test), faults);
  }
  const std::vector<bool> used = used_sets(*test.sets);
  Embeddings members;
  std::vector<std::int32_t> set;
  std::vector<std::int32_t> medium;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (!used[i]) continue;
    const std::size_t before = set.size();
    for (const auto& image : sets[i].images) {
      const auto row = named.rows.find(image.file);
      const bool full = test.set_distance == SetDistance::mean_of_pairs &&
                        set.size() - before >= static_cast<std::size_t>(options.frames);
      if (row == named.rows.end() || full) continue;
      members.append(named.faces.embeddings[row->second]);
      set.push_back(static_cast<std::int32_t>(i));
      medium.push_back(image.medium);
    }
    if (set.size() > before) continue;
    failures.add(test.root / sets[i].name,
                 sets[i].images.empty() ? "there are no images of it" : "none of its images could be used");
  }
  if (!faults.empty()) {
    say(common, grouped(static_cast<std::int64_t>(faults.size())) +
                    " images could not be used; their clips and templates do without them");
    if (set.empty()) faults.report(faults.size());
  }
  ScoredSets result = score_sets(members, set, medium, sets.size(), test.sets->pairs, test.set_distance);
  Scored scored;
  scored.pairs = std::move(result.pairs);
  scored.images = static_cast<std::size_t>(std::count(used.begin(), used.end(), true));
  scored.left_out = test.sets->pairs.size() - scored.pairs.size();
  scored.numbers = std::move(result.numbers);
  return scored;
}

Scored score_packed(const Common& common, const TestOptions& options, const Test& test, const Model& model,
                    Failures& failures) {
  const auto& images = test.packed->images;
  Embedder embedder(model, {.threads = common.threads,
                            .batch = options.faces.batch,
                            .flip = options.faces.flip,
                            .precision = precision_of(options.faces.precision)});
  const Degradation& degradation = options.faces.degradation;
  const bool worse = degradation.pixels > 0 || degradation.jpeg_quality > 0;
  const auto part = static_cast<std::size_t>(options.faces.batch);
  Embeddings embeddings;
  std::unordered_map<std::int32_t, std::size_t> rows;
  Progress progress(common, "embedding");
  for (std::size_t begin = 0; begin < images.size(); begin += part) {
    if (interrupted().stop_requested()) throw Interrupted("interrupted; nothing was written");
    const std::size_t count = std::min(part, images.size() - begin);
    std::vector<std::future<Image>> decoded;
    for (std::size_t i = 0; i < count; ++i) {
      decoded.push_back(std::async(std::launch::async, [&, at = begin + i] {
        const Image face = embedder.prepare(Image::decode(images[at], "image " + std::to_string(at)));
        return worse ? degraded(face, degradation) : face;
      }));
    }
    std::vector<Image> faces;
    for (std::size_t i = 0; i < count; ++i) {
      try {
        faces.push_back(decoded[i].get());
        rows.emplace(static_cast<std::int32_t>(begin + i), embeddings.size() + faces.size() - 1);
      } catch (const Error& error) {
        failures.add(options.bin, error.what());
      }
    }
    if (!faces.empty()) {
      const Embeddings computed = embedder.embed(faces);
      embeddings.dimension = computed.dimension;
      embeddings.values.insert(embeddings.values.end(), computed.values.begin(), computed.values.end());
    }
    progress.show(begin + count, images.size());
  }
  Scored scored = score_pairs(test.packed->pairs, rows, [&](std::size_t a, std::size_t b) {
    return squared_distance(embeddings[a], embeddings[b]);
  });
  scored.images = images.size();
  return scored;
}

// Whose the pairs are, by the folders' names. Where these contradict the truth, folders are not people.
void tell_people(const Test& test, Scored& scored) {
  if (test.person_level == 0) return;
  std::unordered_map<std::string, std::int32_t> numbers;
  std::vector<std::array<std::int32_t, 2>> people;
  for (std::size_t i = 0; i < scored.pairs.size(); ++i) {
    const PairNames pair = names_of_pair(test, scored.numbers[i]);
    const bool named = !pair.people[0].empty() && !pair.people[1].empty();
    if (!named || (pair.people[0] == pair.people[1]) != scored.pairs[i].same) return;
    auto& both = people.emplace_back();
    for (std::size_t side = 0; side < 2; ++side) {
      both[side] = numbers.try_emplace(pair.people[side], static_cast<std::int32_t>(numbers.size())).first->second;
    }
  }
  for (std::size_t i = 0; i < people.size(); ++i) {
    scored.pairs[i].person_a = people[i][0];
    scored.pairs[i].person_b = people[i][1];
  }
  for (const auto& [name, number] : numbers) scored.people.insert(name);
}

}  // namespace

Scored score(const Common& common, const TestOptions& options, const Test& test, Failures& failures) {
  std::optional<Model> model;
  std::string words = printable(options.embeddings);
  if (options.embeddings.empty()) {
    const std::string path = model_path(common);
    model = Model::load(path);
    words = printable(path) + " (" + model->fingerprint().substr(0, 16) + ")";
  }
  Scored scored = test.list   ? score_list(common, options, test, model, failures)
                  : test.sets ? score_sets_of(common, options, test, model, failures)
                              : score_packed(common, options, test, *model, failures);
  tell_people(test, scored);
  scored.model = std::move(model);
  scored.model_words = words;
  return scored;
}

}  // namespace facenet::program
