// facenet quantise: a model prepared for int8, measured on the user's own faces.
#include <algorithm>
#include <memory>

#include <facenet/files.hpp>
#include <facenet/runtime.hpp>

#include "commands.hpp"
#include "faces.hpp"
#include "network.hpp"
#include "output.hpp"

namespace facenet::program {
namespace {

int quantise(const Common& common, const FaceOptions& options) {
  if (common.output.empty()) throw UsageError("give -o FILE, the model file to write");
  require_writable(common.output);
  const Model model = Model::load(model_path(common));
  Failures failures;
  const auto inputs = expand_inputs(common, failures);
  // Of many photographs some: every so many, that all folders have their share.
  constexpr std::size_t kMost = 256;
  std::vector<Input> some;
  const std::size_t used = std::min(kMost, inputs.size());
  for (std::size_t i = 0; i < used; ++i) some.push_back(inputs[i * inputs.size() / used]);
  const std::size_t total = some.size() + failures.size();
  const Faces found = embed_inputs(common, model, some, options, failures);
  const Embedder embedder(model, {.threads = common.threads});
  std::vector<Image> faces;
  for (const Face& face : found.faces) {
    if (faces.size() < 1024) faces.push_back(picture_of(embedder, face));
  }
  if (faces.empty()) return failures.report(total);
  set_threads(common.threads);
  const Model prepared = model.with_int8(
      faces, grouped(static_cast<std::int64_t>(faces.size())) + " faces of '" + printable(common.arguments[0]) + "'");
  prepared.save(common.output);
  say(common, "wrote " + printable(common.output) + ": for --precision int8; " + int8_text(*prepared.int8()));
  return failures.report(total);
}

}  // namespace

Run setup_quantise(CLI::App& app, Common& common) {
  const auto options = std::make_shared<FaceOptions>();
  add_model_option(app, common);
  add_source_options(app, *options);
  app.add_option("-o,--output", common.output, "The model file to write")->type_name("FILE");
  return [options, &common] { return quantise(common, *options); };
}

}  // namespace facenet::program
