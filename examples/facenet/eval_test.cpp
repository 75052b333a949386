// Tests for facenet eval: opened, embedded and scored.
#include "eval_test.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <set>
#include <unordered_map>

#include <facenet/codes.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "network.hpp"
#include "pair_faces.hpp"

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

void require_folder(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw IoError("'" + printable(folder) + "' is no folder");
}

Test open_lfw(const fs::path& folder) {
  require_folder(folder);
  Test test;
  test.root = fs::is_directory(folder / "images") ? folder / "images" : folder;
  const bool has_list = fs::exists(folder / "pairs.txt");
  if (has_list) test.list = read_lfw(folder / "pairs.txt", test.root);
  if (fs::exists(folder / "landmarks.csv")) test.landmarks = folder / "landmarks.csv";
  test.data = has_list ? printable(folder / "pairs.txt") : "pairs drawn from the people of " + printable(folder);
  return test;
}

Test open_cfp(const fs::path& folder, const std::string& which) {
  require_name("--cfp-test", which, {"FP", "FF"});
  require_folder(folder);
  Test test;
  test.list = read_cfp(folder, which == "FP" ? CfpTest::frontal_profile : CfpTest::frontal_frontal);
  test.root = folder;
  if (fs::exists(folder / "landmarks.csv")) test.landmarks = folder / "landmarks.csv";
  test.data = "CFP-" + which + ", " + printable(folder);
  test.person_level = 2;  // Data/Images/001/frontal/01.jpg
  return test;
}

Test open_sets(SetPairs sets, SetDistance how, const fs::path& folder, const std::string& name) {
  Test test;
  test.root = sets.root;
  test.set_distance = how;
  test.person_level = how == SetDistance::mean_of_pairs ? 1 : 0;  // Person/clip
  test.sets = std::move(sets);
  if (fs::exists(folder / "landmarks.csv")) test.landmarks = folder / "landmarks.csv";
  test.data = name + ", " + printable(folder);
  return test;
}

template <typename Pair>
void keep_folds(std::vector<Pair>& pairs, const std::string& text, std::int32_t count) {
  const auto folds = parse_folds(text, count);
  std::erase_if(pairs, [&](const Pair& pair) { return !std::binary_search(folds.begin(), folds.end(), pair.fold); });
}

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

// Embeds images that are not in `rows` yet, and puts them there.
void embed_names(const Common& common, const Model& model, const Test& test, const std::vector<std::string>& names,
                 const FaceOptions& options, Embeddings& embeddings, PairRows& rows, Failures& failures) {
  std::vector<Input> inputs;
  for (const auto& name : names) inputs.push_back({test.root / name, name});
  const Faces faces = embed_inputs(common, model, inputs, options, failures);
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    if (rows.emplace(faces.faces[i].input.name, embeddings.size()).second) embeddings.append(faces.embeddings[i]);
  }
}

// The distance of two rows: as they are, or with one of them or both as codes.
class PairDistance {
 public:
  PairDistance(const TestOptions& options, const Embeddings& embeddings) : embeddings_(embeddings) {
    if (options.codes.empty()) return;
    codec_ = Codec::calibrate(read_embeddings(options.codes_from), options.codes);
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

// The name of the folder so many levels above an image; empty where there is none.
std::string person_of(const std::string& name, int level) {
  fs::path path(name);
  for (int i = 0; i < level; ++i) path = path.parent_path();
  return level == 0 ? std::string() : path.filename().string();
}

Scored score_list(const Common& common, const TestOptions& options, const Test& test, const std::optional<Model>& model,
                  Failures& failures) {
  Embeddings embeddings;
  PairRows rows;
  if (model) {
    embed_names(common, *model, test, images_of(test), face_options(*model, options, test), embeddings, rows, failures);
  } else {
    rows = find_rows(images_of(test), options.embeddings, embeddings, failures);
  }
  const PairDistance distance(options, embeddings);
  Scored scored;
  scored.images = rows.size() + failures.size();
  for (std::size_t number = 0; number < test.list->pairs.size(); ++number) {
    const auto& pair = test.list->pairs[number];
    const auto a = rows.find(pair.a);
    const auto b = rows.find(pair.b);
    if (a == rows.end() || b == rows.end()) {
      ++scored.left_out;
      continue;
    }
    scored.pairs.push_back({distance.of(a->second, b->second), pair.same, pair.fold});
    scored.numbers.push_back(number);
  }
  return scored;
}

// Embeds the first images of each set in which a face is found, as many as are asked for: where some cannot be used,
// those that come next.
void embed_sets(const Common& common, const Model& model, const TestOptions& options, const Test& test,
                Embeddings& embeddings, PairRows& rows, Failures& faults) {
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
                                          [&](const SetImage& image) { return rows.contains(image.file); });
        wanted = static_cast<std::size_t>(options.frames) - static_cast<std::size_t>(usable);
      }
      for (; wanted > 0 && tried[i] < images.size(); --wanted) next.insert(images[tried[i]++].file);
    }
    if (next.empty()) return;
    embed_names(common, model, test, {next.begin(), next.end()}, faces, embeddings, rows, faults);
  }
}

Scored score_sets_of(const Common& common, const TestOptions& options, const Test& test,
                     const std::optional<Model>& model, Failures& failures) {
  const auto& sets = test.sets->sets;
  Embeddings embeddings;
  PairRows rows;
  Failures faults;  // a set can do without some of its images
  if (model) {
    embed_sets(common, *model, options, test, embeddings, rows, faults);
  } else {
    rows = find_rows(images_of(test), options.embeddings, embeddings, faults);
  }
  const std::vector<bool> used = used_sets(*test.sets);
  Embeddings members;
  std::vector<std::int32_t> set;
  std::vector<std::int32_t> medium;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (!used[i]) continue;
    const std::size_t before = set.size();
    for (const auto& image : sets[i].images) {
      const auto row = rows.find(image.file);
      const bool full = test.set_distance == SetDistance::mean_of_pairs &&
                        set.size() - before >= static_cast<std::size_t>(options.frames);
      if (row == rows.end() || full) continue;
      members.append(embeddings[row->second]);
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
  Scored scored;
  scored.images = images.size();
  for (std::size_t number = 0; number < test.packed->pairs.size(); ++number) {
    const auto& pair = test.packed->pairs[number];
    const auto a = rows.find(pair.a);
    const auto b = rows.find(pair.b);
    if (a == rows.end() || b == rows.end()) {
      ++scored.left_out;
      continue;
    }
    scored.pairs.push_back({squared_distance(embeddings[a->second], embeddings[b->second]), pair.same, pair.fold});
    scored.numbers.push_back(number);
  }
  return scored;
}

}  // namespace

std::size_t Test::pairs() const {
  return list ? list->pairs.size() : sets ? sets->pairs.size() : packed ? packed->pairs.size() : 0;
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

PairNames names_of_pair(const Test& test, std::size_t number) {
  const auto both = [](const auto& a, const auto& b, int level) {
    return PairNames{{a, b}, {person_of(a, level), person_of(b, level)}};
  };
  if (test.list) return both(test.list->pairs[number].a, test.list->pairs[number].b, test.person_level);
  if (test.packed) {
    const auto& pair = test.packed->pairs[number];
    return both(std::to_string(pair.a), std::to_string(pair.b), 0);
  }
  const auto& pair = test.sets->pairs[number];
  const auto name = [&](std::int32_t set) { return test.sets->sets[static_cast<std::size_t>(set)].name; };
  return both(name(pair.a), name(pair.b), test.person_level);
}

Test open_test(const TestOptions& options) {
  const std::array<const std::string*, 6> given{&options.lfw, &options.pairs, &options.cfp,
                                                &options.ytf, &options.ijb,   &options.bin};
  if (std::count_if(given.begin(), given.end(), [](const std::string* text) { return !text->empty(); }) != 1) {
    throw UsageError(
        "give one of --lfw DIR, --pairs F.csv with --root DIR, --cfp DIR, --ytf DIR, --ijb DIR, --bin FILE");
  }
  if (options.frames < 1) throw UsageError("--frames wants a number from 1");
  Test test;
  if (!options.lfw.empty()) {
    test = open_lfw(options.lfw);
  } else if (!options.cfp.empty()) {
    test = open_cfp(options.cfp, options.cfp_test);
  } else if (!options.ytf.empty()) {
    require_folder(options.ytf);
    test = open_sets(read_youtube_faces(options.ytf), SetDistance::mean_of_pairs, options.ytf, "YouTube Faces");
  } else if (!options.ijb.empty()) {
    require_folder(options.ijb);
    test = open_sets(read_ijb(options.ijb), SetDistance::templates, options.ijb, "templates");
  } else if (!options.bin.empty()) {
    test.packed = read_packed_pairs(options.bin);
    test.data = printable(options.bin);
  } else {
    test.root = options.root.empty() ? fs::path(options.pairs).parent_path() : fs::path(options.root);
    test.list = read_pairs_csv(options.pairs);
    test.data = printable(options.pairs);
  }
  if (!test.list && !options.codes.empty())
    throw UsageError("--codes needs pairs of images, as --lfw and --pairs give");
  if (test.packed) {
    if (!options.embeddings.empty())
      throw UsageError("--bin holds images without names: --embeddings cannot be theirs");
    if (!options.faces.landmarks.empty() || !options.faces.detection.detector.empty()) {
      throw UsageError("the faces of --bin are aligned already: neither --landmarks nor --detector");
    }
  }
  if (!options.faces.landmarks.empty()) test.landmarks = options.faces.landmarks;
  if (!options.folds.empty() && test.has_pairs()) {
    if (test.list) keep_folds(test.list->pairs, options.folds, test.list->folds);
    if (test.sets) keep_folds(test.sets->pairs, options.folds, test.sets->folds);
    if (test.packed) keep_folds(test.packed->pairs, options.folds, test.packed->folds);
    test.data += ", folds " + options.folds;
  }
  return test;
}

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

void add_test_options(CLI::App& app, TestOptions& options) {
  app.add_option(
         "--lfw", options.lfw,
         "Folder with images/ (or the people directly) and perhaps pairs.txt and landmarks.csv; without pairs.txt, "
         "pairs are drawn, and identification and clustering are measured too")
      ->type_name("DIR");
  app.add_option("--pairs", options.pairs, "CSV with file_a, file_b, same, perhaps fold")->type_name("FILE");
  app.add_option("--root", options.root, "Folder that the files of --pairs are in (that of the list)")
      ->type_name("DIR");
  app.add_option("--cfp", options.cfp, "CFP: folder with Protocol/ and Data/")->type_name("DIR");
  app.add_option("--cfp-test", options.cfp_test, "FP, frontal with profile, or FF, frontal with frontal (FP)")
      ->type_name("TEST");
  app.add_option("--ytf", options.ytf,
                 "YouTube Faces: folder with splits.txt and the clips' frames; clips are compared by the mean distance "
                 "of all pairs of their frames")
      ->type_name("DIR");
  app.add_option("--frames", options.frames, "The first so many frames of a clip that can be used (100)")
      ->type_name("N");
  app.add_option("--ijb", options.ijb,
                 "Templates: folder with meta/ and loose_crop/ as InsightFace's IJB-B and IJB-C, or with templates.csv "
                 "and template_pairs.csv")
      ->type_name("DIR");
  app.add_option("--bin", options.bin, "InsightFace's packed pairs: lfw.bin, agedb_30.bin, cfp_fp.bin, calfw.bin, ...")
      ->type_name("FILE");
  app.add_option("--folds", options.folds, "Only these folds, like 1-8 or 7,8")->type_name("LIST");
  app.add_option("--embeddings", options.embeddings, "Take the embeddings from here (.npy with its .csv)")
      ->type_name("FILE");
  app.add_option("--codes", options.codes,
                 "What codes of few bytes would cost: the second face of each pair is one; 8bit, 1bit or pcaN (pca64)")
      ->type_name("FORM");
  app.add_option("--codes-from", options.codes_from, "Calibrate the codes on these embeddings, of other people (.npy)")
      ->type_name("FILE");
  app.add_flag("--codes-both", options.codes_both, "Both faces of each pair are codes");
  add_face_options(app, options.faces, "centre");
  app.add_option("--pixels", options.faces.degradation.pixels,
                 "Show faces with so few pixels a side, after alignment: what small photographs cost")
      ->type_name("N");
  app.add_option("--jpeg-quality", options.faces.degradation.jpeg_quality, "and stored as JPEG of this quality")
      ->type_name("Q");
}

}  // namespace facenet::program
