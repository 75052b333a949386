// Names of people to keys, and keys to text and back.
#include "io/people_keys.hpp"

#include <algorithm>
#include <charconv>

#include <facenet/error.hpp>

#include "base/sha256.hpp"

namespace facenet {
namespace {

constexpr std::size_t kDigits = 16;

std::uint64_t from_digits(std::string_view digits, const std::string& what) {
  std::uint64_t key = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), key, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw FormatError(what + ": the people it was trained on are not hexadecimal digits, 16 for each");
  }
  return key;
}

}  // namespace

std::uint64_t person_key(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool kept =
        upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (kept) plain += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  Sha256 hash;
  hash.update(plain);
  return from_digits(std::string_view(hash.hex()).substr(0, kDigits), "person_key");
}

PeopleKeys with_people(PeopleKeys keys, const std::vector<std::string>& names) {
  for (const auto& name : names) keys.push_back(person_key(name));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::string people_text(const PeopleKeys& keys) {
  std::string text;
  text.reserve(keys.size() * kDigits);
  for (const std::uint64_t key : keys) {
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[key >> static_cast<unsigned>(shift) & 15U];
  }
  return text;
}

PeopleKeys people_from_text(std::string_view text, const std::string& what) {
  PeopleKeys keys;
  for (std::size_t at = 0; at < text.size(); at += kDigits) {
    const auto digits = text.substr(at, kDigits);
    if (digits.size() < kDigits) throw FormatError(what + ": the people it was trained on are cut off");
    keys.push_back(from_digits(digits, what));
    if (keys.size() > 1 && keys[keys.size() - 2] >= keys.back()) {
      throw FormatError(what + ": the people it was trained on are not in order");
    }
  }
  return keys;
}

}  // namespace facenet
