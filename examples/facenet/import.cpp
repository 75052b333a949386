// facenet import: another framework's network as a model file.
#include <charconv>
#include <filesystem>
#include <memory>

#include <facenet/detector.hpp>
#include <facenet/files.hpp>
#include <facenet/import.hpp>

#include "commands.hpp"
#include "output.hpp"

namespace facenet::program {
namespace {

struct Import {
  ImportOptions options;
  std::string colour;
  std::string mean;
  std::string scale;
  bool raw = false;
};

// A number, or a quotient of two: 1/127.5.
float parse_number(const std::string& option, const std::string& text) {
  float result = 0;
  bool first = true;
  const auto parts = split(text, '/');
  for (const auto& part : parts) {
    float value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || parts.size() > 2) {
      throw UsageError(option + " wants numbers, like 127.5 or 1/128, not '" + printable(text) + "'");
    }
    result = first ? value : result / value;
    first = false;
  }
  return result;
}

// One number for all channels, or three: red, green, blue.
std::array<float, 3> parse_channels(const std::string& option, const std::string& text) {
  const auto parts = split(text, ',');
  if (parts.size() != 1 && parts.size() != 3) {
    throw UsageError(option + " wants one number, or three for red, green and blue, not '" + printable(text) + "'");
  }
  std::array<float, 3> channels{};
  for (std::size_t i = 0; i < 3; ++i) channels[i] = parse_number(option, parts[parts.size() == 1 ? 0 : i]);
  return channels;
}

Json shortest(const std::array<float, 3>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(number(value));
  return list;
}

std::string margin_text(const ModelContract& contract) {
  return contract.margin ? ", boxes with a margin of " + text_of(*contract.margin) + " pixels" : "";
}

// MTCNN is known, with all that these options would say.
void require_no_contract(const CLI::App& app) {
  for (const char* option : {"--template", "--colour", "--mean", "--scale", "--input-size", "--arch", "--output-name",
                             "--margin", "--raw", "--licence", "--data"}) {
    if (app.count(option) > 0) {
      throw UsageError(std::string(option) + " says nothing of the face detector MTCNN (pnet.pt): leave it out");
    }
  }
}

// MTCNN's three networks lie in three files.
int import_detector(const Common& common, const std::filesystem::path& pnet) {
  const auto folder = pnet.has_parent_path() ? pnet.parent_path() : std::filesystem::path(".");
  const Detector detector = Detector::import_mtcnn(folder);
  detector.save(common.output);
  say(common, "wrote " + printable(common.output) + ": the face detector MTCNN, licence " + detector.licence());
  if (common.json) {
    Common standard = common;
    standard.output.clear();
    Output output(standard, {Kind::text, Kind::json});
    output.object({{"file", pnet.string()},
                   {"output", common.output},
                   {"detector", "mtcnn"},
                   {"licence", detector.licence()},
                   {"data", detector.data_notes()}});
    output.finish();
  }
  return kDone;
}

int import_network(const Common& common, const Import& given, const CLI::App& app) {
  require_arguments(common, 1, 1, "the file to import");
  const std::string& path = common.arguments[0];
  if (common.output.empty()) throw UsageError("give -o FILE, the model file to write");
  const bool detector = std::filesystem::path(path).filename() == "pnet.pt";
  if (detector) require_no_contract(app);
  ImportOptions options = given.options;
  options.normalise = !given.raw;
  if (!options.template_name.empty()) {
    auto names = import_templates();
    names.emplace_back("none");
    require_name("--template", options.template_name, names);
  }
  if (!given.colour.empty()) {
    require_name("--colour", given.colour, {"rgb", "bgr"});
    options.bgr = given.colour == "bgr";
  }
  if (!given.mean.empty()) options.mean = parse_channels("--mean", given.mean);
  if (!given.scale.empty()) options.scale = parse_channels("--scale", given.scale);
  std::error_code error;
  if (std::filesystem::equivalent(path, common.output, error)) {
    throw UsageError("'" + printable(common.output) + "' is the file to import: give the model another name");
  }
  require_writable(common.output);
  if (detector) return import_detector(common, path);
  const Model model = import_model(path, options);
  model.save(common.output);

  const ModelContract& contract = model.contract();
  say(common, "wrote " + printable(common.output) + ": input " + std::to_string(contract.input_width) + "x" +
                  std::to_string(contract.input_height) + " " + (contract.bgr ? "bgr" : "rgb") + ", template " +
                  (contract.template_points ? contract.template_name : "none") + margin_text(contract) + ", " +
                  std::to_string(contract.embedding_size) + " numbers" +
                  (contract.normalised ? " of unit length" : "") + ", " + grouped(model.parameters()) +
                  " parameters, fingerprint " + model.fingerprint().substr(0, 16));
  if (!contract.template_points && !contract.margin && options.template_name.empty()) {
    warn(common,
         "no --template: faces will be cropped from the centre of photographs, not aligned. Networks for aligned "
         "faces of 112x112 pixels want --template arcface-112 (or say none)");
  }
  if (model.licence().empty()) warn(common, "no --licence: say under which terms the weights may be used");
  if (common.json) {
    Common standard = common;
    standard.output.clear();
    Output output(standard, {Kind::text, Kind::json});
    output.object({{"file", path},
                   {"output", common.output},
                   {"input",
                    {{"width", contract.input_width},
                     {"height", contract.input_height},
                     {"colour", contract.bgr ? "bgr" : "rgb"},
                     {"mean", shortest(contract.mean)},
                     {"scale", shortest(contract.scale)}}},
                   {"template", contract.template_points ? Json(contract.template_name) : Json()},
                   {"margin", contract.margin ? number(*contract.margin) : Json()},
                   {"embedding_size", contract.embedding_size},
                   {"normalised", contract.normalised},
                   {"parameters", model.parameters()},
                   {"licence", model.licence()},
                   {"data", model.data_notes()},
                   {"fingerprint", model.fingerprint()}});
    output.finish();
  }
  return kDone;
}

}  // namespace

Run setup_import(CLI::App& app, Common& common) {
  const auto given = std::make_shared<Import>();
  ImportOptions& options = given->options;
  app.add_option("-o,--output", common.output, "The model file to write")->type_name("FILE");
  app.add_option("--template", options.template_name, "How faces are aligned: arcface-112, dlib-mtcnn-150 or none")
      ->type_name("NAME");
  app.add_option("--margin", options.margin,
                 "Faces are not aligned, but cut out along the detector's box with so many pixels of the input around "
                 "it, left and right together (facenet-pytorch: 0, or what its MTCNN was given)")
      ->type_name("PIXELS");
  app.add_option("--colour,--color", given->colour, "Order of the network's channels: rgb or bgr (rgb)")
      ->type_name("ORDER");
  app.add_option("--mean", given->mean, "Subtracted from values 0 to 255, unless the network does it itself")
      ->type_name("R,G,B");
  app.add_option("--scale", given->scale, "Multiplied with after that, like 1/128, unless the network does it itself")
      ->type_name("S");
  app.add_option("--input-size", options.input_size, "Side of the input in pixels, where the file leaves it open")
      ->type_name("N");
  app.add_option("--arch", options.architecture, "The network, where the file holds weights alone (npz, safetensors)")
      ->type_name("ARCH");
  app.add_option("--output-name", options.output, "The embedding among the file's outputs (the first)")
      ->type_name("NAME");
  app.add_flag("--raw", given->raw, "Leave embeddings as they are, not of unit length");
  app.add_option("--licence,--license", options.licence, "Terms of the weights")->type_name("TEXT");
  app.add_option("--data", options.data_notes, "What the weights were trained on")->type_name("TEXT");
  app.add_flag("--json", common.json, "Say what was written as a JSON object, on standard output");
  return [given, &common, &app] { return import_network(common, *given, app); };
}

}  // namespace facenet::program
