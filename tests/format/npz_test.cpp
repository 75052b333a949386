// npz archives and the deflate streams in them.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>

#include <facenet/embeddings.hpp>
#include <facenet/error.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "io/importers.hpp"
#include "io/inflate.hpp"
#include "io/npy.hpp"
#include "io/npz.hpp"
#include "mutations.hpp"
#include "npz_file.hpp"
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

TEST_CASE("npz: embeddings with the names of their files, as NumPy reads them") {
  const test::ScratchFolder folder;
  const Embeddings embeddings{3, {1, 2, 3, 4, 5, 6}};
  const std::vector<std::string> files{"a/\xc3\xa9.jpg", "b\xff.png"};
  const std::vector<std::int64_t> numbers{0, 7};
  write_npz(folder / "e.npz", {embeddings, files, numbers});
  const Bytes bytes = read_file(folder / "e.npz");
  // Each array where its local header says, whole by its checksum.
  std::map<std::string, Bytes> arrays;
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, 4);
    return value;
  };
  for (std::size_t at = 0; number(at) == 0x04034b50U;) {
    const std::size_t name = number(at + 26);
    const std::size_t size = number(at + 22);
    const std::uint8_t* begin = bytes.data() + at + 30;
    Bytes content(begin + name, begin + name + size);
    CHECK(crc32(content) == number(at + 14));
    arrays[std::string(begin, begin + name)] = std::move(content);
    at += 30 + name + size;
  }
  REQUIRE(arrays.size() == 3);
  CHECK(parse_npy(arrays.at("embeddings.npy"), "x").values == embeddings.values);
  const NpyArray face = parse_npy_array(arrays.at("face.npy"), "x");
  CHECK(face.type == "<i8");
  CHECK(face.shape == std::vector<std::uint64_t>{2});
  REQUIRE(face.data.size() == 16);
  CHECK(std::memcmp(face.data.data(), numbers.data(), 16) == 0);
  const NpyArray file = parse_npy_array(arrays.at("file.npy"), "x");
  CHECK(file.type == "<U7");
  REQUIRE(file.data.size() == 56);
  std::u32string names(14, 0);
  std::memcpy(names.data(), file.data.data(), 56);
  CHECK(names.substr(0, 7) == U"a/\u00e9.jpg");
  CHECK(names[7] == U'b');
  CHECK(names[8] == char32_t{0xdcff});  // a byte that is no UTF-8, as Python has it
  CHECK(names.substr(9, 4) == U".png");
  CHECK(names[13] == 0);

  write_npz(folder / "again.npz", {embeddings, files, numbers});
  CHECK(read_file(folder / "again.npz") == bytes);
  CHECK_THROWS_AS(write_npz(folder / "f.npz", {embeddings, files, {0}}), InvalidArgument);
  CHECK_THROWS_AS(write_npz(folder / "f.npz", {embeddings, files, numbers, {1}}), InvalidArgument);
  CHECK_FALSE(std::filesystem::exists(folder / "f.npz"));
}

TEST_CASE("npz: embeddings and whose they are, read as they were written") {
  const test::ScratchFolder folder;
  const NamedEmbeddings written{{2, {1, 0, 0, 1, 0.5F, -0.5F}},
                                {"a/\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82.jpg", "b\xff\xc3.png", ""},
                                {0, 7, 123456789012},
                                {9.5F, 8, 0.25F}};
  const auto same = [&](const NamedEmbeddings& read, const std::vector<float>& norms) {
    CHECK(read.embeddings.dimension == 2);
    CHECK(read.embeddings.values == written.embeddings.values);
    CHECK(read.files == written.files);
    CHECK(read.faces == written.faces);
    CHECK(read.norms == norms);
  };
  write_npz(folder / "e.npz", written);
  same(read_npz(folder / "e.npz"), written.norms);
  NamedEmbeddings without = written;
  without.norms.clear();
  write_npz(folder / "w.npz", without);
  same(read_npz(folder / "w.npz"), {});
  write_npz(folder / "none.npz", {{4, {}}});
  CHECK(read_npz(folder / "none.npz").embeddings.dimension == 4);
  CHECK(read_npz(folder / "none.npz").files.empty());
}

TEST_CASE("npz: arrays that are no embeddings with their names") {
  const std::string ones(16, '\0');
  const std::string numbers = test::npy_of("<f4", "(2, 2)", ones);
  const std::string files = test::npy_of("<U1", "(2,)", std::string("a\0\0\0b\0\0\0", 8));
  const auto read = [](const std::vector<std::pair<std::string, std::string>>& arrays) {
    const std::string bytes = test::npz_of(arrays);
    return parse_named_embeddings({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "x.npz");
  };
  const auto good = read({{"other", test::npy_of("|u1", "(3,)", "abc")}, {"file", files}, {"embeddings", numbers}});
  CHECK(good.files == std::vector<std::string>{"a", "b"});
  CHECK(good.faces == std::vector<std::int64_t>{0, 0});
  CHECK(good.norms.empty());

  struct Case {
    std::vector<std::pair<std::string, std::string>> arrays;
    const char* says;
  };
  const Case cases[] = {
      {{{"file", files}}, "'x.npz' has no array 'embeddings', "},
      {{{"embeddings", numbers}}, "'x.npz' has no array 'file', "},
      {{{"embeddings", test::npy_of("<f8", "(2, 1)", ones)}, {"file", files}}, "the array 'embeddings' is [2,1] F64"},
      {{{"embeddings", test::npy_of("<f4", "(4,)", ones)}, {"file", files}}, "the array 'embeddings' is [4] F32"},
      {{{"embeddings", test::npy_of("<f4", "(2, 0)", "")}, {"file", files}}, "'embeddings' is larger than its file"},
      {{{"embeddings", test::npy_of("<f4", "(1, 4)", ones)}, {"file", files}},
       "'file' has 2 rows, but 'embeddings' has 1"},
      {{{"embeddings", numbers}, {"file", test::npy_of("<U1", "(3,)", ones)}},
       "its shape makes 12 bytes, and it has 16"},
      {{{"embeddings", numbers}, {"file", test::npy_of("|S4", "(4,)", ones)}}, "numbers of type '|S4'"},
      {{{"embeddings", numbers}, {"file", test::npy_of("<U", "(4,)", ones)}}, "numbers of type '<U'"},
      {{{"embeddings", numbers}, {"file", test::npy_of("<i8", "(2,)", ones)}}, "the array 'file' is [2] I64"},
      {{{"embeddings", numbers}, {"file", files}, {"face", test::npy_of("<i4", "(2,)", ones.substr(8))}},
       "'face' is [2] I32"},
      {{{"embeddings", numbers}, {"file", files}, {"face", test::npy_of("<i8", "(1,)", ones.substr(8))}},
       "'face' has 1 rows"},
      {{{"embeddings", numbers}, {"file", files}, {"norm", test::npy_of("<f4", "(1,)", ones.substr(12))}},
       "'norm' has 1 rows"},
      {{{"embeddings", numbers},
        {"file", test::npy_of("<U2", "(2,)", std::string("\0\0\0\0a\0\0\0", 8) + ones.substr(8))}},
       "'file' of row 0 is no text"},
      {{{"embeddings", numbers}, {"file", test::npy_of("<U1", "(2,)", std::string("a\0\0\0\0\xd8\0\0", 8))}},
       "'x.npz': 'file' of row 1 is no text"},
      {{{"embeddings", numbers}, {"file", test::npy_of("<U1", "(2,)", std::string("a\0\0\0\0\0\x11\0", 8))}},
       "'x.npz': 'file' of row 1 is no text"},
  };
  for (const auto& each : cases) CHECK_THROWS_WITH(read(each.arrays), test::Contains(each.says));
}

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
