// JSON read from untrusted text.
#include "io/json.hpp"

#include <cmath>
#include <set>
#include <vector>

#include <facenet/error.hpp>

namespace facenet {
namespace {

constexpr int kMaxDepth = 32;

}  // namespace

Json parse_json(std::string_view text, const std::string& what) {
  std::vector<std::set<std::string>> keys;  // of the objects open now
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kMaxDepth) throw FormatError(what + ": values nest more than " + std::to_string(kMaxDepth) + " deep");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      throw FormatError(what + ": '" + value.get<std::string>() + "' stands there twice");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::exception& error) {
    throw FormatError(what + ": not JSON (" + error.what() + ")");
  }
}

std::string json_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

const Json& member(const Json& object, const char* key, Json::value_t type, const std::string& what) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end()) throw FormatError(what + ": '" + key + "' is missing");
  if (found->type() != type) throw FormatError(what + ": '" + key + "' cannot be a " + found->type_name());
  return *found;
}

std::int64_t checked_integer(const Json& value, std::int64_t low, std::int64_t high, const std::string& what) {
  const bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(high);
  if (!value.is_number_integer() || huge || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high) {
    throw FormatError(what + ": wants a whole number between " + std::to_string(low) + " and " + std::to_string(high) +
                      ", not " + json_text(value).substr(0, 40));
  }
  return value.get<std::int64_t>();
}

float checked_float(const Json& value, const std::string& what) {
  const bool number = value.is_number();
  if (!number || !std::isfinite(static_cast<float>(value.get<double>()))) {
    throw FormatError(what + ": wants a number, not " + json_text(value).substr(0, 40));
  }
  return static_cast<float>(value.get<double>());
}

}  // namespace facenet
