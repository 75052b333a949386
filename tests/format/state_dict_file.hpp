// Files of weights as PyTorch wrote them before 1.6, put together by hand.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace facenet::test {

/// Writes pickles by hand.
struct PickleWriter {
  std::vector<std::uint8_t> bytes{};
  PickleWriter& raw(const std::string& text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    return *this;
  }
  PickleWriter& number(std::uint32_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }
  PickleWriter& text(const std::string& value) {
    raw("X").number(static_cast<std::uint32_t>(value.size()), 4);
    return raw(value);
  }
  PickleWriter& integer(std::uint32_t value) { return raw("J").number(value, 4); }
  PickleWriter& begin() { return raw("\x80\x02"); }
  PickleWriter& numbers(std::initializer_list<float> values) {
    number(static_cast<std::uint32_t>(values.size()), 4).number(0, 4);
    for (const float value : values) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      number(bits, 4);
    }
    return *this;
  }
};

/// One tensor "a" of [rows, 3], one "b" of [2], in two storages; a test spoils what it likes.
struct StateDictFile {
  std::string magic{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."};
  std::uint32_t version = 1001;
  std::string endian{"\x88"};
  std::string type{"FloatStorage"};
  std::string function{"ctorch._utils\n_rebuild_tensor_v2\n"};
  std::uint32_t offset = 1;
  std::uint32_t rows = 2;
  std::uint32_t stride = 3;
  std::uint32_t elements = 7;

  std::vector<std::uint8_t> write() const {
    PickleWriter w;
    w.raw(magic).begin().integer(version).raw(".");
    w.begin().raw("}(").text("little_endian").raw(endian).raw("u.");
    w.begin().raw("ccollections\nOrderedDict\n)Rq").number(0, 1).raw("(");
    w.text("a").raw(function).raw("((").text("storage").raw("ctorch\n" + type + "\n").text("7").text("cpu");
    w.integer(elements).raw("NtQ").integer(offset).integer(rows).raw("K\x03\x86").integer(stride).raw("K\x01\x86");
    w.raw("\x89}tR");
    w.text("b").raw(function).raw("((").text("storage").raw("ctorch\nFloatStorage\n").text("8").text("cpu");
    w.raw("K\x02NtQK").number(0, 1).raw("K\x02\x85K\x01\x85\x89}tR");
    w.raw("u}(").text("_metadata").raw("}ub.");
    w.begin().raw("](").text("7").text("8").raw("e.");
    w.numbers({0, 1, 2, 3, 4, 5, 6}).numbers({-1, -2});
    return w.bytes;
  }
};

}  // namespace facenet::test
