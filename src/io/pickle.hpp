// The part of Python's pickle language that describes plain data: numbers, texts, tuples, lists, dictionaries, and, by
// name only, the calls that would make other things of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace facenet {

/// A value among those of a pickle. Values refer to each other by their index: a pickle may tie them into rings.
struct PickleValue {
  /// `call`: items are a name and its argument, `persistent`: the one item says what is meant.
  enum class Kind : std::uint8_t { none, boolean, integer, text, bytes, tuple, list, dict, name, call, persistent };
  Kind kind = Kind::none;
  std::int64_t number = 0;   ///< of a boolean, an integer
  std::string text{};        ///< of a text, of bytes (Python 2's strings too); of a name "module name"
  std::vector<int> items{};  ///< of a dict: key, value, key, value, ...
};

struct Pickle {
  std::vector<PickleValue> values;
  int root = -1;
  std::size_t bytes = 0;  ///< that it takes up

  const PickleValue& at(int index) const { return values[static_cast<std::size_t>(index)]; }
  const PickleValue& result() const { return at(root); }
};

/// The pickle that begins at `offset`. FormatError, beginning with `what`, for an instruction that is none of plain
/// data's, or more than a million values. Nothing is called: calls are written down.
Pickle parse_pickle(std::span<const std::uint8_t> bytes, std::size_t offset, const std::string& what);

}  // namespace facenet
