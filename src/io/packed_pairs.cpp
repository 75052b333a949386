// InsightFace's packed test sets: a pickle of (encoded images, is same).
#include <unordered_map>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/protocols.hpp>

#include "base/files.hpp"
#include "io/pickle.hpp"

namespace facenet {
namespace {

using Kind = PickleValue::Kind;

constexpr std::int32_t kFolds = 10;

// Characters below 256, each a byte: how Python 3 writes bytes where protocol 2 has no instruction for them.
std::optional<std::string> from_latin1(const std::string& utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      bytes += static_cast<char>(c);
    } else if ((c == 0xC2 || c == 0xC3) && i + 1 < utf8.size()) {
      bytes += static_cast<char>((c & 3U) << 6U | (static_cast<unsigned char>(utf8[++i]) & 0x3FU));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

class Packed {
 public:
  Packed(const Pickle& pickle, std::string what) : pickle_(pickle), what_(std::move(what)) {}

  PackedPairs read() {
    const PickleValue& both = pickle_.result();
    if ((both.kind != Kind::tuple && both.kind != Kind::list) || both.items.size() != 2) {
      fail("it holds no images with a list of which pairs are the same");
    }
    const PickleValue& images = list(both.items[0], "the images are no list");
    const PickleValue& same = list(both.items[1], "what is the same is no list");
    const std::size_t count = same.items.size();
    if (count == 0 || images.items.size() != 2 * count) {
      fail(std::to_string(images.items.size()) + " images for " + std::to_string(count) + " pairs; needs two for each");
    }
    result_.folds = kFolds;
    for (std::size_t i = 0; i < count; ++i) {
      const auto fold = static_cast<std::int32_t>(i * kFolds / count) + 1;
      result_.pairs.push_back({image(images.items[2 * i]), image(images.items[2 * i + 1]), truth(same.items[i]), fold});
    }
    return std::move(result_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { throw FormatError(what_ + ": " + why); }

  const PickleValue& list(int index, const char* otherwise) const {
    const PickleValue& value = pickle_.at(index);
    if (value.kind != Kind::list && value.kind != Kind::tuple) fail(otherwise);
    return value;
  }

  // A call `name` with as many arguments, as numpy and Python 2 write some plain things.
  const PickleValue* call(const PickleValue& value, std::string_view name, std::size_t arguments) const {
    if (value.kind != Kind::call || value.items.size() != 2) return nullptr;
    const PickleValue& what = pickle_.at(value.items[0]);
    const PickleValue& with = pickle_.at(value.items[1]);
    const bool fits = what.kind == Kind::name && what.text.ends_with(name) && with.kind == Kind::tuple &&
                      with.items.size() == arguments;
    return fits ? &with : nullptr;
  }

  // By the value that holds the bytes: however often a small file refers to it, it is kept once.
  std::int32_t image(int index) {
    const auto* encoded = call(pickle_.at(index), "_codecs encode", 2);
    if (encoded != nullptr) index = encoded->items[0];
    const auto [at, added] = numbers_.try_emplace(index, static_cast<std::int32_t>(result_.images.size()));
    if (!added) return at->second;
    const PickleValue& value = pickle_.at(index);
    std::optional<std::string> bytes;
    if (value.kind == Kind::bytes) bytes = value.text;
    if (value.kind == Kind::text && encoded != nullptr) bytes = from_latin1(value.text);
    if (!bytes) fail("an image is no plain bytes; write the encoded file as Python's bytes");
    result_.images.emplace_back(bytes->begin(), bytes->end());
    return at->second;
  }

  bool truth(int index) const {
    const PickleValue& value = pickle_.at(index);
    if ((value.kind == Kind::boolean || value.kind == Kind::integer) && (value.number == 0 || value.number == 1)) {
      return value.number == 1;
    }
    if (const auto* scalar = call(value, "multiarray scalar", 2)) {  // numpy.bool_
      const auto* encoded = call(pickle_.at(scalar->items[1]), "_codecs encode", 2);
      const PickleValue& byte = pickle_.at(encoded != nullptr ? encoded->items[0] : scalar->items[1]);
      if (byte.text == std::string(1, '\0') || byte.text == "\1") return byte.text == "\1";
    }
    fail("whether a pair is the same is neither True nor False");
  }

  const Pickle& pickle_;
  std::string what_;
  PackedPairs result_;
  std::unordered_map<int, std::int32_t> numbers_;
};

}  // namespace

PackedPairs read_packed_pairs(const std::filesystem::path& file) {
  const std::string what = "'" + printable(file) + "'";
  const auto bytes = read_file(file, std::uint64_t{1} << 32U);
  return Packed(parse_pickle(bytes, 0, what), what).read();
}

}  // namespace facenet
