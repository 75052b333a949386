// dlib's face recognition network (King 2017, `dnn_face_recognition_ex`): a ResNet of 29 convolutions whose shortcuts
// have no weights. Where a block halves the map, the shortcut is its average over 2x2 pixels; the smaller of shortcut
// and block is filled up with zeros, in channels, rows and columns.
#include <algorithm>

#include "models/heads.hpp"
#include "ops/arithmetic.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/pad.hpp"
#include "ops/relu.hpp"

namespace facenet::models {
namespace {

struct Level {
  std::string name;
  std::int64_t channels;
  std::int64_t blocks;  ///< each of two 3x3 convolutions
  bool halves;          ///< the first block's first convolution has stride 2
};

class Residual final : public Module {
 public:
  /// `pool`: what the shortcut goes through; null for the input itself.
  Residual(std::string name, nn::ModulePtr body, nn::ModulePtr pool)
      : name_(std::move(name)), body_(std::move(body)), pool_(std::move(pool)) {}

  Variable forward(Recorder& recorder, Variable input) const override {
    const Variable body = body_->forward(recorder, input);
    const Variable shortcut = pool_ ? pool_->forward(recorder, input) : input;
    const Shape a = recorder.shape(body);
    const Shape b = recorder.shape(shortcut);
    const Shape both{a[0], std::max(a[1], b[1]), std::max(a[2], b[2]), std::max(a[3], b[3])};
    const Variable sources[] = {filled(recorder, name_ + "/shortcut", shortcut, both),
                                filled(recorder, name_ + "/body", body, both)};
    const Variable sum[] = {
        recorder.apply(name_ + "/add", std::make_shared<Arithmetic>(Arithmetic::Kind::add), sources)};
    return recorder.apply(name_ + "/relu", std::make_shared<Relu>(), sum);
  }

 private:
  static Variable filled(Recorder& recorder, const std::string& name, Variable variable, const Shape& to) {
    const Shape from = recorder.shape(variable);
    if (from == to) return variable;
    const Pad::Parameters fill{.pad_end = {to[2] - from[2], to[3] - from[3]}, .channels = {0, to[1] - from[1]}};
    return recorder.apply(name, std::make_shared<Pad>(fill), std::span(&variable, 1));
  }

  std::string name_;
  nn::ModulePtr body_;
  nn::ModulePtr pool_;
};

nn::ModulePtr pool(const std::string& name, Pool::Kind kind, std::int64_t window) {
  return std::make_shared<nn::Layer>(
      name, std::make_shared<Pool>(kind, Pool::Parameters{.window = {window, window}, .stride = {2, 2}}));
}

nn::ModulePtr block(nn::Builder& builder, const std::string& name, std::int64_t inputs, std::int64_t outputs,
                    bool halves) {
  const Convolution::Parameters same{.pad_begin = {1, 1}, .pad_end = {1, 1}};
  Convolution::Parameters first = same;
  if (halves) first = {.stride = {2, 2}};
  first.relu = true;
  const auto body = nn::sequential({builder.conv(name + "/conv1", inputs, outputs, 3, first),
                                    builder.conv(name + "/conv2", outputs, outputs, 3, same)});
  return std::make_shared<Residual>(name, body, halves ? pool(name + "/pool", Pool::Kind::average, 2) : nullptr);
}

}  // namespace

Graph dlib_resnet(const ArchitectureOptions& options) {
  const std::array<std::int64_t, 2> size{150, 150};
  // clang-format off
  const Level table[] = {
  //  name     channels blocks halves
    {"level4",    32,     3,   false},
    {"level3",    64,     4,   true},
    {"level2",   128,     3,   true},
    {"level1",   256,     3,   true},
    {"level0",   256,     1,   true},
  };
  // clang-format on
  nn::Builder builder(options.norm, options.seed);
  const ImageToTensor::Parameters image{.mean = {122.782F, 117.001F, 104.298F},
                                        .scale = {1.0F / 256, 1.0F / 256, 1.0F / 256}};
  std::int64_t channels = 32;
  std::vector<nn::ModulePtr> layers{std::make_shared<nn::Layer>("input", std::make_shared<ImageToTensor>(image)),
                                    builder.conv("conv1", 3, channels, 7, {.stride = {2, 2}, .relu = true}),
                                    pool("pool1", Pool::Kind::maximum, 3)};
  for (const auto& level : table) {
    for (std::int64_t i = 0; i < level.blocks; ++i) {
      const std::string name = level.name + "_" + std::to_string(i + 1);
      layers.push_back(block(builder, name, channels, level.channels, level.halves && i == 0));
      channels = level.channels;
    }
  }
  layers.push_back(nn::global_average_pool("average_pool"));
  if (options.dropout > 0) layers.push_back(nn::dropout("dropout", options.dropout, 1));
  layers.push_back(builder.linear("embedding", channels, options.embedding_size, false));
  layers.push_back(nn::l2_normalize("l2"));
  return trace(nn::Sequential(std::move(layers)), image_shape(options, size));
}

}  // namespace facenet::models
