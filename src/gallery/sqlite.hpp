// SQLite behind RAII: a connection, statements, and its errors as ours.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace facenet {

class Statement;

/// One connection; used by one thread at a time.
class Database {
 public:
  /// `flags` of sqlite3_open_v2. The file's own triggers, views and functions are not trusted.
  Database(const std::filesystem::path& path, int flags);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const char* sql);
  std::int64_t integer(const char* sql);
  /// Throws for `code` what it means: IoError or FormatError, naming the file.
  [[noreturn]] void fail(int code) const;
  const std::filesystem::path& path() const { return path_; }
  sqlite3* handle() const { return handle_; }

 private:
  std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
};

/// A prepared statement. Texts and bytes that are bound must live until it has stepped.
class Statement {
 public:
  Statement(Database& database, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::span<const float> numbers);
  Statement& bind_null(int index);
  /// True when there is a row.
  bool step();
  /// Steps a statement that gives no rows, and makes it ready for the next values.
  void run();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::span<const std::byte> bytes(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace facenet
