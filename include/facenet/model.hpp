// Model: a network with its weights, and all else that changes an embedding.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <facenet/export.hpp>
#include <facenet/image.hpp>
#include <facenet/precision.hpp>
#include <facenet/verifier.hpp>

namespace facenet {

/// How a network's convolutions are normalised: by batch normalisation, or by the local response normalisation of the
/// paper's tables ("norm").
enum class NetworkNorm : std::uint8_t { batch, lrn };

/// What a new network is made with.
struct NetworkOptions {
  NetworkNorm norm = NetworkNorm::batch;
  int embedding_size = 128;  ///< D of the embeddings (paper, section 5.4: 128)
  std::uint64_t seed = 1;    ///< of the initial weights
  float dropout = 0;         ///< before the embedding layer; 0: none
};

/// What a model expects of its images and promises of its embeddings.
struct ModelContract {
  int input_width = 0;   ///< pixels
  int input_height = 0;  ///< pixels
  /// The network computes (value - mean) * scale of RGB values 0..255, in the order of its channels.
  std::array<float, 3> mean{};
  std::array<float, 3> scale{};
  bool bgr = false;  ///< the network's channels are blue, green, red; images are RGB all the same
  /// Where the five points of a face belong in the input, in pixels; absent when faces are not aligned.
  std::optional<Landmarks> template_points{};
  std::string template_name{};  ///< of the template, for people; empty without one
  /// Faces are not aligned but cut out along the detector's box, which leaves so many pixels of the input around it:
  /// left and right together, and above and below together (facenet-pytorch's `margin`). Absent otherwise.
  std::optional<float> margin{};
  /// Without landmarks or box: the share of the largest centred part of the input's proportions that is used, 0 to 1.
  float crop_fraction = 1;
  int embedding_size = 0;   ///< D
  bool normalised = false;  ///< embeddings have unit length
};

/// An operator of the network.
struct LayerInfo {
  std::string name;                 ///< "inception_3a/3x3"
  std::string kind;                 ///< the operator: "convolution", "max_pool", ...
  std::vector<std::int64_t> shape;  ///< of its result for one image: [1,C,H,W] or [1,D]
  std::string kernel;               ///< of convolutions and pooling: "7x7/2", the number after the slash is the stride
  std::int64_t parameters = 0;      ///< weights, biases, scales and shifts
  std::int64_t multiply_adds = 0;   ///< for one image
};

/// A line of the paper's tables: a layer with its normalisation, or a block of them whose names begin alike. The
/// columns of Table 2 are filled for inception blocks.
struct TableRow {
  std::string name;                 ///< "conv1", "inception_3a"
  std::string kind;                 ///< "convolution", "max_pool", "inception", ...
  std::string kernel;               ///< of a single convolution or pooling: "7x7/2"
  std::vector<std::int64_t> shape;  ///< of its result for one image: [1,C,H,W] or [1,D]
  int depth = 0;                    ///< convolutions and fully connected layers on the longest way through
  std::string conv1x1;              ///< "#1x1": number of filters, "256,2" with stride 2
  std::string reduce3x3, conv3x3;   ///< "#3x3 reduce", "#3x3"
  std::string reduce5x5, conv5x5;   ///< "#5x5 reduce", "#5x5"
  std::string pool;                 ///< "pool proj (p)": "L2, 128p", "m 3x3/2"
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;  ///< for one image
};

/// How a network was prepared for Precision::int8.
struct Int8Info {
  int images = 0;                        ///< measured on
  std::string data{};                    ///< what they were, for people
  double cosine = 0;                     ///< of int8's embedding with float32's: the smallest among those images
  std::vector<std::string> in_f32 = {};  ///< convolutions that stay in float32, because in bytes they cost too much
};

/// A handle: copies share the network, its weights and its compiled plans. Immutable, so that one model serves any
/// number of threads; what changes something gives a new model. Costs: four bytes for each parameter, once, and a
/// packed copy for each of the batch sizes used last; a copy nothing.
class FACENET_API Model {
 public:
  /// Reads a model file. FormatError when it is none, is damaged (a fingerprint of graph, weights and preprocessing is
  /// verified), or of a version this library does not read; IoError when it cannot be read.
  static Model load(const std::filesystem::path& path);
  /// A network with initial weights. InvalidArgument lists the networks when `architecture` is not one of them.
  static Model create(std::string_view architecture, const NetworkOptions& options = {});
  /// Names that `create` knows.
  static std::vector<std::string> architectures();

  /// Writes the file whole or not at all; the same model gives the same bytes. IoError when it cannot be written.
  void save(const std::filesystem::path& path) const;
  /// Writes the network for other programs, as an ONNX file (operator set 17), whole or not at all. Input "input":
  /// [N,3,H,W] float, pixels 0 to 255 in the contract's colour order; the graph subtracts the mean and scales. Output
  /// "embedding": [N,D], of unit length where the contract says so. Any N; faces are to be aligned or cropped as the
  /// contract says. Contract, licence, notes, calibration and fingerprint stand in the file's metadata. IoError when it
  /// cannot be written; InvalidArgument when the weights take more than the 2 GiB that an ONNX file holds, or when the
  /// library was built without ONNX (the message says how to get it).
  void export_onnx(const std::filesystem::path& path) const;

  const ModelContract& contract() const;
  int embedding_size() const { return contract().embedding_size; }
  int input_width() const { return contract().input_width; }
  int input_height() const { return contract().input_height; }

  const std::string& architecture() const;    ///< "nn4", ...; empty for imported networks
  const std::string& licence() const;         ///< of the weights; empty when nothing is known
  const std::string& data_notes() const;      ///< what the weights were trained on; may be empty
  const std::string& training_notes() const;  ///< how, as a JSON object; empty when untrained
  /// How many people the weights were trained on, by name: the file keeps a hash of each. 0: nobody, or not known.
  std::size_t trained_people() const;
  /// Whether somebody of this name was among them; case, and all but letters and digits, does not count. Another name
  /// is taken for one of them once in 10^19 / trained_people().
  bool trained_on(std::string_view person) const;
  /// SHA-256 of graph, weights and preprocessing, 64 hexadecimal digits: models with equal fingerprints give equal
  /// embeddings of a precision. Licence, notes and calibration do not count, nor does what int8 needs.
  const std::string& fingerprint() const;

  std::int64_t parameters() const;     ///< numbers that training changes
  std::int64_t multiply_adds() const;  ///< for one image
  std::vector<LayerInfo> layers() const;
  std::vector<TableRow> table() const;
  /// The compiled steps for a batch of this size as a table for people: implementations, types, layouts, bytes.
  /// `timed`: also what each takes, the least of 20 runs, and its multiply-adds in 1e9 operations a second (two each).
  std::string describe_plan(int batch = 1, int threads = 0, Precision precision = Precision::f32,
                            bool timed = false) const;

  /// Thresholds and their evidence; absent until the model has been calibrated.
  const std::optional<Calibration>& calibration() const;
  Model with_calibration(const std::optional<Calibration>& calibration) const;
  /// The same network prepared for Precision::int8: on `faces` (some 16 to 100, at most 1,024, of the kind it will see;
  /// each goes in as Embedder would take it, without landmarks) is measured how far the results of each layer reach,
  /// which gives the unit that its bytes count. Then the embeddings of both precisions are compared, and where the
  /// smallest cosine is less than 0.995, the convolutions that lose most stay in float32, as many as it takes.
  /// `data` says for people what the faces were. Takes as long as embedding the faces some ten times.
  /// InvalidArgument without faces.
  Model with_int8(std::span<const Image> faces, const std::string& data) const;
  /// Absent until the model has been prepared.
  const std::optional<Int8Info>& int8() const;
  Model with_notes(const std::string& licence, const std::string& data_notes) const;

  struct Impl;  ///< the library's own
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace facenet
