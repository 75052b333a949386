// facenet export: a model as an ONNX file.
#include <filesystem>

#include <facenet/files.hpp>
#include <facenet/model.hpp>

#include "commands.hpp"
#include "output.hpp"

namespace facenet::program {
namespace {

int export_model(const Common& common) {
  require_arguments(common, 0, 0, "no argument but -m FILE and -o FILE");
  const std::string path = model_path(common);
  if (common.output.empty()) throw UsageError("give -o FILE, the ONNX file to write");
  std::error_code error;
  if (std::filesystem::equivalent(path, common.output, error)) {
    throw UsageError("'" + printable(common.output) + "' is the model itself: give the ONNX file another name");
  }
  require_writable(common.output);
  const Model model = Model::load(path);
  model.export_onnx(common.output);

  const ModelContract& contract = model.contract();
  const std::string colour = contract.bgr ? "bgr" : "rgb";
  say(common, "wrote " + printable(common.output) + ": input [N,3," + std::to_string(contract.input_height) + "," +
                  std::to_string(contract.input_width) + "] of " + colour + " pixels 0 to 255, output [N," +
                  std::to_string(contract.embedding_size) + "]" + (contract.normalised ? " of unit length" : ""));
  if (common.json) {
    Common standard = common;
    standard.output.clear();
    Output output(standard, {Kind::text, Kind::json});
    output.object({{"model", path},
                   {"output", common.output},
                   {"operator_set", 17},
                   {"input", Json::array({"N", 3, contract.input_height, contract.input_width})},
                   {"colour", colour},
                   {"embedding_size", contract.embedding_size},
                   {"normalised", contract.normalised},
                   {"parameters", model.parameters()},
                   {"licence", model.licence()},
                   {"fingerprint", model.fingerprint()}});
    output.finish();
  }
  return kDone;
}

}  // namespace

Run setup_export(CLI::App& app, Common& common) {
  add_model_option(app, common);
  app.add_option("-o,--output", common.output, "The ONNX file to write")->type_name("FILE");
  app.add_flag("--json", common.json, "Say what was written as a JSON object, on standard output");
  return [&common] { return export_model(common); };
}

}  // namespace facenet::program
