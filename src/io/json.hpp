// JSON read from untrusted text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace facenet {

using Json = nlohmann::json;

/// Parses one JSON value. FormatError, beginning with `what`, when the text is not JSON, an object repeats a key, or
/// values nest more than 32 deep.
Json parse_json(std::string_view text, const std::string& what);

/// Compact text, keys sorted: the same value always gives the same bytes. Invalid UTF-8 becomes U+FFFD.
std::string json_text(const Json& value);

/// A member of an object; FormatError, beginning with `what`, when it is absent or of another type.
const Json& member(const Json& object, const char* key, Json::value_t type, const std::string& what);

/// Numbers within bounds; FormatError, beginning with `what`, otherwise.
std::int64_t checked_integer(const Json& value, std::int64_t low, std::int64_t high, const std::string& what);
float checked_float(const Json& value, const std::string& what);

}  // namespace facenet
