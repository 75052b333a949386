// Networks of other frameworks, as models.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <facenet/export.hpp>
#include <facenet/model.hpp>

namespace facenet {

/// What a file of another framework does not say of its network. A file that this library has exported says all of it:
/// there, options left as they are keep what stands in the file.
struct ImportOptions {
  /// Where the five points of a face belong in the input: one of `import_templates()`, or "none" for a network that was
  /// not trained on aligned faces. Empty: what the file says, else none.
  std::string template_name{};
  /// The network was trained on faces that were not aligned but cut out along a detector's box, with so many pixels of
  /// its input around it, of both sides together: `margin` of facenet-pytorch. At least 0, less than the input's sides,
  /// and not beside a template. Absent: what the file says.
  std::optional<float> margin{};
  /// The network's channels are blue, green, red. Absent: what the file says, else red, green, blue.
  std::optional<bool> bgr{};
  /// The network computes (value - mean) * scale of values 0..255 before the first layer of the file; red, green, blue.
  /// Absent: 0 and 1 when the file's network subtracts or scales by itself; otherwise at least one must be given.
  std::optional<std::array<float, 3>> mean{};
  std::optional<std::array<float, 3>> scale{};
  /// Side of the square input, in pixels, for a file that leaves it open; 0: the template's.
  int input_size = 0;
  /// Embeddings are brought to unit length at the network's end, where it does not do so itself: all distances and
  /// thresholds of this library are squared L2 between unit vectors.
  bool normalise = true;
  /// The network whose weights the file holds, where it holds nothing else (npz, safetensors): one of
  /// `Model::architectures()`, or "dlib-resnet". Its own preprocessing is meant unless `mean`, `scale` or `bgr` say
  /// otherwise.
  std::string architecture{};
  /// Name of the embedding among a file's outputs. Empty: the first one.
  std::string output{};
  std::string licence{};     ///< of the weights. Empty: what the file says
  std::string data_notes{};  ///< what the weights were trained on. Empty: what the file says
};

/// The templates that `ImportOptions::template_name` knows: "arcface-112" (InsightFace and most networks for 112x112
/// pixels), "dlib-mtcnn-150" (dlib's network, under landmarks found by MTCNN).
FACENET_API std::vector<std::string> import_templates();

/// Reads a network that another framework wrote and makes a model of it: to run, train, fine-tune, save and export like
/// our own. What kind of file it is, its content tells:
///   - ONNX, operator sets 7 to 23: float networks from one image, [N,3,H,W] or [N,H,W,3], to one embedding [N,D].
///     A subtraction and a scaling of the image become part of the model's contract.
///   - dlib's face recognition network (.dat), which brings its contract and the template "dlib-mtcnn-150".
///   - npz and safetensors: the weights of a network that the library has, `architecture`, under its own names
///     ("inception_3a/1x1/bn/scale") or PyTorch's spelling of them ("inception_3a.1x1.bn.weight").
/// The notes of the model say which file it came from, with its SHA-256. FormatError when the file is of no known kind,
/// is damaged, or needs what this library does not have (the message names the node, and lists what there is);
/// InvalidArgument when an option is wrong or missing; IoError when the file cannot be read.
FACENET_API Model import_model(const std::filesystem::path& path, const ImportOptions& options = {});

}  // namespace facenet
