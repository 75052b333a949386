// How good embeddings are: verification by the LFW protocol, VAL at FAR, clustering and identification scores.
// Every function here is pure and thread-safe. Distances are squared L2; a pair is accepted when distance <= threshold.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/export.hpp>

namespace facenet {

// ---------------------------------------------------------------------------------------------- pairs of faces

/// Two images, whether they show the same person, and the fold that the pair belongs to.
struct FacePair {
  std::string a;
  std::string b;
  bool same = false;
  std::int32_t fold = 1;             ///< from 1
  std::vector<std::string> extra{};  ///< the values of PairList::extra_columns
};

/// Pairs in the order of their file.
struct PairList {
  std::vector<FacePair> pairs{};
  std::int32_t folds = 1;
  std::vector<std::string> extra_columns{};
};

/// LFW's pairs.txt: a header `folds<TAB>pairs` (or `pairs` alone: one fold), then for each fold that many lines
/// `name i j` and that many `name1 i name2 j`. Images become "name/name_0001" + `extension`. FormatError names the
/// line.
FACENET_API PairList read_lfw_pairs(const std::filesystem::path& file, std::string_view extension = ".jpg");

/// A CSV file with a header: file_a, file_b, same (1 or 0, true or false), perhaps fold (from 1), and any other
/// columns, which become `extra`. Without a fold column the pairs are dealt to 10 folds in turn, same and different
/// apart. FormatError names the line.
FACENET_API PairList read_pairs_csv(const std::filesystem::path& file);

/// "1-8", "7-8", "1,3": fold numbers, ascending, each once. InvalidArgument when malformed or beyond `folds`.
FACENET_API std::vector<std::int32_t> parse_folds(std::string_view text, std::int32_t folds);

// ---------------------------------------------------------------------------------------------- verification

/// A pair's distance beside the truth. The fold travels with the pair: leaving out pairs that could not be embedded
/// moves no other pair to another fold.
struct ScoredPair {
  float distance = 0;
  bool same = false;
  std::int32_t fold = 1;
  /// A number for each person, from 0; below 0: not known. Where one pair's people are known, all are.
  std::int32_t person_a = -1;
  std::int32_t person_b = -1;
};

/// What one threshold does.
struct RocPoint {
  float threshold = 0;
  double far = 0;  ///< share of the different pairs accepted
  double val = 0;  ///< share of the same pairs accepted
};

/// From (0,0) to (1,1): a point for each distinct distance. Needs pairs of both kinds, else InvalidArgument.
FACENET_API std::vector<RocPoint> roc_curve(std::span<const ScoredPair> pairs);

/// VAL at one FAR (paper, section 4): over all pairs pooled, at the largest threshold whose false accept rate does not
/// exceed `far`.
struct ValAtFar {
  double far = 0;
  /// False when `far` is finer than one in the number of different pairs: these pairs cannot say, and the rest is
  /// empty.
  bool supported = false;
  double val = 0;
  /// Wilson's 95 % interval of val over the same pairs, at that threshold. That the threshold itself comes from few
  /// different pairs is not in it.
  double low = 0;
  double high = 0;
  float threshold = 0;
  double measured_far = 0;  ///< the share that the threshold does accept, at most `far`
};

/// One fold, at the threshold that the others chose.
struct FoldResult {
  std::int32_t fold = 0;
  std::int64_t pairs = 0;
  double accuracy = 0;
  float threshold = 0;
};

/// The outcome of a verification test.
struct Verification {
  std::int64_t pairs = 0;
  std::int64_t same_pairs = 0;
  double accuracy = 0;     ///< mean over the folds that hold any pair
  double accuracy_se = 0;  ///< standard error of that mean: sample deviation / sqrt(folds); 0 with one fold
  float threshold = 0;     ///< mean of the folds' thresholds
  std::string threshold_from;
  double auc = 0;  ///< probability that a same pair is nearer than a different one, ties half (Mann-Whitney)
  double eer = 0;  ///< where false accepts and false rejects are equally frequent, interpolated
  std::vector<ValAtFar> val;
  std::vector<FoldResult> folds;
};

/// What is asked beyond accuracy.
struct VerificationOptions {
  std::vector<double> far{1e-1, 1e-2, 1e-3};
  std::optional<float> threshold{};  ///< used for every fold instead of choosing one
};

/// The LFW protocol: for each fold, the threshold that maximises accuracy on the other folds (the middle one of those
/// that tie), and the fold's accuracy at it. With one fold alone there are no others: the threshold is then the best on
/// the same pairs, which flatters, and threshold_from says so. InvalidArgument without pairs of both kinds, or when a
/// distance is not finite (the message names the pair).
FACENET_API Verification evaluate_verification(std::span<const ScoredPair> pairs,
                                               const VerificationOptions& options = {});

/// A share with its 95 % interval.
struct Rate {
  double value = 0;
  double low = 0;
  double high = 1;
  std::int64_t pairs = 0;  ///< of which it is a share; 0: nothing can be said
};

/// One group of pairs (e.g. of one age or camera) under the thresholds of the whole evaluation. Where the pairs say
/// whose they are, the intervals are over people: whoever comes in many pairs is no evidence for many.
struct GroupResult {
  std::string group;
  std::int64_t pairs = 0;
  std::int64_t same_pairs = 0;
  std::int64_t people = 0;  ///< 0: not known
  Rate accuracy{};
  Rate false_accepts{};         ///< of the different pairs: FAR
  Rate false_rejects{};         ///< of the same pairs: 1 - VAL
  std::optional<double> auc{};  ///< absent when the group has pairs of one kind only
};

/// `groups` [pairs.size()] names each pair's group. Ordered by name.
FACENET_API std::vector<GroupResult> evaluate_groups(std::span<const ScoredPair> pairs,
                                                     std::span<const std::string> groups,
                                                     const Verification& verification);

/// What is left when the worst pairs are left out.
struct RejectPoint {
  double rejected = 0;          ///< share of the same pairs that are left out
  std::int64_t same_pairs = 0;  ///< that are left
  double false_rejects = 0;     ///< share of these that the threshold does not accept
};

/// Error versus reject (Grother and Tabassi, PAMI 2007): does a quality tell which pairs will fail? `quality`
/// [pairs.size()]: for a pair, the lower of its two images', higher is better. Same pairs are left out, those of the
/// lowest quality first (of equal ones, the earlier), a point for each of the `shares` (0 to 1); the threshold stays. A
/// number that knows nothing of quality leaves the rate about as it is. InvalidArgument when sizes do not fit, there is
/// no same pair, or a quality or share is not what it should be.
FACENET_API std::vector<RejectPoint> error_versus_reject(std::span<const ScoredPair> pairs,
                                                         std::span<const float> quality, float threshold,
                                                         std::span<const double> shares);

/// Pairs of embeddings by the people they belong to, scored. All same pairs, but at most `most_same` drawn at random
/// person by person in turn, so that nobody with many images drowns the rest; and `different_per_same` times as many of
/// different people, or all there are. No pair comes twice. Folds of 1 to `folds` divide the people, not the pairs: no
/// person is in two. `labels` [N]: a number for each person. InvalidArgument when there are no two images of one person
/// in every fold, or only one person.
FACENET_API std::vector<ScoredPair> pairs_of_people(const Embeddings& embeddings, std::span<const std::int32_t> labels,
                                                    std::int32_t folds = 1, std::int64_t most_same = 3000,
                                                    double different_per_same = 1, std::uint64_t seed = 1);

// ---------------------------------------------------------------------------------------------- clustering

/// Both from 0 to 1.
struct PrecisionRecall {
  double precision = 0;
  double recall = 0;
  double f = 0;  ///< their harmonic mean
};

/// Two ways to compare groups with the truth.
struct ClusteringScores {
  /// Over pairs of items: those put together that belong together. Where nothing is put together, or nothing belongs
  /// together, there is nothing to get wrong, and precision or recall is 1.
  PrecisionRecall pairwise;
  PrecisionRecall bcubed;  ///< mean over items of the purity and completeness of their cluster (Bagga and Baldwin 1998)
};

/// `clusters` and `truth` [n]: the same number means together. By counting, not by pairs: O(n log n). InvalidArgument
/// when the sizes differ or n is 0.
FACENET_API ClusteringScores score_clustering(std::span<const std::int32_t> clusters,
                                              std::span<const std::int32_t> truth);

// ---------------------------------------------------------------------------------------------- identification

/// The outcome of an identification test.
struct Identification {
  std::int64_t probes = 0;   ///< with somebody to find
  std::int64_t unmated = 0;  ///< whose person is not in the gallery; they enter no rank
  /// rank[k-1]: share of the probes whose person is among the k nearest people, a person's distance being that of their
  /// nearest image.
  std::vector<double> rank;
};

/// Closed-set identification. Labels are one number for each person. InvalidArgument when sizes or dimensions do not
/// fit.
FACENET_API Identification evaluate_identification(const Embeddings& gallery,
                                                   std::span<const std::int32_t> gallery_labels,
                                                   const Embeddings& probes, std::span<const std::int32_t> probe_labels,
                                                   std::int32_t ranks = 5);

// ---------------------------------------------------------------------------------------------- open set

/// How a person with several images is compared.
enum class PersonRanking : std::uint8_t {
  nearest,  ///< by the image nearest to the probe
  /// By a template: the mean of the images' unit vectors, of unit length. Of a person's images (four or more) those
  /// are left out that lie three times as far from it as half of them do, but none within a squared distance of 0.5.
  mean,
  /// The 5 nearest images vote, each with the weight exp(-4 distance), and most votes win; those without votes follow.
  /// A person's distance is that of their nearest image.
  vote,
};

/// How a gallery finds what is near to an embedding.
enum class GallerySearch : std::uint8_t {
  automatic,  ///< exact up to two million entries; above them hnsw, where the library was built with it
  exact,      ///< all entries, in float32
  codes,      ///< all entries, as a byte for each dimension (Codec, "8bit"): distances are off by some 0.001
  hnsw,       ///< some entries, along a graph of neighbours: not all that are near are found
};

/// What one threshold does to probes with and without somebody to find.
struct OpenSetPoint {
  double fpir = 0;         ///< the wanted false positive identification rate
  bool supported = false;  ///< false: finer than one in the number of strangers, and the rest is empty
  double dir = 0;          ///< detection and identification rate: share of the mated probes given their own name
  double low = 0;          ///< Wilson's 95 % interval of dir, probes taken as independent
  double high = 0;
  float threshold = 0;  ///< squared L2; the largest that gives at most a share fpir of the strangers a name
};

/// The outcome of an open-set identification test.
struct OpenSet {
  std::int64_t people = 0;     ///< in the gallery
  std::int64_t images = 0;     ///< in the gallery
  std::int64_t probes = 0;     ///< whose person is in the gallery
  std::int64_t strangers = 0;  ///< probes whose person is not
  double rank1 = 0;            ///< share of the mated probes whose best candidate is their person
  std::vector<OpenSetPoint> points;
};

/// Identification when the probe may be nobody of the gallery (Phillips, Grother and Micheals 2011), by the same search
/// as Gallery's. Labels are one number for each person. InvalidArgument when sizes or dimensions do not fit, a number
/// is not finite, or a row is zero.
FACENET_API OpenSet evaluate_open_set(const Embeddings& gallery, std::span<const std::int32_t> gallery_labels,
                                      const Embeddings& probes, std::span<const std::int32_t> probe_labels,
                                      std::span<const double> fpir, PersonRanking ranking = PersonRanking::nearest,
                                      GallerySearch search = GallerySearch::automatic);

}  // namespace facenet
