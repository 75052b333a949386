// facenet embed: photographs of faces into embeddings.
#include <memory>

#include <facenet/codes.hpp>
#include <facenet/files.hpp>

#include "commands.hpp"
#include "embedded_faces.hpp"

namespace facenet::program {
namespace {

std::vector<std::string> columns_of_row() {
  auto columns = face_columns();
  columns.emplace_back("norm");
  return columns;
}

std::vector<std::string> row_of(const Face& face) {
  auto row = face_row(face);
  row.push_back(text_of(face.norm));
  return row;
}

void write_rows(Output& output, const Faces& faces) {
  if (output.csv()) {
    auto columns = columns_of_row();
    for (std::size_t i = 0; i < faces.embeddings.dimension; ++i) columns.push_back("e" + std::to_string(i));
    output.row(columns);
  }
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const auto embedding = faces.embeddings[i];
    if (output.csv()) {
      auto row = row_of(faces.faces[i]);
      for (const float value : embedding) row.push_back(text_of(value));
      output.row(row);
    } else {
      Json json = face_json(faces.faces[i]);
      json["norm"] = number(faces.faces[i].norm);
      auto& list = json["embedding"] = Json::array();
      for (const float value : embedding) list.push_back(number(value));
      output.object(std::move(json));
    }
  }
  output.finish();
}

struct Options {
  FaceOptions faces;
  std::string codes;
  std::string codes_from;
};

// Codes, calibrated on known embeddings, or on those to be written.
CodedEmbeddings coded(const Options& options, const Embeddings& embeddings) {
  const Codec codec = options.codes_from.empty() ? Codec::calibrate(embeddings, options.codes)
                                                 : Codec::calibrate(face_embeddings(options.codes_from), options.codes);
  return {codec, codec.encode(embeddings)};
}

int embed(const Common& common, const Options& options) {
  if (common.output.empty() && !common.json && !common.csv) {
    throw UsageError("where to? Give -o F.npy (or .jsonl, .csv), or --json or --csv for standard output");
  }
  Output output(common, {Kind::npy, Kind::npz, Kind::json, Kind::csv});
  const auto beside = csv_beside(common.output);
  if (!options.codes.empty() && output.kind() != Kind::npy) throw UsageError("--codes are written to -o F.npy only");
  if (options.codes.empty() && !options.codes_from.empty()) throw UsageError("--codes-from needs --codes FORM");
  if (!options.codes.empty()) {
    Codec::require_form(options.codes);
    require_writable(codec_beside(common.output));
  }
  if (output.kind() == Kind::npy) require_writable(beside);
  const Model model = Model::load(model_path(common));
  Failures failures;
  const auto inputs = expand_inputs(common, failures);
  const std::size_t total = inputs.size() + failures.size();
  Journal journal(common, common.output);
  Faces faces = embed_inputs(common, model, inputs, options.faces, failures, &journal);
  if (faces.faces.empty()) {  // nothing to write
    journal.finish();
    return failures.report(total);
  }
  if (output.kind() == Kind::npy) {
    std::string table = csv_row(columns_of_row());
    for (const auto& face : faces.faces) table += csv_row(row_of(face));
    std::string size = std::to_string(faces.embeddings.dimension) + " numbers";
    if (options.codes.empty()) {
      write_npy(common.output, faces.embeddings, beside, table);
    } else {
      const CodedEmbeddings codes = coded(options, faces.embeddings);
      write_codes(common.output, codes, beside, table);
      size =
          std::to_string(codes.codes.bytes) + " bytes, whose meaning is in " + printable(codec_beside(common.output));
    }
    say(common, "wrote " + printable(common.output) + ": " + grouped(static_cast<std::int64_t>(faces.faces.size())) +
                    " embeddings of " + size + "; which is whose: " + printable(beside));
  } else if (output.kind() == Kind::npz) {
    NamedEmbeddings named{std::move(faces.embeddings)};
    for (const Face& face : faces.faces) {
      named.files.push_back(face.input.path.string());
      named.faces.push_back(static_cast<std::int64_t>(face.number));
      named.norms.push_back(face.norm);
    }
    write_npz(common.output, named);
    say(common, "wrote " + printable(common.output) + ": " + grouped(static_cast<std::int64_t>(named.files.size())) +
                    " embeddings with file and face");
  } else {
    write_rows(output, faces);
  }
  journal.finish();
  return failures.report(total);
}

}  // namespace

Run setup_embed(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  add_face_options(app, options->faces);
  add_quality_option(app, options->faces);
  app.add_option("--codes", options->codes,
                 "Write codes of few bytes: 8bit (a byte for each dimension), pcaN (N bytes, like pca64), 1bit")
      ->type_name("FORM");
  app.add_option("--codes-from", options->codes_from,
                 "Calibrate them on these embeddings (.npy, .npz), not on those written")
      ->type_name("FILE");
  add_output_options(app, common, "Write to this file: .npy (with a .csv beside it), .npz, .json, .jsonl, .csv");
  return [options, &common] { return embed(common, *options); };
}

}  // namespace facenet::program
