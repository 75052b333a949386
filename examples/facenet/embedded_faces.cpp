// An .npy with its .csv, numbers in the one and whose they are in the other; or both in an .npz.
#include "embedded_faces.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

bool is_npz(const fs::path& file) { return file.extension() == ".npz"; }

// Whose the rows of an .npy are.
void read_table(const fs::path& npy, std::size_t rows, NamedEmbeddings& named) {
  const auto table = CsvTable::open(csv_beside(npy));
  if (table.rows.size() != rows) {
    throw FormatError(table.name + " has " + std::to_string(table.rows.size()) + " rows, but '" + printable(npy) +
                      "' has " + std::to_string(rows) + ": they do not belong together");
  }
  const std::size_t file = table.column("file");
  const auto column = [&](const char* title) {
    return table.has_column(title) ? std::optional(table.column(title)) : std::nullopt;
  };
  const auto face = column("face");
  const auto norm = column("norm");
  for (std::size_t i = 0; i < rows; ++i) {
    const double number = face ? table.number(i, *face) : 0;
    if (!(number >= 0 && number < 1e6)) {
      throw FormatError(table.name + ": face " + text_of(number) + " is no number of a face");
    }
    named.files.push_back(table.rows[i][file]);
    named.faces.push_back(static_cast<std::int64_t>(number));
    if (norm) named.norms.push_back(static_cast<float>(table.number(i, *norm)));
  }
}

// The numbers of an .npy are of use without a table too, unless names are asked for.
NamedEmbeddings read_rows(const fs::path& file, bool with_names) {
  NamedEmbeddings named = is_npz(file) ? read_npz(file) : NamedEmbeddings{read_embeddings(file)};
  const Embeddings& embeddings = named.embeddings;
  if (!is_npz(file) && (with_names || fs::exists(csv_beside(file)))) read_table(file, embeddings.size(), named);
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    const auto row = embeddings[i];
    const bool finite = std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); });
    const bool zeros = std::all_of(row.begin(), row.end(), [](float value) { return value == 0; });
    if (finite && !zeros) continue;
    throw FormatError("'" + printable(file) + "': row " + std::to_string(i) + " of " +
                      std::to_string(embeddings.size()) +
                      (named.files.empty() ? "" : ", of '" + printable(named.files[i]) + "',") +
                      (finite ? " is all zeros" : " is not finite") + ": that is no embedding of a face; leave it out");
  }
  return named;
}

}  // namespace

fs::path csv_beside(const fs::path& npy) { return fs::path(npy).replace_extension(".csv"); }

CsvTable table_of(const fs::path& file) {
  if (is_npz(file)) throw FormatError("'" + printable(file) + "' has file, face and norm only: write an .npy");
  return CsvTable::open(csv_beside(file));
}

Embeddings face_embeddings(const fs::path& file) { return read_rows(file, false).embeddings; }

Faces read_faces(const fs::path& file, std::optional<CodedEmbeddings>* coded) {
  NamedEmbeddings named;
  if (coded != nullptr && holds_codes(file)) {
    coded->emplace(read_codes(file));
    read_table(file, (*coded)->codes.size(), named);
  } else {
    named = read_rows(file, true);
  }
  Faces faces;
  for (std::size_t i = 0; i < named.files.size(); ++i) {
    Face& face = faces.faces.emplace_back(Face{{named.files[i], named.files[i]}});
    face.number = static_cast<std::size_t>(named.faces[i]);
    if (!named.norms.empty()) face.norm = named.norms[i];
  }
  faces.embeddings = std::move(named.embeddings);
  return faces;
}

}  // namespace facenet::program
