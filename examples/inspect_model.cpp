// Model: loads a model file and shows what it expects, what it promises, and what it is made of.
//
//   example_inspect_model [MODEL]               without a model: makes one, with weights that have learnt nothing
#include <facenet/facenet.hpp>

#include <cstdio>
#include <filesystem>
#include <string>

namespace {

// "1x64x16x16"
std::string text(const std::vector<std::int64_t>& shape) {
  std::string result;
  for (const auto side : shape) result += (result.empty() ? "" : "x") + std::to_string(side);
  return result;
}

}  // namespace

int main(int argc, char** argv) try {
  std::filesystem::path path = argc > 1 ? argv[1] : "example_inspect_model.fnm";
  if (argc == 1) facenet::Model::create("tiny", {.embedding_size = 64, .seed = 5}).save(path);

  // A model is a handle: copies share the weights. It never changes, so any number of threads may use it.
  const facenet::Model model = facenet::Model::load(path);
  if (argc == 1) std::filesystem::remove(path);

  // The contract: all that an image must be, and all that is done to it. No argument of a caller changes a result.
  const facenet::ModelContract& contract = model.contract();
  std::printf("network      %s\n", model.architecture().empty() ? "imported" : model.architecture().c_str());
  std::printf("input        %d x %d pixels, %s\n", contract.input_width, contract.input_height,
              contract.template_points ? ("aligned to " + contract.template_name).c_str() : "centre crop");
  std::printf("embedding    %d numbers%s\n", contract.embedding_size, contract.normalised ? ", unit length" : "");
  std::printf("fingerprint  %s\n", model.fingerprint().c_str());
  std::printf("licence      %s\n", model.licence().empty() ? "not stated" : model.licence().c_str());

  // A threshold is there once pairs of known truth have been looked at: see verify_two.cpp.
  if (const auto& calibration = model.calibration()) {
    std::printf("threshold    %.4f, from %s\n", static_cast<double>(calibration->threshold), calibration->data.c_str());
  } else {
    std::printf("threshold    none: not calibrated\n");
  }

  std::printf("\n%-28s %-16s %-14s %8s %12s %14s\n", "layer", "kind", "output", "kernel", "parameters",
              "multiply-adds");
  for (const facenet::LayerInfo& layer : model.layers()) {
    std::printf("%-28s %-16s %-14s %8s %12lld %14lld\n", layer.name.c_str(), layer.kind.c_str(),
                text(layer.shape).c_str(), layer.kernel.c_str(), static_cast<long long>(layer.parameters),
                static_cast<long long>(layer.multiply_adds));
  }
  std::printf("%lld parameters, %lld multiply-adds for one image\n", static_cast<long long>(model.parameters()),
              static_cast<long long>(model.multiply_adds()));
  return 0;
} catch (const facenet::FormatError& error) {  // no model file, or a damaged one
  std::fprintf(stderr, "this is not a model to trust: %s\n", error.what());
  return 1;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
