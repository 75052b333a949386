// Whom a model was trained on, as the model file keeps it: eight bytes of a hash for each name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace facenet {

/// The first eight bytes of SHA-256 of the name in lower case without anything but letters, digits and what is not
/// ASCII: "Ada_Lovelace" and "ada lovelace" are one.
std::uint64_t person_key(std::string_view name);

/// Keys of people, ascending, each once.
using PeopleKeys = std::vector<std::uint64_t>;
/// The keys of `names` joined with those that are there.
PeopleKeys with_people(PeopleKeys keys, const std::vector<std::string>& names);

/// 16 hexadecimal digits for each, one after the other.
std::string people_text(const PeopleKeys& keys);
/// FormatError, beginning with `what`, when a digit is none or the keys do not ascend.
PeopleKeys people_from_text(std::string_view text, const std::string& what);

}  // namespace facenet
