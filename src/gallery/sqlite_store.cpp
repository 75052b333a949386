// A gallery in a file of SQLite (docs/file-formats.md): what is removed is overwritten, and the file then written anew.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "facenet/error.hpp"
#include "facenet/files.hpp"
#include "gallery/enrolled.hpp"
#include "gallery/sqlite.hpp"
#include "gallery/store.hpp"
#include "io/json.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kApplication = 0x46614e67;  // "FaNg"
constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kMaxDimension = 65536;
constexpr std::int64_t kMaxId = std::int64_t{1} << 62U;

struct Table {
  const char* name;
  const char* sql;
};
// As the file holds them. A file with anything else in its schema is refused: a trigger or an index of somebody else's
// could keep what is to be gone.
constexpr std::array<Table, 5> kSchema{{
    {"gallery", "CREATE TABLE gallery (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID"},
    {"image",
     "CREATE TABLE image (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES person (id), "
     "file TEXT NOT NULL, digest TEXT NOT NULL, landmarks BLOB, quality REAL, embedding BLOB NOT NULL)"},
    {"image_person", "CREATE INDEX image_person ON image (person)"},
    {"person", "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, metadata TEXT NOT NULL)"},
    {"sqlite_autoindex_person_1", ""},
}};

constexpr std::array<const char*, 3> kRankings{"nearest", "mean", "vote"};

std::filesystem::path journal_of(std::filesystem::path path) { return path += "-journal"; }

// At the end of a journal of several databases' common change stands the name of another file, and then these bytes.
// When SQLite opens such a database, it reads that file for a list of journals and deletes it: a stranger's journal
// could name any file. A gallery is one database, and its journals never end so.
void require_own_journal(const std::filesystem::path& path) {
  constexpr std::array<unsigned char, 8> kMark{0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
  std::ifstream journal(journal_of(path), std::ios::binary);
  std::array<char, kMark.size()> end{};
  if (!journal.seekg(-static_cast<std::streamoff>(end.size()), std::ios::end) ||
      !journal.read(end.data(), end.size())) {
    return;  // there is none, or none so long
  }
  if (std::memcmp(end.data(), kMark.data(), kMark.size()) == 0) {
    throw FormatError("the gallery '" + printable(path) + "' cannot be opened: '" + printable(journal_of(path)) +
                      "' beside it names a file that SQLite would delete, which no gallery's journal does. Take the "
                      "gallery without it");
  }
}

Json to_json(const OpenSetCalibration& calibration) {
  Json json{{"fpir", calibration.fpir},     {"threshold", calibration.threshold},
            {"data", calibration.data},     {"strangers", calibration.strangers},
            {"probes", calibration.probes}, {"comparisons", calibration.comparisons},
            {"points", Json::array()}};
  for (const auto& point : calibration.points) {
    Json entry{{"fpir", point.fpir}, {"threshold", point.threshold}};
    if (point.recognised) entry["recognised"] = *point.recognised;
    json["points"].push_back(std::move(entry));
  }
  return json;
}

double share_of(const Json& object, const char* key, const std::string& what) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end() || !found->is_number()) throw FormatError(what + ": '" + key + "' is not a number");
  const auto value = found->get<double>();
  if (!(value >= 0 && value <= 1)) throw FormatError(what + ": '" + key + "' is not a share");
  return value;
}

OpenSetCalibration calibration_of(const std::string& text, const std::string& what) {
  const Json json = parse_json(text, what);
  const auto count = [&](const char* key) {
    return checked_integer(member(json, key, Json::value_t::number_unsigned, what), 0, std::int64_t{1} << 62U, what);
  };
  OpenSetCalibration result;
  result.fpir = share_of(json, "fpir", what);
  const auto threshold_of = [&](const Json& object) {
    const auto found = object.find("threshold");
    if (found == object.end()) throw FormatError(what + ": there is no threshold");
    return checked_float(*found, what);
  };
  result.threshold = threshold_of(json);
  result.data = member(json, "data", Json::value_t::string, what).get<std::string>();
  result.strangers = count("strangers");
  result.probes = count("probes");
  result.comparisons = count("comparisons");
  for (const Json& entry : member(json, "points", Json::value_t::array, what)) {
    OpenSetThreshold point;
    point.fpir = share_of(entry, "fpir", what);
    point.threshold = threshold_of(entry);
    if (entry.contains("recognised")) point.recognised = share_of(entry, "recognised", what);
    result.points.push_back(point);
  }
  return result;
}

class SqliteStore final : public GalleryStore {
 public:
  SqliteStore(const std::filesystem::path& path, int flags) : database_(path, flags) {
    // DELETE: the journal, which holds what a page was before, is gone with the commit. EXTRA: its folder has been
    // flushed too, so that a power cut cannot bring it back.
    database_.execute("PRAGMA journal_mode = DELETE");
    database_.execute("PRAGMA synchronous = EXTRA");
    database_.execute("PRAGMA secure_delete = ON");
    database_.execute("PRAGMA cell_size_check = ON");
    database_.execute("PRAGMA mmap_size = 0");
    sqlite3_limit(database_.handle(), SQLITE_LIMIT_LENGTH, 1 << 24);  // of one value
  }

  void make(const GalleryModel& model) {
    begin();
    database_.execute(("PRAGMA application_id = " + std::to_string(kApplication)).c_str());
    database_.execute(("PRAGMA user_version = " + std::to_string(kVersion)).c_str());
    for (const Table& table : kSchema) {
      if (*table.sql != '\0') database_.execute(table.sql);
    }
    set("changes", std::int64_t{0});
    set("ranking", kRankings[0]);
    set_model(model);
    set("scrub", std::int64_t{0});
    commit();
  }

  void require_gallery(bool writable) {
    const std::string file = "'" + printable(database_.path()) + "'";
    if (database_.integer("PRAGMA application_id") != kApplication) {
      throw FormatError(file + " is no gallery: it is a database of something else");
    }
    const std::int64_t version = database_.integer("PRAGMA user_version");
    if (version > kVersion) {
      throw FormatError("the gallery " + file + " was made by a newer FaceNetLib (its schema is version " +
                        std::to_string(version) + ", this one reads " + std::to_string(kVersion) +
                        "): update the library");
    }
    Statement schema(database_, "SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name");
    std::size_t seen = 0;
    for (; schema.step(); ++seen) {
      if (seen >= kSchema.size() || schema.text(0) != kSchema[seen].name || schema.text(1) != kSchema[seen].sql) {
        throw FormatError("the gallery " + file + " is damaged: '" + printable(schema.text(0)) +
                          "' in its schema is not as it was made");
      }
    }
    if (version != kVersion || seen != kSchema.size()) {
      throw FormatError("the gallery " + file + " is damaged: its schema is incomplete");
    }
    if (!writable) return;
    if (sqlite3_db_readonly(database_.handle(), "main") != 0) database_.fail(SQLITE_READONLY);
    scrub();  // somebody may have been killed after a removal and before its traces were gone
    // A process killed while it began a change leaves a journal that is not needed and that SQLite lets lie, with pages
    // as they were in it. A change of ours takes its place, and deletes it.
    if (std::filesystem::exists(journal_of(database_.path()))) {
      begin();
      commit();
    }
  }

  std::int64_t changes() override { return number("changes"); }

  StoredGallery load() override {
    // Within a transaction of the caller's, that is the moment; otherwise one of our own.
    const bool own = sqlite3_get_autocommit(database_.handle()) != 0;
    if (own) database_.execute("BEGIN");
    try {
      StoredGallery result = read();
      if (own) database_.execute("COMMIT");
      return result;
    } catch (...) {
      if (own) rollback();
      throw;
    }
  }

  void begin() override { database_.execute("BEGIN IMMEDIATE"); }
  void commit() override {
    set("changes", number("changes") + 1);
    database_.execute("COMMIT");
  }
  void rollback() noexcept override { sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr); }

  void add_person(const StoredPerson& person) override {
    Statement(database_, "INSERT INTO person (name, metadata, id) VALUES (?, ?, ?)")
        .bind(1, person.name)
        .bind(2, person.metadata)
        .bind(3, person.id)
        .run();
  }

  void add_image(const StoredImage& image, std::span<const float> embedding) override {
    Statement insert(database_,
                     "INSERT INTO image (id, person, file, digest, landmarks, quality, embedding) "
                     "VALUES (?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, image.id).bind(2, image.person).bind(3, image.about.image).bind(4, image.about.digest);
    if (image.about.landmarks) insert.bind(5, std::span<const float>(*image.about.landmarks));
    if (image.about.quality) insert.bind(6, static_cast<double>(*image.about.quality));
    insert.bind(7, embedding).run();
  }

  void update_person(const StoredPerson& person) override {
    Statement(database_, "UPDATE person SET name = ?, metadata = ? WHERE id = ?")
        .bind(1, person.name)
        .bind(2, person.metadata)
        .bind(3, person.id)
        .run();
  }

  void remove_person(std::int64_t id) override {
    Statement(database_, "DELETE FROM person WHERE id = ?").bind(1, id).run();
    set("scrub", std::int64_t{1});
  }

  void remove_image(std::int64_t id) override {
    Statement(database_, "DELETE FROM image WHERE id = ?").bind(1, id).run();
    set("scrub", std::int64_t{1});
  }

  void move_images(std::int64_t from, std::int64_t to) override {
    Statement(database_, "UPDATE image SET person = ? WHERE person = ?").bind(1, to).bind(2, from).run();
  }

  void set_embedding(std::int64_t image, std::span<const float> embedding) override {
    Statement(database_, "UPDATE image SET embedding = ? WHERE id = ?").bind(1, embedding).bind(2, image).run();
  }

  void set_model(const GalleryModel& model) override {
    set("model", model.fingerprint);
    set("dimension", model.dimension);
    set("scrub", std::int64_t{1});  // embeddings of the former one are to go
  }

  void set_ranking(PersonRanking ranking) override { set("ranking", kRankings[static_cast<std::size_t>(ranking)]); }

  void set_calibration(const std::optional<OpenSetCalibration>& calibration) override {
    if (calibration) {
      set("calibration", json_text(to_json(*calibration)));
    } else {
      database_.execute("DELETE FROM gallery WHERE key = 'calibration'");
    }
  }

  // Overwriting what is deleted is not enough: when SQLite splits or joins pages of its trees, it leaves copies of rows
  // behind in their unused parts. So every page is written anew.
  void scrub() override {
    if (number("scrub") == 0) return;
    database_.execute("VACUUM");
    database_.execute("UPDATE gallery SET value = 0 WHERE key = 'scrub'");
  }

  std::vector<std::string> faults() override {
    std::vector<std::string> result;
    Statement check(database_, "PRAGMA integrity_check");
    while (check.step()) {
      if (check.text(0) != "ok") result.push_back(check.text(0));
    }
    Statement strangers(database_, "PRAGMA foreign_key_check");
    while (strangers.step()) result.push_back("image " + std::to_string(strangers.integer(1)) + " has no person");
    return result;
  }

 private:
  [[noreturn]] void damaged(const std::string& how) const {
    throw FormatError("the gallery '" + printable(database_.path()) + "' is damaged: " + how);
  }

  void require_id(std::int64_t id) const {
    if (id < 1 || id > kMaxId) damaged("the number " + std::to_string(id) + " is out of range");
  }

  template <typename Value>
  void set(std::string_view key, const Value& value) {
    Statement(database_,
              "INSERT INTO gallery (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = "
              "excluded.value")
        .bind(1, key)
        .bind(2, value)
        .run();
  }

  std::optional<std::string> text(std::string_view key) {
    Statement find(database_, "SELECT value FROM gallery WHERE key = ?");
    find.bind(1, key);
    return find.step() ? std::optional(find.text(0)) : std::nullopt;
  }

  std::int64_t number(std::string_view key) {
    Statement find(database_, "SELECT value FROM gallery WHERE key = ?");
    find.bind(1, key);
    if (!find.step()) damaged("it does not say '" + std::string(key) + "'");
    return find.integer(0);
  }

  StoredGallery read() {
    StoredGallery result;
    result.changes = number("changes");
    result.model = {text("model").value_or(""), number("dimension")};
    if (result.model.dimension < 0 || result.model.dimension > kMaxDimension) damaged("its dimension is out of range");
    const std::string ranking = text("ranking").value_or("");
    const auto known = std::find(kRankings.begin(), kRankings.end(), ranking);
    if (known == kRankings.end()) damaged("its ranking is '" + printable(ranking) + "'");
    result.ranking = static_cast<PersonRanking>(known - kRankings.begin());
    if (const auto calibration = text("calibration")) {
      result.calibration =
          calibration_of(*calibration, "the calibration of the gallery '" + printable(database_.path()) + "'");
    }
    Statement people(database_, "SELECT id, name, metadata FROM person ORDER BY id");
    while (people.step()) {
      result.people.push_back({people.integer(0), people.text(1), people.text(2)});
      require_id(result.people.back().id);
    }
    Statement images(database_,
                     "SELECT id, person, file, digest, landmarks, quality, embedding FROM image ORDER BY id");
    result.rows.dimension = static_cast<std::size_t>(result.model.dimension);
    std::vector<float> row(result.rows.dimension);
    while (images.step()) {
      StoredImage image{images.integer(0), images.integer(1), {}};
      require_id(image.id);
      const std::string name = "image " + std::to_string(image.id);
      image.about.image = images.text(2);
      image.about.digest = images.text(3);
      if (!images.is_null(4)) {
        if (images.bytes(4).size() != sizeof(Landmarks)) damaged(name + " has not five landmarks");
        image.about.landmarks.emplace();
        std::memcpy(image.about.landmarks->data(), images.bytes(4).data(), sizeof(Landmarks));
      }
      if (!images.is_null(5)) image.about.quality = static_cast<float>(images.real(5));
      const auto bytes = images.bytes(6);
      if (bytes.size() != row.size() * sizeof(float)) {
        damaged(name + " has " + std::to_string(bytes.size()) + " bytes of embedding, not " +
                std::to_string(row.size() * sizeof(float)));
      }
      std::memcpy(row.data(), bytes.data(), bytes.size());
      if (!is_direction(row)) damaged(name + " has an embedding that is zero or not finite");
      result.rows.append(row);
      result.images.push_back(std::move(image));
    }
    return result;
  }

  Database database_;
};

}  // namespace

// Made beside and renamed, so that a killed process leaves no half-made gallery under the name.
std::unique_ptr<GalleryStore> create_store(const std::filesystem::path& path, const GalleryModel& model) {
  if (model.dimension < 1 || model.dimension > kMaxDimension || model.fingerprint.empty()) {
    throw InvalidArgument("Gallery::create: a gallery needs its model's fingerprint and dimension");
  }
  if (std::filesystem::exists(std::filesystem::symlink_status(path))) {
    throw InvalidArgument("Gallery::create: there is something already at '" + printable(path) + "'");
  }
  require_writable(path);
  std::filesystem::path fresh = path;
  fresh += ".new-" + std::to_string(::getpid());
  std::error_code ignored;
  try {
    SqliteStore(fresh, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE).make(model);
    std::filesystem::rename(fresh, path);
  } catch (const std::filesystem::filesystem_error& error) {
    std::filesystem::remove(fresh, ignored);
    throw IoError("cannot make the gallery '" + printable(path) + "': " + error.code().message());
  } catch (...) {
    std::filesystem::remove(fresh, ignored);
    throw;
  }
  return open_store(path, GalleryAccess::read_write);
}

std::unique_ptr<GalleryStore> open_store(const std::filesystem::path& path, GalleryAccess access) {
  const auto status = std::filesystem::status(path);
  if (!std::filesystem::exists(status)) throw IoError("there is no gallery '" + printable(path) + "'");
  if (!std::filesystem::is_regular_file(status)) {
    throw IoError("cannot open the gallery '" + printable(path) + "': it is not a file");
  }
  require_own_journal(path);
  const bool writable = access == GalleryAccess::read_write;
  if (!writable && std::filesystem::exists(journal_of(path))) {
    // What a killed process left half done is undone first, where that may be written; the other opening says why not.
    try {
      Database(path, SQLITE_OPEN_READWRITE).integer("SELECT count(*) FROM sqlite_schema");
    } catch (const Error&) {
    }
  }
  auto store = std::make_unique<SqliteStore>(path, writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  store->require_gallery(writable);
  return store;
}

}  // namespace facenet
