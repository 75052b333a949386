// Training: a model trained with the triplet loss on a folder of people, step by step, with checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <facenet/dataset.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/model.hpp>
#include <facenet/train/triplet_loss.hpp>
#include <facenet/train/triplet_miner.hpp>

namespace facenet {

/// Where the faces come from.
struct TrainingData {
  std::filesystem::path folder;                    ///< root/person/image, JPEG, PNG or BMP
  std::optional<std::filesystem::path> landmarks;  ///< CSV of five points for each file; faces are then aligned
  std::optional<std::filesystem::path> people;  ///< a list of the people to use, one a line (LFW's people.txt will do)
  bool skip_bad = false;                        ///< leave unusable images out instead of refusing the folder
};

/// Everything that decides what a training does to a model. The defaults are the paper's where it says anything.
struct TrainingOptions {
  std::int64_t steps = 0;  ///< how many batches; 0: `minutes` decides
  double minutes = 0;      ///< how long, in minutes of training (what a resumed run did before counts)

  int people_per_batch = 45;
  int images_per_person = 40;  ///< "around 40 faces are selected per identity per mini-batch" (paper, section 3.2)
  int singles = 0;             ///< faces of people who have one image only, as negatives

  Mining mining = Mining::semi_hard;
  float alpha = 0.2F;  ///< the margin in squared L2 (paper, section 3.2)
  TripletReduction reduction = TripletReduction::mean_selected;

  std::string optimizer = "adagrad";  ///< adagrad (paper, section 3.3), sgd, adam
  float learning_rate = 0.05F;        ///< paper, section 3.3
  float momentum = 0.9F;              ///< sgd
  float weight_decay = 0;
  std::string schedule = "constant";  ///< constant, cosine, linear, step
  float warmup = 0;                   ///< fraction of the training in which the rate rises from 0
  float average = 0;                  ///< decay of averaged weights, which then are the result; 0: none
  float clip_gradient = 0;            ///< largest gradient norm; 0: no limit

  /// With landmarks, and a model that has no template yet: how much more than ArcFace's framing of the face is shown,
  /// as a share. Without landmarks: `crop`, the share of the largest centred square.
  float margin = 0.15F;
  float crop = 1;

  /// none, flip, standard (flip, shift, scale, rotation, colour, erasing, low resolution), strong (more of it),
  /// degraded (as standard without erasing; six of ten faces also as a small, badly compressed photograph shows them).
  std::string augment = "standard";
  std::string precision = "automatic";  ///< of activations: automatic (bf16 where it is faster here), f32, bf16
  std::int64_t chunk = 0;               ///< faces back-propagated at a time, to bound memory; 0: the whole batch
  std::string freeze;                   ///< parameters whose names match this pattern (* and ?) do not move
  /// Batch normalisation works with its running statistics, which stay as they are: for fine-tuning with small batches.
  /// Where `freeze` matches a layer's running_mean, that layer does so anyway.
  bool freeze_batch_norm = false;
  /// "PATTERN=FACTOR,...": the learning rate of parameters whose names match is multiplied; the last match counts.
  std::string rates;
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all that this process may use
};

/// One step, as a line of the log tells it.
struct TrainingStep {
  std::int64_t step = 0;  ///< 1 is the first
  double loss = 0;
  double active = 0;             ///< fraction of the selected triplets with a positive loss
  std::int64_t triplets = 0;     ///< selected
  double distance_positive = 0;  ///< mean d(a,p), squared L2
  double distance_negative = 0;
  double variance = 0;  ///< of the batch's embeddings: 1 spread over the sphere, 0 a single point
  double gradient_norm = 0;
  double learning_rate = 0;
  double images_per_s = 0;
  double seconds = 0;       ///< of training so far
  std::string health;       ///< ok, warming, collapsing, collapsed, stalled, diverged
  std::string explanation;  ///< what a health other than ok and warming means, and what to change
};

/// A training in progress. Belongs to one thread; makes batches on threads of its own. With the same data, options,
/// thread count and start, the weights are the same to the bit, whether interrupted and resumed or not (with `minutes`
/// the clock decides the schedule, and they are not). Costs: all faces of the folder in memory, 3 bytes a pixel of the
/// model's input; the activations of `chunk` faces; parameters three to four times.
class FACENET_API Training {
 public:
  using Progress = std::function<void(std::size_t done, std::size_t total)>;

  /// Reads and aligns all faces first: `progress` and `stop` are for that. InvalidArgument for options that cannot be
  /// used, IoError and FormatError for data that cannot.
  Training(const Model& start, const TrainingData& data, const TrainingOptions& options, const Progress& progress = {},
           const std::stop_token& stop = {});
  /// Goes on from a checkpoint with the options it holds; `steps` or `minutes`, when given, replace its end.
  /// FormatError when it is no checkpoint, InvalidArgument when `data` are not what it was trained on, or the end is
  /// none.
  static Training resume(const std::filesystem::path& checkpoint, const TrainingData& data,
                         std::optional<std::int64_t> steps = {}, std::optional<double> minutes = {},
                         const Progress& progress = {}, const std::stop_token& stop = {});
  ~Training();
  Training(Training&&) noexcept;
  Training& operator=(Training&&) noexcept;

  /// Trains on one batch. A health of "diverged" leaves the weights as they were, but running statistics have seen the
  /// batch: go back to a checkpoint.
  TrainingStep step();
  bool done() const;
  /// 0 to 1.
  double progress() const;
  std::int64_t steps() const;
  const TrainingOptions& options() const;
  /// Faces in a batch.
  std::size_t batch_size() const;
  std::size_t people() const;
  std::size_t images() const;
  /// Images left out by skip_bad, with reasons.
  std::vector<std::string> dropped() const;

  /// The model as it is now: averaged weights where they are kept.
  Model model() const;
  /// Written whole or not at all; resume() goes on from it.
  void save_checkpoint(const std::filesystem::path& path) const;

 private:
  struct State;
  explicit Training(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// How a test of a training is made.
struct PeopleTestOptions {
  bool flip = false;          ///< both mirror images averaged
  Degradation degradation{};  ///< of the faces, after alignment
  int threads = 0;            ///< 0: all that this process may use
};

/// Faces of people that a model was not trained on, read once, with which any state of that model can be tested. Pairs
/// are drawn from all of them, ten different ones for each of the same person. Immutable: any thread may use it. Costs:
/// the faces in memory, and a test embeds them all.
class FACENET_API PeopleTest {
 public:
  /// Reads and aligns the faces as `model` wants them. Throws what reading the folder throws.
  PeopleTest(const Model& model, const TrainingData& data, const PeopleTestOptions& options = {});
  ~PeopleTest();
  PeopleTest(PeopleTest&&) noexcept;
  PeopleTest& operator=(PeopleTest&&) noexcept;

  /// The threshold is chosen on these same pairs, which flatters the accuracy, not AUC and VAL. `model` must have the
  /// input size of the first. InvalidArgument when the folder holds no pair.
  Verification run(const Model& model) const;
  /// See calibrate_on_people.
  Calibration calibrate(const Model& model, std::optional<double> far = {}) const;

 private:
  struct Faces;
  std::unique_ptr<Faces> faces_;
};

/// Calibrates a model on people it was not trained on: embeds the folder's faces (both mirror images averaged when
/// `flip`), pairs them, and chooses the threshold that accepts at most a share `far` of different people; without one,
/// or when there are fewer than 1 / far different pairs, the threshold that decides most pairs rightly. The result says
/// which, and holds for images like these. Throws what reading the folder throws; InvalidArgument when it holds no
/// pair.
FACENET_API Calibration calibrate_on_people(const Model& model, const TrainingData& data, bool flip = false,
                                            std::optional<double> far = {}, int threads = 0);

}  // namespace facenet
