// Photographs to embeddings, as every command that takes INPUT does it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <facenet/dataset.hpp>
#include <facenet/embedder.hpp>

#include "detection.hpp"
#include "inputs.hpp"
#include "journal.hpp"
#include "output.hpp"

namespace facenet::program {

/// A face in a photograph. Where nothing detects, each photograph has one, number 0.
struct Face {
  Input input;
  std::size_t number = 0;      ///< of those in the photograph
  std::array<float, 4> box{};  ///< x1, y1, x2, y2: the detector's, or the part of the photograph that the network saw
  std::optional<Landmarks> landmarks{};
  std::optional<DetectedFace> found{};  ///< where a detector has found it
  float norm = 0;                       ///< of its embedding, before normalisation (Embedder::norms)
};

Face face_of(const Input& input, std::size_t number, const DetectedFace& found);

struct Faces {
  std::vector<Face> faces;
  Embeddings embeddings;  ///< a row for each face
};

struct FaceOptions {
  std::string landmarks;                 ///< CSV; without it and without a detector photographs are centre-cropped
  std::optional<LandmarkTable> table{};  ///< in the place of a file of landmarks
  DetectionOptions detection{};
  bool flip = false;
  int batch = 32;
  std::string precision = "f32";
  bool scaled_decoding = false;
  std::optional<float> minimum_quality{};  ///< of the faces that are given
  Degradation degradation{};               ///< of the faces, after alignment
};

/// --detector and how it detects, --landmarks; `faces` of each photograph where nothing else is asked.
void add_source_options(CLI::App& app, FaceOptions& options, const std::string& faces = "all");
/// The same and --flip, --batch, --precision.
void add_face_options(CLI::App& app, FaceOptions& options, const std::string& faces = "all");

/// --minimum-quality.
void add_quality_option(CLI::App& app, FaceOptions& options);

/// Finds an input's landmarks in a table that names files relative to a folder which need not be the one given: by the
/// input's name below its folder, then by the longest end of its path that the table has.
const Landmarks* find_landmarks(const LandmarkTable& table, const Input& input);

/// The landmarks to align by: none when the options name no file. Warns where the model's contract and the options do
/// not fit.
std::optional<LandmarkTable> landmarks_for(const Common& common, const Model& model, const FaceOptions& options);

/// Aligned or cut out, as the model's contract says, by what a detector finds (given with --detector; or of
/// $FACENET_DETECTOR, where there is no table of landmarks); aligned by the table of landmarks; or cut from the centre.
/// What cannot be read, or has no face (of the minimum quality) or landmarks, goes to `failures`. Interrupted after
/// Ctrl-C; with a journal, the same command goes on then.
Faces embed_inputs(const Common& common, const Model& model, const std::vector<Input>& inputs,
                   const FaceOptions& options, Failures& failures, Journal* journal = nullptr);

/// The input of the network for one face, to be shown.
Image picture_of(const Embedder& embedder, const Face& face);

/// Columns file, face, x1 ... y2, ten of landmarks, quality and what it is made of, flags; and a face's values for
/// them, empty where nothing is known.
std::vector<std::string> face_columns();
std::vector<std::string> face_row(const Face& face);
/// The same as an object, without what is not known.
Json face_json(const Face& face);

}  // namespace facenet::program
