// PyTorch's files of weights: what is read, and files that mean harm.
#include "io/state_dict.hpp"

#include <facenet/error.hpp>

#include "catch.hpp"
#include "io/pickle.hpp"
#include "state_dict_file.hpp"

namespace facenet {
namespace {

using Bytes = std::vector<std::uint8_t>;
using File = test::StateDictFile;
using Writer = test::PickleWriter;

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
