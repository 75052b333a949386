// Tests for facenet eval and calibrate: which one, and what it compares.
#include "eval_test.hpp"

#include <algorithm>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

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

// The name of the folder so many levels above an image; empty where there is none.
std::string person_of(const std::string& name, int level) {
  fs::path path(name);
  for (int i = 0; i < level; ++i) path = path.parent_path();
  return level == 0 ? std::string() : path.filename().string();
}

}  // namespace

std::size_t Test::pairs() const {
  return list ? list->pairs.size() : sets ? sets->pairs.size() : packed ? packed->pairs.size() : 0;
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
  app.add_option("--embeddings", options.embeddings, "Take the embeddings from here (.npy with its .csv, or .npz)")
      ->type_name("FILE");
  app.add_option("--codes", options.codes,
                 "What codes of few bytes would cost: the second face of each pair is one; 8bit, 1bit or pcaN (pca64)")
      ->type_name("FORM");
  app.add_option("--codes-from", options.codes_from,
                 "Calibrate the codes on these embeddings, of other people (.npy, .npz)")
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
