// Tests that others have published, from the files they publish: CFP, YouTube Faces, IJB's templates, and the packed
// sets of InsightFace (lfw.bin, agedb_30.bin, cfp_fp.bin, ...). Readers and functions are pure and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <facenet/dataset.hpp>
#include <facenet/embeddings.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// Two things by their numbers, and whether they show the same person.
struct NumberedPair {
  std::int32_t a = 0;
  std::int32_t b = 0;
  bool same = false;
  std::int32_t fold = 1;  ///< from 1
};

// ---------------------------------------------------------------------------------------------- CFP

/// Celebrities in Frontal-Profile: which of its two tests.
enum class CfpTest : std::uint8_t { frontal_profile, frontal_frontal };

/// CFP's Protocol folder in `folder`: Pair_list_F.txt and Pair_list_P.txt number the images, Split/FP/01/same.txt and
/// diff.txt (and FF) name pairs of such numbers, a folder for each fold. Files are relative to `folder`. IoError;
/// FormatError that names file and line.
FACENET_API PairList read_cfp(const std::filesystem::path& folder, CfpTest test = CfpTest::frontal_profile);

// ---------------------------------------------------------------------------------------------- packed sets

/// Images as they are in one file, and pairs of them.
struct PackedPairs {
  std::vector<std::vector<std::uint8_t>> images;  ///< encoded, aligned already; none twice where the file shares them
  std::vector<NumberedPair> pairs;
  std::int32_t folds = 1;
};

/// InsightFace's .bin: a pickle of two lists, the encoded images (two for each pair) and whether each pair is the same
/// person. Ten folds of pairs in the order of the file. No pickle is run: what is no plain data is refused. IoError,
/// FormatError.
FACENET_API PackedPairs read_packed_pairs(const std::filesystem::path& file);

// ---------------------------------------------------------------------------------------------- sets of images

/// One of the images of a set.
struct SetImage {
  std::string file;         ///< relative to SetPairs::root
  std::int32_t medium = 0;  ///< images of one medium, such as the frames of a video, count as one
};

/// What is compared as a whole: a clip, a template.
struct ImageSet {
  std::string name;
  std::vector<SetImage> images;
};

/// Sets, and pairs of them.
struct SetPairs {
  std::filesystem::path root;
  std::vector<ImageSet> sets;
  std::vector<NumberedPair> pairs;
  std::int32_t folds = 1;
  std::optional<LandmarkTable> landmarks{};  ///< where the files bring them
};

/// YouTube Faces: splits.txt in `folder` (a header, then `fold, clip, clip, same`, clips being "Person/number"), and
/// the frames in aligned_images_DB, frame_images_DB, images or the folder itself, whichever has them. The frames of a
/// clip are in the order of their numbers, each a medium of its own. IoError; FormatError that names file and line.
FACENET_API SetPairs read_youtube_faces(const std::filesystem::path& folder);

/// IJB's templates, either as InsightFace publishes IJB-B and IJB-C (meta/*_face_tid_mid.txt: file, template, medium;
/// meta/*_template_pair_label.txt: template, template, 1 or 0; meta/*_name_5pts_score.txt: landmarks; loose_crop/: the
/// images), or as tables: templates.csv (file, template, and perhaps medium) and template_pairs.csv (template_a,
/// template_b, same, and perhaps fold), with the images in images/ or the folder itself. IoError; FormatError that
/// names file and line.
FACENET_API SetPairs read_ijb(const std::filesystem::path& folder);

/// How two sets are compared.
enum class SetDistance : std::uint8_t {
  /// The mean of the distances between each image of one and each of the other (paper, section 5.7).
  mean_of_pairs,
  /// Between templates: the mean of the images of a medium, then that of the media, brought to unit length.
  templates,
};

/// Pairs of sets that could be compared.
struct ScoredSets {
  std::vector<ScoredPair> pairs;
  std::vector<std::size_t> numbers;  ///< of each, among SetPairs::pairs
};

/// Compares pairs of sets by the embeddings of their images. `set` and `medium` [N] say of each row which set it
/// belongs to and of which medium it is. Pairs with a set that has no row are left out. InvalidArgument when sizes do
/// not fit or a number is out of range.
FACENET_API ScoredSets score_sets(const Embeddings& embeddings, std::span<const std::int32_t> set,
                                  std::span<const std::int32_t> medium, std::size_t sets,
                                  std::span<const NumberedPair> pairs, SetDistance how);

}  // namespace facenet
