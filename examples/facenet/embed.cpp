// facenet embed: photographs of faces into embeddings.
#include <memory>

#include <facenet/files.hpp>

#include "commands.hpp"
#include "faces.hpp"

namespace facenet::program {
namespace {

void write_rows(Output& output, const Faces& faces) {
  if (output.csv()) {
    auto columns = face_columns();
    for (std::size_t i = 0; i < faces.embeddings.dimension; ++i) columns.push_back("e" + std::to_string(i));
    output.row(columns);
  }
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const auto embedding = faces.embeddings[i];
    if (output.csv()) {
      auto row = face_row(faces.faces[i]);
      for (const float value : embedding) row.push_back(text_of(value));
      output.row(row);
    } else {
      Json json = face_json(faces.faces[i]);
      auto& list = json["embedding"] = Json::array();
      for (const float value : embedding) list.push_back(number(value));
      output.object(std::move(json));
    }
  }
  output.finish();
}

int embed(const Common& common, const FaceOptions& options) {
  if (common.output.empty() && !common.json && !common.csv) {
    throw UsageError("where to? Give -o F.npy (or .jsonl, .csv), or --json or --csv for standard output");
  }
  Output output(common, {Kind::npy, Kind::json, Kind::csv});
  const auto beside = csv_beside(common.output);
  if (output.kind() == Kind::npy) require_writable(beside);
  const Model model = Model::load(model_path(common));
  Failures failures;
  const auto inputs = expand_inputs(common, failures);
  const std::size_t total = inputs.size() + failures.size();
  const Faces faces = embed_inputs(common, model, inputs, options, failures);
  if (faces.faces.empty()) return failures.report(total);  // nothing to write
  if (output.kind() == Kind::npy) {
    std::string table = csv_row(face_columns());
    for (const auto& face : faces.faces) table += csv_row(face_row(face));
    write_npy(common.output, faces.embeddings, beside, table);
    say(common, "wrote " + printable(common.output) + ": " + grouped(static_cast<std::int64_t>(faces.faces.size())) +
                    " embeddings of " + std::to_string(faces.embeddings.dimension) +
                    " numbers; which is whose: " + printable(beside));
  } else {
    write_rows(output, faces);
  }
  return failures.report(total);
}

}  // namespace

Run setup_embed(CLI::App& app, Common& common) {
  const auto options = std::make_shared<FaceOptions>();
  add_model_option(app, common);
  add_face_options(app, *options);
  add_output_options(app, common, "Write to this file: .npy (with a .csv beside it), .json, .jsonl, .csv");
  return [options, &common] { return embed(common, *options); };
}

}  // namespace facenet::program
