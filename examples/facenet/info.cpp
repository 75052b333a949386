// facenet info: the program and the machine; a network's or a model file's table and contract.
#include <algorithm>
#include <memory>

#include <facenet/files.hpp>
#include <facenet/runtime.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"
#include "network.hpp"
#include "output.hpp"

namespace facenet::program {
namespace {

struct Options {
  Network network;
  bool plan = false;
  bool measure = false;
  int batch = 1;
  std::string precision = "f32";
};

int show_system(const Common& common) {
  const SystemInfo system = system_info();
  Output output(common, {Kind::text, Kind::json});
  output.single();
  if (output.json()) {
    output.object({{"version", version()},
                   {"build", build_description()},
                   {"onednn", system.onednn},
                   {"isa", system.isa},
                   {"native_bf16", system.native_bf16},
                   {"native_f16", system.native_f16},
                   {"native_int8", system.native_int8},
                   {"threads", common.threads}});
  } else {
    output.write("version  " + std::string(version()) + "\nbuild    " + build_description() + "\noneDNN   " +
                 system.onednn + "\nISA      " + system.isa + "\nthreads  " + std::to_string(common.threads) + "\n");
  }
  output.finish();
  return kDone;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  // [1,C,H,W] as HxWxC, the way the paper's tables write it.
  if (shape.size() != 4) return std::to_string(shape.back());
  return std::to_string(shape[2]) + "x" + std::to_string(shape[3]) + "x" + std::to_string(shape[1]);
}

Json floats(std::span<const float> values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(number(value));
  return list;
}

std::string joined(std::span<const float> values) {
  std::string text;
  for (const float value : values) text += (text.empty() ? "" : ", ") + text_of(value);
  return text;
}

std::string calibration_text(const Calibration& c) {
  return "threshold " + text_of(c.threshold) + (c.far ? ", for FAR " + text_of(*c.far) : ", for most right answers") +
         "; from " + grouped(c.same_pairs) + " same and " + grouped(c.different_pairs) + " different pairs" +
         (c.people > 0 ? " of " + grouped(c.people) + " people: " : ": ") + c.data +
         (c.norm ? "; reference norm " + text_of(*c.norm) : "");
}

Json calibration_json(const Calibration& c) {
  Json json{{"threshold", number(c.threshold)},
            {"far", c.far ? Json(*c.far) : Json()},
            {"data", c.data},
            {"same_pairs", c.same_pairs},
            {"different_pairs", c.different_pairs},
            {"people", c.people},
            {"norm", c.norm ? number(*c.norm) : Json()},
            {"points", Json::array()}};
  const auto interval = [](const std::optional<Interval>& of) { return of ? Json{of->low, of->high} : Json(); };
  for (const auto& point : c.points) {
    json["points"].push_back({{"far", point.far},
                              {"far_interval", interval(point.far_interval)},
                              {"threshold", number(point.threshold)},
                              {"val", point.val},
                              {"val_interval", interval(point.val_interval)},
                              {"false_accepts", point.false_accepts}});
  }
  return json;
}

Json model_json(const Model& model) {
  const ModelContract& contract = model.contract();
  Json json{{"architecture", model.architecture()},
            {"parameters", model.parameters()},
            {"multiply_adds", model.multiply_adds()},
            {"layers", Json::array()},
            {"input",
             {{"width", contract.input_width},
              {"height", contract.input_height},
              {"colour", contract.bgr ? "bgr" : "rgb"},
              {"mean", floats(contract.mean)},
              {"scale", floats(contract.scale)},
              {"template", contract.template_points ? Json(contract.template_name) : Json()},
              {"template_points", contract.template_points ? floats(*contract.template_points) : Json()},
              {"margin", contract.margin ? number(*contract.margin) : Json()},
              {"crop", number(contract.crop_fraction)}}},
            {"embedding_size", contract.embedding_size},
            {"normalised", contract.normalised},
            {"licence", model.licence()},
            {"data", model.data_notes()},
            {"fingerprint", model.fingerprint()},
            {"calibration", model.calibration() ? calibration_json(*model.calibration()) : Json()}};
  if (const auto& int8 = model.int8()) {
    json["int8"] = {{"images", int8->images}, {"data", int8->data}, {"cosine", int8->cosine}, {"in_f32", int8->in_f32}};
  }
  for (const auto& layer : model.layers()) {
    json["layers"].push_back({{"name", layer.name},
                              {"kind", layer.kind},
                              {"output", layer.shape},
                              {"kernel", layer.kernel},
                              {"parameters", layer.parameters},
                              {"multiply_adds", layer.multiply_adds}});
  }
  if (!model.training_notes().empty()) json["training"] = Json::parse(model.training_notes(), nullptr, false);
  return json;
}

// The paper's table; a column that is empty in every row is left out.
std::string network_text(const Model& model) {
  const auto blank = [](std::int64_t n) { return n == 0 ? std::string() : grouped(n); };
  std::vector<std::string> titles{"layer",         "kind",        "output",       "depth",       "kernel",
                                  "#1x1",          "#3x3 reduce", "#3x3",         "#5x5 reduce", "#5x5",
                                  "pool proj (p)", "parameters",  "multiply-adds"};
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : model.table()) {
    rows.push_back({row.name, row.kind, shape_text(row.shape), blank(row.depth), row.kernel, row.conv1x1, row.reduce3x3,
                    row.conv3x3, row.reduce5x5, row.conv5x5, row.pool, blank(row.parameters),
                    blank(row.multiply_adds)});
  }
  std::vector<std::string> total(titles.size());
  total.front() = "total";
  total[titles.size() - 2] = grouped(model.parameters());
  total.back() = grouped(model.multiply_adds());
  rows.push_back(std::move(total));
  for (std::size_t c = titles.size(); c-- > 0;) {
    if (std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return !row[c].empty(); })) continue;
    const auto column = static_cast<std::ptrdiff_t>(c);
    titles.erase(titles.begin() + column);
    for (auto& row : rows) row.erase(row.begin() + column);
  }
  return table(titles, rows, 2);
}

std::string model_text(const Model& model) {
  const ModelContract& contract = model.contract();
  std::string text = network_text(model);

  std::string faces = "the centre: " + text_of(contract.crop_fraction * 100) + " % of the largest part that fits";
  if (contract.template_points) {
    faces = "aligned to '" + contract.template_name + "' by landmarks, else " + faces;
  } else if (contract.margin) {
    faces = "cut out along a detector's box, a margin of " + text_of(*contract.margin) + " pixels, else " + faces;
  }
  const auto known = [](const std::string& words) { return words.empty() ? std::string("not said") : words; };
  std::vector<std::vector<std::string>> contract_rows{
      {"input", std::to_string(contract.input_width) + "x" + std::to_string(contract.input_height) + ", " +
                    (contract.bgr ? "BGR" : "RGB")},
      {"mean", joined(contract.mean)},
      {"scale", joined(contract.scale)},
      {"faces", faces},
      {"embedding",
       std::to_string(contract.embedding_size) + " numbers" + (contract.normalised ? ", unit length" : "")},
      {"licence", known(model.licence())},
      {"data", known(model.data_notes())},
      {"calibration", model.calibration() ? calibration_text(*model.calibration()) : "none"},
      {"int8", model.int8() ? int8_text(*model.int8()) : "not prepared"},
      {"fingerprint", model.fingerprint()}};
  text += "\n";
  for (auto& row : contract_rows) {
    row[0].resize(13, ' ');
    text += row[0] + row[1] + "\n";
  }
  return text;
}

int show_model(const Common& common, const Options& options) {
  if (options.batch < 1 || options.batch > 1024) throw UsageError("--batch wants a number from 1 to 1024");
  if (!common.model.empty()) {
    require_arguments(common, 0, 0, "a network or -m, not both");
  } else if (const std::string& name = common.arguments[0];
             nearest_name(name, Model::architectures()).empty() && std::filesystem::is_regular_file(name)) {
    throw UsageError("a model file goes after -m: facenet info -m " + printable(name));
  }
  const Model model =
      common.model.empty() ? create(common.arguments[0], options.network, common.seed) : Model::load(common.model);
  Output output(common, {Kind::text, Kind::json});
  output.single();
  std::string plan;
  if (options.measure && !options.plan) throw UsageError("--measure goes with --plan");
  if (options.plan) {
    const Precision precision = precision_of(options.precision);
    plan =
        prepared_for(precision, model, common).describe_plan(options.batch, common.threads, precision, options.measure);
  }
  if (output.json()) {
    Json json = model_json(model);
    if (options.plan) json["plan"] = plan;
    output.object(std::move(json));
  } else {
    output.write(for_terminal(model_text(model)));
    if (options.plan)
      output.write("\nplan for a batch of " + std::to_string(options.batch) + ", " + options.precision + "\n" + plan);
  }
  output.finish();
  return kDone;
}

}  // namespace

Run setup_info(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  add_network_options(app, options->network);
  app.add_flag("--plan", options->plan, "The compiled steps too: implementations, layouts, memory");
  app.add_flag("--measure", options->measure, "With --plan: run it, and say what each step takes");
  app.add_option("--batch", options->batch, "Batch size of the plan (1)")->type_name("N");
  app.add_option("--precision", options->precision, "The plan's: f32 (default), bf16, f16, int8, automatic")
      ->type_name("NAME");
  add_seed_option(app, common);
  add_output_options(app, common, "Write to this file: .txt, .json", false);
  return [options, &common] {
    require_arguments(common, 0, 1, "nothing, a network (" + architecture_list() + ") or -m FILE");
    return common.arguments.empty() && common.model.empty() ? show_system(common) : show_model(common, *options);
  };
}

}  // namespace facenet::program
