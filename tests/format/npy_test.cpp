// npy files: round trip, and headers that mean harm.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "io/npy.hpp"

namespace facenet {
namespace {

std::vector<std::uint8_t> file_of(const std::string& header, std::size_t data_bytes, char version = 1) {
  std::string text = std::string("\x93NUMPY") + version + '\0';
  text += static_cast<char>(header.size() & 0xffU);
  text += static_cast<char>(header.size() >> 8U);
  if (version > 1) text += std::string(2, '\0');
  text += header + std::string(data_bytes, '\0');
  return {text.begin(), text.end()};
}

}  // namespace

TEST_CASE("npy: embeddings come back the same") {
  const test::ScratchFolder scratch;
  Embeddings embeddings;
  embeddings.append(std::vector<float>{1, 2.5F, -3e-30F});
  embeddings.append(std::vector<float>{4, 5, 6});
  write_npy(scratch / "a.npy", embeddings);
  const Embeddings back = read_npy(scratch / "a.npy");
  CHECK(back.dimension == 3);
  CHECK(back.values == embeddings.values);
  CHECK(read_file(scratch / "a.npy").size() == 128 + 24);
  write_npy(scratch / "none.npy", {128, {}});
  CHECK(read_npy(scratch / "none.npy").dimension == 128);
  CHECK(read_npy(scratch / "none.npy").size() == 0);
  CHECK_THROWS_AS(write_npy(scratch / "no" / "folder.npy", embeddings), IoError);
  CHECK_THROWS_AS(write_npy(scratch / "torn.npy", {3, {1, 2}}), InvalidArgument);
}

TEST_CASE("npy: with a file beside it, both are new or both are as they were") {
  const test::ScratchFolder scratch;
  const Embeddings one{2, {1, 2}};
  write_npy(scratch / "a.npy", one, scratch / "a.csv", "one");
  CHECK(read_npy(scratch / "a.npy").values == one.values);
  CHECK(read_file(scratch / "a.csv") == std::vector<std::uint8_t>{'o', 'n', 'e'});
  // A limit to the size of files stands for a full disk.
  rlimit former{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &former) == 0);
  const rlimit small{4096, former.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  bool failed = false;
  try {
    write_npy(scratch / "a.npy", {2, std::vector<float>(2000)}, scratch / "a.csv", "two");
  } catch (const IoError&) {
    failed = true;
  }
  ::setrlimit(RLIMIT_FSIZE, &former);
  std::signal(SIGXFSZ, handler);
  CHECK(failed);
  CHECK(read_npy(scratch / "a.npy").values == one.values);
  CHECK(read_file(scratch / "a.csv") == std::vector<std::uint8_t>{'o', 'n', 'e'});
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.path()), {}) == 2);
}

TEST_CASE("npy: other spellings of the header are read") {
  for (const char version : {'\1', '\2', '\3'}) {
    CHECK(parse_npy(file_of(R"({"shape":(2,3),"descr":"<f4","fortran_order":False})", 24, version), "x").size() == 2);
  }
}

TEST_CASE("npy: whatever does not fit is refused") {
  const char* headers[] = {
      "",
      "{",
      "{}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)",
      "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': ()}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387906, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808, 0)}",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x",
  };
  for (const char* header : headers) {
    INFO(header);
    CHECK_THROWS_AS(parse_npy(file_of(header, 24), "x"), FormatError);
  }
  const auto good = file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24);
  CHECK(parse_npy(good, "x").size() == 2);
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_THROWS_AS(parse_npy(std::span(good).first(size), "x"), FormatError);
  }
  CHECK_THROWS_AS(parse_npy(file_of("{}", 0, 4), "x"), FormatError);
}

}  // namespace facenet
