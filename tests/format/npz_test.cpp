// npz archives and the deflate streams in them.
#include <algorithm>
#include <cstring>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "io/importers.hpp"
#include "io/inflate.hpp"
#include "io/npz.hpp"
#include "mutations.hpp"
#include "npz_files.hpp"

namespace facenet {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::string inflated(std::span<const std::uint8_t> stream, std::size_t size) {
  const Bytes bytes = inflate(stream, size, "x");
  return {bytes.begin(), bytes.end()};
}

std::string layers_text() {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += "layer " + std::to_string(i) + " has " + std::to_string(i * i) + " weights, ";
  }
  return text;
}

}  // namespace

TEST_CASE("inflate: the three kinds of blocks") {
  const std::string text = layers_text();
  CHECK(inflated(test::kText, text.size()) == text);
  CHECK(inflated(test::kPlain, 8) == "as it is");
  std::string abc;
  for (int i = 0; i < 21; ++i) abc += "abc";
  CHECK(inflated(test::kFixed, abc.size()) == abc);
  CHECK(crc32(std::span<const std::uint8_t>()) == 0);
  const std::string check = "123456789";
  CHECK(crc32({reinterpret_cast<const std::uint8_t*>(check.data()), check.size()}) == 0xcbf43926U);
}

TEST_CASE("inflate: neither more nor less than promised") {
  const std::size_t size = layers_text().size();
  const std::span<const std::uint8_t> stream(test::kText);
  CHECK_THROWS_WITH(inflate(stream, size - 1, "x"), test::Contains("more than"));
  CHECK_THROWS_WITH(inflate(stream, size + 1, "x"), test::Contains("fewer than"));
  CHECK_THROWS_AS(inflate(stream, std::uint64_t{1} << 62U, "x"), FormatError);
  for (std::size_t length = 0; length < stream.size(); ++length) {
    CHECK_THROWS_AS(inflate(stream.first(length), size, "x"), FormatError);
  }
  Bytes longer(stream.begin(), stream.end());
  longer.push_back(0);
  CHECK_THROWS_WITH(inflate(longer, size, "x"), test::Contains("follows"));
  Random random(3);
  for (int i = 0; i < 20000; ++i) {
    const Bytes bytes = test::damaged(Bytes(stream.begin(), stream.end()), random);
    try {
      const auto result = inflate(bytes, size, "x");
      CHECK(result.size() == size);
    } catch (const FormatError&) {
    }
  }
}

TEST_CASE("npz: what numpy.savez and savez_compressed write") {
  for (const std::span<const std::uint8_t> file :
       {std::span<const std::uint8_t>(test::kStored), std::span<const std::uint8_t>(test::kDeflated)}) {
    const auto tensors = parse_npz(file, "x.npz");
    REQUIRE(tensors.size() == 3);
    CHECK(tensors[0].name == "conv.weight");
    CHECK(tensors[0].dtype == "F32");
    CHECK(tensors[0].shape == Shape{2, 3});
    const Tensor weights = tensors[0].tensor();
    for (int i = 0; i < 6; ++i) CHECK(weights.floats()[static_cast<std::size_t>(i)] == 0.5F * static_cast<float>(i));
    CHECK(tensors[1].dtype == "I64");
    CHECK(tensors[1].shape == Shape{});
    CHECK(tensors[2].dtype == "F64");
    double last = 0;
    std::memcpy(&last, tensors[2].bytes.data() + 8, 8);
    CHECK(last == -1.25);
  }
}

TEST_CASE("npz: damaged and cut-off archives") {
  CHECK_THROWS_WITH(parse_npz(Bytes{'n', 'o'}, "x.npz"), test::Contains("'x.npz'"));
  for (const std::span<const std::uint8_t> file :
       {std::span<const std::uint8_t>(test::kStored), std::span<const std::uint8_t>(test::kDeflated)}) {
    for (std::size_t size = 0; size < file.size(); ++size) {
      CHECK_THROWS_AS(parse_npz(file.first(size), "x.npz"), FormatError);
    }
    const Bytes good(file.begin(), file.end());
    Random random(7);
    int read = 0;
    for (int i = 0; i < 20000; ++i) {
      const Bytes bytes = test::damaged(good, random);
      try {
        (void)parse_npz(bytes, "x.npz");
        ++read;
      } catch (const FormatError&) {
      }
    }
    CHECK(read < 20000);
    // A weight that changed does not pass.
    Bytes changed = good;
    const std::string magic = "\x93NUMPY";
    const auto array = std::search(changed.begin(), changed.end(), magic.begin(), magic.end());
    if (array != changed.end()) {
      array[130] ^= 1;
      CHECK_THROWS_WITH(parse_npz(changed, "x.npz"), test::Contains("checksum"));
    }
  }
}

TEST_CASE("npz: arrays that lie over each other are refused") {
  const Bytes good(std::begin(test::kStored), std::end(test::kStored));
  // The directory's entries: 46 bytes and a name; 16: checksum and sizes, 42: where the array lies.
  const std::size_t first = 0x25f;
  const std::size_t second = first + 46 + 15;
  REQUIRE(good[second + 46] == 'n');
  Bytes twice = good;  // two names for the same bytes, all of whose sizes and checksums are true
  std::copy_n(good.begin() + first + 16, 12, twice.begin() + second + 16);
  std::copy_n(good.begin() + first + 42, 4, twice.begin() + second + 42);
  CHECK_THROWS_WITH(parse_npz(twice, "x.npz"), test::Contains("lie over each other"));
  Bytes longer = good;  // reaches into the next one's header, without a say in what is in it
  longer[first + 20] += 40;
  longer[first + 24] += 40;
  CHECK_THROWS_WITH(parse_npz(longer, "x.npz"), test::Contains("'conv.weight.npy' lies over what follows it"));
  Bytes last = good;  // the last one reaches into the directory
  const std::size_t third = second + 46 + 5;
  last[third + 20] += 10;
  last[third + 24] += 10;
  CHECK_THROWS_WITH(parse_npz(last, "x.npz"), test::Contains("'d.npy' lies over what follows it"));
}

TEST_CASE("npz: weights of a network, from NumPy's archive to a model") {
  // An archive that lacks what the network wants says so, after it has been read.
  ImportOptions options;
  options.architecture = "tiny";
  const auto import = [&](const ImportOptions& o) {
    return import_source({.bytes = Bytes(std::begin(test::kDeflated), std::end(test::kDeflated)), .name = "'x.npz'"},
                         o);
  };
  CHECK_THROWS_WITH(import(options), test::Contains("'x.npz': the tensor 'conv1/weights' of tiny is missing"));
  CHECK_THROWS_WITH(import({}), test::Contains("--arch"));
}

}  // namespace facenet
