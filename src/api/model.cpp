// Model: the public handle over graph, contract and plans.
#include <facenet/model.hpp>

#include <algorithm>

#include <facenet/error.hpp>

#include <facenet/embedder.hpp>

#include "api/int8_json.hpp"
#include "api/model_access.hpp"
#include "api/network_table.hpp"
#include "base/files.hpp"
#include "io/json.hpp"
#include "io/onnx_export.hpp"
#include "metric/calibration.hpp"
#include "models/architectures.hpp"

namespace facenet {
namespace {

ModelContract contract_of(const ModelData& data) {
  const ImageInput input = image_input_of(data.graph);
  return {.input_width = input.width,
          .input_height = input.height,
          .mean = input.mean,
          .scale = input.scale,
          .bgr = input.bgr,
          .template_points = data.contract.template_points,
          .template_name = data.contract.template_name,
          .margin = data.contract.margin,
          .crop_fraction = data.contract.crop_fraction,
          .embedding_size = static_cast<int>(data.graph.output_shape()[1]),
          .normalised = is_normalised(data.graph)};
}

std::optional<Calibration> calibration_of(const ModelData& data) {
  if (data.calibration.empty()) return std::nullopt;
  return calibration_from_json(parse_json(data.calibration, "the model's calibration"));
}

std::optional<Int8Calibration> int8_of(const ModelData& data) {
  if (data.int8.empty()) return std::nullopt;
  return int8_from_json(parse_json(data.int8, "the model's int8 ranges"));
}

Int8Info int8_info_of(const Int8Calibration& c) {
  return {c.images, c.data, c.cosine, {c.ranges.in_f32.begin(), c.ranges.in_f32.end()}};
}

}  // namespace

Model::Impl::Impl(ModelData model, std::string known_fingerprint)
    : data(std::move(model)),
      contract(contract_of(data)),
      calibration(calibration_of(data)),
      int8(int8_of(data)),
      int8_info(int8 ? std::optional(int8_info_of(*int8)) : std::nullopt),
      plans(data.graph, int8 ? std::optional(int8->ranges) : std::nullopt),
      fingerprint_(std::move(known_fingerprint)) {}

const std::string& Model::Impl::fingerprint() const {
  std::call_once(once_, [&] {
    if (fingerprint_.empty()) fingerprint_ = fingerprint_of(data);
  });
  return fingerprint_;
}

Model make_model(ModelData data, std::string known_fingerprint) {
  return Model(std::make_shared<const Model::Impl>(std::move(data), std::move(known_fingerprint)));
}

Model Model::load(const std::filesystem::path& path) {
  LoadedModel loaded = load_model(path);
  try {
    return make_model(std::move(loaded.model), std::move(loaded.fingerprint));
  } catch (const FormatError& error) {
    throw FormatError("'" + printable(path) + "': " + error.what());
  }
}

Model Model::create(std::string_view architecture, const NetworkOptions& options) {
  const models::ArchitectureOptions inner{.norm = options.norm == NetworkNorm::lrn ? nn::Norm::lrn : nn::Norm::batch,
                                          .embedding_size = options.embedding_size,
                                          .seed = options.seed,
                                          .dropout = options.dropout};
  Graph graph = models::make_architecture(architecture, inner);
  ModelData data{.graph = std::move(graph), .architecture = std::string(architecture)};
  data.data_notes = "untrained: initial weights of seed " + std::to_string(options.seed);
  return make_model(std::move(data));
}

std::vector<std::string> Model::architectures() {
  const auto names = models::architecture_names();
  return {names.begin(), names.end()};
}

void Model::save(const std::filesystem::path& path) const { save_model(path, impl_->data); }

void Model::export_onnx(const std::filesystem::path& path) const {
#ifdef FACENET_HAVE_ONNX
  facenet::export_onnx(path, impl_->data, fingerprint());
#else
  throw InvalidArgument(
      "cannot write '" + printable(path) +
      "': this build of FaceNetLib has no ONNX. Install protobuf and ONNX's onnx.proto (Debian: libprotobuf-dev "
      "protobuf-compiler libonnx-dev) and build with -DFACENET_WITH_ONNX=ON");
#endif
}

const ModelContract& Model::contract() const { return impl_->contract; }
const std::string& Model::architecture() const { return impl_->data.architecture; }
const std::string& Model::licence() const { return impl_->data.licence; }
const std::string& Model::data_notes() const { return impl_->data.data_notes; }
const std::string& Model::training_notes() const { return impl_->data.training; }
std::size_t Model::trained_people() const { return impl_->data.people.size(); }
bool Model::trained_on(std::string_view person) const {
  return std::binary_search(impl_->data.people.begin(), impl_->data.people.end(), person_key(person));
}
const std::string& Model::fingerprint() const { return impl_->fingerprint(); }
std::int64_t Model::parameters() const { return impl_->data.graph.parameter_count(); }
std::int64_t Model::multiply_adds() const { return impl_->data.graph.multiply_adds(); }

std::vector<LayerInfo> Model::layers() const { return layers_of(impl_->data.graph); }
std::vector<TableRow> Model::table() const { return table_of(impl_->data.graph); }

std::string Model::describe_plan(int batch, int threads, Precision precision, bool timed) const {
  const auto plan = impl_->plans.get(batch, threads, precision, Choice::fixed);
  if (!timed) return plan->describe();
  constexpr int kRuns = 20;
  return plan->describe(Context(plan).step_seconds(kRuns));
}

const std::optional<Calibration>& Model::calibration() const { return impl_->calibration; }

Model Model::with_calibration(const std::optional<Calibration>& calibration) const {
  ModelData data = impl_->data;
  data.calibration = calibration ? json_text(calibration_to_json(*calibration)) : std::string();
  return make_model(std::move(data), impl_->fingerprint());
}

const std::optional<Int8Info>& Model::int8() const { return impl_->int8_info; }

Model Model::with_int8(std::span<const Image> faces, const std::string& data_text) const {
  const Embedder embedder(*this);
  std::vector<std::uint8_t> bytes;
  for (const Image& face : faces) {
    const Image prepared = embedder.prepare(face);
    bytes.insert(bytes.end(), prepared.pixels().begin(), prepared.pixels().end());
  }
  Int8Calibration calibration = calibrate_int8(passes::optimised(impl_->data.graph), bytes);
  calibration.data = data_text;
  ModelData data = impl_->data;
  data.int8 = json_text(int8_to_json(calibration));
  return make_model(std::move(data), impl_->fingerprint());
}

Model Model::with_notes(const std::string& licence, const std::string& data_notes) const {
  ModelData data = impl_->data;
  data.licence = licence;
  data.data_notes = data_notes;
  return make_model(std::move(data), impl_->fingerprint());
}

}  // namespace facenet
