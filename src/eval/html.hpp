// Text, numbers and bytes as they may stand in an HTML page.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace facenet::html {

/// Escaped for text and for quoted attributes; control bytes and what is not UTF-8 become U+FFFD.
std::string escape(std::string_view text);

/// With so many digits after the point, whatever the locale.
std::string fixed(double value, int digits);

/// 0.1234 as "12.34 %".
std::string percent(double share, int digits);

/// As short as it reads back, without an exponent.
std::string shortest(double value);

std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace facenet::html
