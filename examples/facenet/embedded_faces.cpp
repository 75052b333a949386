// An .npy with its .csv: numbers in the one, whose they are in the other.
#include "embedded_faces.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

CsvTable table_beside(const fs::path& npy, std::size_t rows) {
  auto table = CsvTable::open(csv_beside(npy));
  if (table.rows.size() != rows) {
    throw FormatError(table.name + " has " + std::to_string(table.rows.size()) + " rows, but '" + printable(npy) +
                      "' has " + std::to_string(rows) + ": they do not belong together");
  }
  return table;
}

}  // namespace

fs::path csv_beside(const fs::path& npy) { return fs::path(npy).replace_extension(".csv"); }

Embeddings face_embeddings(const fs::path& npy) {
  Embeddings embeddings = read_embeddings(npy);
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    const auto row = embeddings[i];
    const bool finite = std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); });
    const bool zeros = std::all_of(row.begin(), row.end(), [](float value) { return value == 0; });
    if (finite && !zeros) continue;
    std::string whose;
    if (fs::exists(csv_beside(npy))) {
      const auto table = table_beside(npy, embeddings.size());
      whose = ", of '" + printable(table.rows[i][table.column("file")]) + "',";
    }
    throw FormatError("'" + printable(npy) + "': row " + std::to_string(i) + " of " +
                      std::to_string(embeddings.size()) + whose + (finite ? " is all zeros" : " is not finite") +
                      ": that is no embedding of a face; leave it out");
  }
  return embeddings;
}

Faces read_faces(const fs::path& npy, std::optional<CodedEmbeddings>* coded) {
  Faces faces;
  if (coded != nullptr && holds_codes(npy)) {
    coded->emplace(read_codes(npy));
  } else {
    faces.embeddings = face_embeddings(npy);
  }
  const bool codes = coded != nullptr && coded->has_value();
  const auto table = table_beside(npy, codes ? (*coded)->codes.size() : faces.embeddings.size());
  const std::size_t file = table.column("file");
  const auto column = [&](const char* title) {
    return table.has_column(title) ? std::optional(table.column(title)) : std::nullopt;
  };
  const auto face = column("face");
  const auto norm = column("norm");
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const std::string& name = table.rows[i][file];
    Face& of_row = faces.faces.emplace_back(Face{{name, name}});
    const double number = face ? table.number(i, *face) : 0;
    if (!(number >= 0 && number < 1e6)) {
      throw FormatError(table.name + ": face " + text_of(number) + " is no number of a face");
    }
    of_row.number = static_cast<std::size_t>(number);
    if (norm) of_row.norm = static_cast<float>(table.number(i, *norm));
  }
  return faces;
}

}  // namespace facenet::program
