// People with their embeddings, in memory or in a file, and who among them an embedding shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/export.hpp>
#include <facenet/image.hpp>
#include <facenet/verifier.hpp>

namespace facenet {

/// A person and the number of their embeddings.
struct Person {
  std::string name;
  std::int64_t embeddings = 0;
  std::string metadata{};  ///< the caller's own text, JSON for instance
};

/// An image that was enrolled, without its embedding.
struct EnrolledImage {
  std::int64_t id = 0;  ///< the gallery's own number, never used twice while the image is there
  std::string person{};
  std::string image{};   ///< where it lies, any bytes but a zero; may be empty
  std::string digest{};  ///< SHA-256 of the file, 64 hexadecimal digits; may be empty
  std::optional<Landmarks> landmarks{};
  std::optional<float> quality{};  ///< 0 to 1
};

/// An image to enrol; its `id` is not read.
struct Enrolment : EnrolledImage {
  std::vector<float> embedding{};  ///< [D]
};

/// The model that a gallery's embeddings come from.
struct GalleryModel {
  std::string fingerprint{};  ///< Model::fingerprint()
  std::int64_t dimension = 0;
};

/// One of the people nearest to an embedding.
struct Candidate {
  std::string name;
  float distance = 0;                   ///< squared L2, to the person as PersonRanking says
  std::optional<double> probability{};  ///< of being this person, where the verifier is calibrated
};

/// Who an embedding shows.
struct Identity {
  std::optional<std::string> name{};    ///< absent: unknown, as nobody is within the threshold
  float distance = 0;                   ///< of the best candidate; infinite when the gallery is empty
  std::optional<double> probability{};  ///< of the best candidate
  std::vector<Candidate> candidates{};  ///< the best first: by rising distance, then by name
};

/// A threshold that gives at most a share `fpir` of strangers a name.
struct OpenSetThreshold {
  double fpir = 0;
  float threshold = 0;  ///< squared L2
  /// Share of the enrolled people's images, each left out in turn, that are still recognised at it; absent when nobody
  /// has two images. The mean over people.
  std::optional<double> recognised{};
};

/// What strangers' distances to a gallery say. A plain value, kept in the gallery's file.
struct OpenSetCalibration {
  double fpir = 0;  ///< the wanted false positive identification rate
  float threshold = 0;
  std::string data{};            ///< whose strangers, in words
  std::int64_t strangers = 0;    ///< people; all weigh the same, however many images they have
  std::int64_t probes = 0;       ///< images of strangers
  std::int64_t comparisons = 0;  ///< that a probe meets: the gallery's images, its people where templates are compared
  std::vector<OpenSetThreshold> points{};  ///< by falling fpir, each a tenth finer, as fine as strangers support
};

/// SHA-256 of a file's bytes, 64 hexadecimal digits. IoError, and FormatError above 1 GiB.
FACENET_API std::string file_digest(const std::filesystem::path& path);

/// What searches a gallery now.
struct GallerySearchInfo {
  GallerySearch search = GallerySearch::exact;  ///< never automatic; codes begin at 256 entries
  bool forced = false;                          ///< asked for with set_search
  std::int64_t entries = 0;  ///< that a query is compared with: images, or people where templates are compared
  std::int64_t bytes = 0;    ///< of memory, for the index alone
  /// hnsw: the share of the 10 nearest that it finds, measured on its own entries; absent below 1,000 of them.
  std::optional<double> recall{};
};

/// Called from the calling thread with the share done, 0 to 1.
using GalleryProgress = std::function<void(double)>;

enum class GalleryAccess : std::uint8_t { read_write, read_only };

/// What Gallery::check found.
struct GalleryCheck {
  std::vector<std::string> faults{};  ///< of the file; empty: sound
  /// Images enrolled under two names, by their digest: pairs of ids.
  std::vector<std::pair<std::int64_t, std::int64_t>> doubles{};
};

/// Search among people, kept in memory; `create` and `open` make one that is kept in a file too (an SQLite
/// database, docs/file-formats.md). Any number of threads may call anything at once. A change is in the file for good
/// (a kill or a power cut loses nothing) when its call returns, and all of it or nothing is: a call that throws has
/// changed nothing, but for a removal whose traces another program's reading kept from being cleared (the message says
/// so; the next change or opening clears them). Searches wait for no disk: an answer is that of one moment, before or
/// after each change.
///
/// Several processes may have one file open. A change begins with what others have written; searches see it after
/// `refresh`. Who waits longer than five seconds for another's change gets an IoError.
///
/// Costs, of N images of dimension D: memory about 8 N D bytes and the names (5 N D with codes); a search 2 N D
/// operations, far fewer with hnsw; opening reads the file once; a removal writes it anew. Movable, not copyable; a
/// gallery moved from may only be assigned or destroyed. All that touch the file throw IoError, and FormatError when it
/// is damaged.
class FACENET_API Gallery {
 public:
  /// In memory alone, and without a decision: `search` works, `identify` throws.
  Gallery();
  /// In memory alone; `verifier` decides whether the nearest person is near enough.
  explicit Gallery(Verifier verifier);
  ~Gallery();
  Gallery(Gallery&&) noexcept;
  Gallery& operator=(Gallery&&) noexcept;

  /// A new file without people. InvalidArgument when there is something already, or the library was built without
  /// SQLite; IoError when it cannot be written.
  static Gallery create(const std::filesystem::path& path, const GalleryModel& model);
  /// InvalidArgument when `fingerprint` is not that of the gallery's model (empty: any), and without SQLite; IoError
  /// when it is missing, locked, or may not be written and `access` wants to; FormatError when it is no gallery, is
  /// damaged, or was made by a newer version of the library.
  static Gallery open(const std::filesystem::path& path, const std::string& fingerprint,
                      GalleryAccess access = GalleryAccess::read_write);

  /// Adds an embedding of a person, who is made if new. The first embedding sets the dimension where no model has.
  /// InvalidArgument when the name is empty or holds a zero byte, the dimension is another, a number is not finite, or
  /// all are zero. Names are compared byte by byte.
  void add(const std::string& name, std::span<const float> embedding);
  /// Adds all or nothing, in one transaction: some hundred at a time are many times as fast as one by one.
  void add(std::span<const Enrolment> images);
  /// Removes a person with all their embeddings; how many there were, 0 for a stranger. What was removed is in the file
  /// no longer when this returns, nor in anything beside it.
  std::int64_t remove(const std::string& name);
  /// Removes one image, and its person with the last; false when there is none of that id.
  bool remove_image(std::int64_t id);
  /// InvalidArgument when `from` is a stranger, or `to` is empty or already there.
  void rename(const std::string& from, const std::string& to);
  /// All images of `from` become those of `into`, whose metadata stays. InvalidArgument when either is a stranger, or
  /// both are one.
  void merge(const std::string& from, const std::string& into);
  /// InvalidArgument for a stranger.
  void set_metadata(const std::string& name, const std::string& metadata);

  /// Embeddings, over all people.
  std::int64_t size() const;
  /// By name.
  std::vector<Person> people() const;
  /// By id, which is the order of enrolment; `person` empty: all.
  std::vector<EnrolledImage> images(const std::string& person = {}) const;
  /// Empty where no model was named.
  GalleryModel model() const;
  /// The file; empty for a gallery in memory.
  const std::filesystem::path& path() const;

  /// Takes over what other processes have written; whether there was anything.
  bool refresh();
  /// Reads the whole file, every page of it.
  GalleryCheck check() const;
  /// Gives every image an embedding of another model, row i to the image ids[i], all or nothing; drops the calibration.
  /// InvalidArgument unless each image gets exactly one.
  void migrate(const GalleryModel& to, std::span<const std::int64_t> ids, const Embeddings& embeddings);

  /// Kept in the file. A change of it drops the calibration.
  void set_ranking(PersonRanking ranking);
  PersonRanking ranking() const;

  /// How it searches from now on; not kept in the file. Builds the index anew, which takes hnsw some minutes for a
  /// million; changes wait meanwhile, searches do not. InvalidArgument for hnsw where the library was built without it;
  /// Interrupted when stopped, with all as it was.
  void set_search(GallerySearch search, const GalleryProgress& progress = {}, const std::stop_token& stop = {});
  GallerySearchInfo search_info() const;

  /// Finds the threshold at which at most `fpir` of strangers get a name, and keeps it. Strangers are `strangers`, a
  /// row for each; or, where there are none, the enrolled people, each compared with all others (of at most
  /// 20,000 images evenly chosen, and of fewer where the gallery has more than 100,000). InvalidArgument when fpir is
  /// not in (0, 1) or there are fewer than 1 / fpir strangers: the message says how many it takes.
  OpenSetCalibration calibrate(double fpir, const Embeddings& strangers = {}, const std::string& data = {});
  std::optional<OpenSetCalibration> calibration() const;
  /// The calibrated threshold for this rate, or for the next finer one that was tabulated. A gallery that has grown
  /// since gives a stranger more chances, FPIR = 1 - (1 - fpir)^(comparisons now / then), which is allowed for.
  /// InvalidArgument without a calibration, and for a rate finer than its strangers support.
  float threshold(double fpir) const;
  /// Decides instead of the calibration; also gives probabilities, where it is calibrated. Not kept in the file.
  void set_verifier(std::optional<Verifier> verifier);

  /// The k best people for an embedding; fewer when there are fewer. InvalidArgument when k < 1, the dimension is
  /// another, a number is not finite, or all are zero. An empty gallery has no candidates.
  std::vector<Candidate> search(std::span<const float> embedding, std::int32_t k = 5) const;
  /// The best person when the verifier, or without one the calibration, takes the distance for the same person, else
  /// unknown; with the k best people. Errors as `search`, and InvalidArgument without a verifier and a calibration.
  Identity identify(std::span<const float> embedding, std::int32_t k = 5) const;
  /// The same for each row, by one matrix product; the same answers as one by one.
  std::vector<Identity> identify(const Embeddings& embeddings, std::int32_t k = 5) const;

 private:
  struct Impl;
  explicit Gallery(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace facenet
