// Connections and statements of SQLite.
#include "facenet/error.hpp"
#include "facenet/files.hpp"
#include "gallery/sqlite.hpp"

namespace facenet {
namespace {
constexpr int kWaitMilliseconds = 5000;
}

Database::Database(const std::filesystem::path& path, int flags) : path_(path) {
  const int code = sqlite3_open_v2(path.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  try {
    if (handle_ == nullptr) throw IoError("cannot open the gallery '" + printable(path) + "': no memory");
    if (code != SQLITE_OK) fail(code);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, kWaitMilliseconds);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Database::~Database() { sqlite3_close(handle_); }

void Database::fail(int code) const {
  const std::string file = "the gallery '" + printable(path_) + "' ";
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw IoError(file + "is locked: another program is changing it; try again when that is done");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw IoError(file + "cannot be written: the file, its folder or the file system is read-only");
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      throw IoError(file + "cannot be opened: it is missing, or the file or its folder may not be read and written");
    case SQLITE_FULL:
      throw IoError(file + "cannot be written: the disk is full; nothing was changed");
    case SQLITE_IOERR:
      throw IoError(file + "cannot be read or written: " + sqlite3_errmsg(handle_));
    case SQLITE_NOTADB:
      throw FormatError(file + "is no gallery: it is no SQLite database");
    case SQLITE_CORRUPT:
      throw FormatError(file + "is damaged (" + sqlite3_errmsg(handle_) +
                        "): put a copy in its place, or make it again from the photographs");
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    default:
      throw FormatError(file + "cannot be used: " + sqlite3_errmsg(handle_));
  }
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t Database::integer(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

Statement::Statement(Database& database, const char* sql) : database_(database) {
  const int code = sqlite3_prepare_v2(database.handle(), sql, -1, &handle_, nullptr);
  if (code != SQLITE_OK) database.fail(code);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::bind(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(handle_, index, value); code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(int index, double value) {
  if (const int code = sqlite3_bind_double(handle_, index, value); code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  // An empty view may point nowhere, which SQLite would take for NULL.
  const int code =
      sqlite3_bind_text64(handle_, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(int index, std::span<const float> numbers) {
  const int code = sqlite3_bind_blob64(handle_, index, numbers.data(), numbers.size_bytes(), SQLITE_STATIC);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind_null(int index) {
  if (const int code = sqlite3_bind_null(handle_, index); code != SQLITE_OK) database_.fail(code);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  database_.fail(code);
}

void Statement::run() {
  step();
  sqlite3_reset(handle_);
}

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::text(int column) const {
  const auto* text = sqlite3_column_text(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (text == nullptr && sqlite3_column_type(handle_, column) != SQLITE_NULL) database_.fail(SQLITE_NOMEM);
  return text == nullptr ? std::string()
                         : std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

std::span<const std::byte> Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  return {static_cast<const std::byte*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

}  // namespace facenet
