// PyTorch's files of weights: what is read, and files that mean harm.
#include "io/state_dict.hpp"

#include <cstring>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "io/pickle.hpp"

namespace facenet {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Writes pickles by hand.
struct Writer {
  Bytes bytes{};
  Writer& raw(const std::string& text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    return *this;
  }
  Writer& number(std::uint32_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }
  Writer& text(const std::string& value) {
    raw("X").number(static_cast<std::uint32_t>(value.size()), 4);
    return raw(value);
  }
  Writer& integer(std::uint32_t value) { return raw("J").number(value, 4); }
  Writer& begin() { return raw("\x80\x02"); }
  Writer& numbers(std::initializer_list<float> values) {
    number(static_cast<std::uint32_t>(values.size()), 4).number(0, 4);
    for (const float value : values) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      number(bits, 4);
    }
    return *this;
  }
};

struct File {
  std::string magic{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."};
  std::uint32_t version = 1001;
  std::string endian{"\x88"};
  std::string type{"FloatStorage"};
  std::string function{"ctorch._utils\n_rebuild_tensor_v2\n"};
  std::uint32_t offset = 1;
  std::uint32_t rows = 2;
  std::uint32_t stride = 3;
  std::uint32_t elements = 7;

  // One tensor "a" of [rows, 3], one "b" of [2], in two storages.
  Bytes write() const {
    Writer w;
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

std::string fault(const Bytes& bytes) {
  try {
    parse_state_dict(bytes, "x.pt");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "taken";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("state dict: a file of two tensors") {
  const auto dict = parse_state_dict(File().write(), "x.pt");
  REQUIRE(dict.size() == 2);
  CHECK(dict.at("a").shape() == Shape{2, 3});
  CHECK(std::vector<float>(dict.at("a").floats().begin(), dict.at("a").floats().end()) ==
        std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(dict.at("b").shape() == Shape{2});
  CHECK(dict.at("b").floats()[1] == -2);
}

TEST_CASE("state dict: a tensor may lie in its storage in any order") {
  const auto dict = parse_state_dict(File{.stride = 1}.write(), "x.pt");  // overlapping rows
  CHECK(std::vector<float>(dict.at("a").floats().begin(), dict.at("a").floats().end()) ==
        std::vector<float>{1, 2, 3, 2, 3, 4});
}

TEST_CASE("state dict: what is no such file is named") {
  CHECK(contains(fault({}), "'x.pt' is not a PyTorch file"));
  CHECK(contains(fault({'P', 'K', 3, 4, 0}), "_use_new_zipfile_serialization=False"));
  CHECK(contains(fault(File{.version = 9}.write()), "unknown version"));
  CHECK(contains(fault(File{.endian = "\x89"}.write()), "little-endian"));
  CHECK(contains(fault(File{.type = "HalfStorage"}.write()), "torch HalfStorage"));
  CHECK(contains(fault(File{.function = "cposix\nsystem\n"}.write()), "'a' is no tensor"));
  CHECK(contains(fault(File{.offset = 2}.write()), "beyond its storage"));
  CHECK(contains(fault(File{.rows = 3}.write()), "larger than its storage"));
  CHECK(contains(fault(File{.rows = 0x7fffffff}.write()), "larger than the file"));
  CHECK(contains(fault(File{.rows = 0xffffffff}.write()), "no number"));  // -1
  CHECK(contains(fault(File{.stride = 4}.write()), "beyond its storage"));
  CHECK(contains(fault(File{.stride = 0x7fffffff}.write()), "no number, or larger"));
  CHECK(contains(fault(File{.elements = 8}.write()), "of another size"));
}

TEST_CASE("state dict: a file that is cut off, or has more") {
  const Bytes bytes = File().write();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(fault({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}) != "taken");
  }
  Bytes more = bytes;
  more.push_back(0);
  CHECK(contains(fault(more), "follows"));
}

TEST_CASE("state dict: no byte changed does harm") {
  const Bytes bytes = File().write();
  std::size_t taken = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      Bytes changed = bytes;
      changed[i] = static_cast<std::uint8_t>(value);
      taken += fault(changed) == "taken" ? 1 : 0;
    }
  }
  CHECK(taken > bytes.size());  // the numbers themselves may be any
}

TEST_CASE("pickle: rings, depth and stacks without end") {
  const auto parse = [](const std::string& text) {
    return parse_pickle(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), 0, "p");
  };
  const Pickle ring = parse(std::string("]q\0h\0a.", 7));  // a list that holds itself
  CHECK(ring.result().items == std::vector<int>{ring.root});
  std::string deep = "N";
  deep.append(200'000, '\x85');
  CHECK(parse(deep + ".").values.size() == 200'001);
  CHECK_THROWS_AS(parse(std::string(2'000'000, '(')), FormatError);
  CHECK_THROWS_AS(parse(std::string(2'000'000, 'N')), FormatError);
  CHECK_THROWS_AS(parse("."), FormatError);
  CHECK_THROWS_AS(parse("(."), FormatError);
  CHECK_THROWS_AS(parse("NN."), FormatError);
  CHECK_THROWS_AS(parse("t."), FormatError);
  CHECK_THROWS_AS(parse("Na."), FormatError);
  CHECK_THROWS_AS(parse("}Ns."), FormatError);
  CHECK_THROWS_AS(parse(std::string("h\0.", 3)), FormatError);
  CHECK_THROWS_AS(parse("cos\nsystem"), FormatError);
  CHECK_THROWS_AS(parse("X\xff\xff\xff\xff"), FormatError);
  CHECK_THROWS_AS(parse("i"), FormatError);  // INST, which would make an object
  CHECK(parse("\x8a\x01\xff.").result().number == -1);
  CHECK(parse(std::string("\x8a\x00.", 3)).result().number == 0);
  CHECK_THROWS_AS(parse("\x8a\x09"
                        "123456789."),
                  FormatError);
}

}  // namespace facenet
