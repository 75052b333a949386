// Files of codes: round trip, and ones that mean harm.
#include <string>

#include <facenet/codes.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "base/files.hpp"
#include "base/random.hpp"
#include "catch.hpp"
#include "data.hpp"

namespace facenet {
namespace {

Embeddings sample(std::size_t n, std::size_t dimension) {
  Random random(n);
  Embeddings rows{dimension, std::vector<float>(n * dimension)};
  for (float& value : rows.values) value = static_cast<float>(0.1 * random.normal());
  return rows;
}

std::string text_of(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

// The codec with one part of its text replaced.
void check_refused(const std::filesystem::path& npy, const std::string& from, const std::string& to) {
  const std::string good = text_of(codec_beside(npy));
  INFO(from << " -> " << to);
  REQUIRE(good.find(from) != std::string::npos);
  std::string bad = good;
  bad.replace(good.find(from), from.size(), to);
  write_file(codec_beside(npy), bad);
  CHECK_THROWS_AS(read_codes(npy), FormatError);
  CHECK_THROWS_AS(read_embeddings(npy), FormatError);
  write_file(codec_beside(npy), good);
}

}  // namespace

TEST_CASE("codes come back from files the same, and decode to the same") {
  const test::ScratchFolder scratch;
  const Embeddings rows = sample(50, 21);
  for (const char* form : {"8bit", "1bit", "pca7"}) {
    const Codec codec = Codec::calibrate(rows, form);
    const Codes codes = codec.encode(rows);
    write_codes(scratch / "a.npy", {codec, codes}, scratch / "a.csv", "whose");
    const CodedEmbeddings back = read_codes(scratch / "a.npy");
    CHECK(back.codes.values == codes.values);
    CHECK(back.codec.form() == form);
    CHECK(back.codec.decode(back.codes).values == codec.decode(codes).values);
    CHECK(read_embeddings(scratch / "a.npy").values == codec.decode(codes).values);
    CHECK(text_of(scratch / "a.csv") == "whose");
    CHECK(holds_codes(scratch / "a.npy"));
  }
  write_npy(scratch / "b.npy", rows);
  CHECK(read_embeddings(scratch / "b.npy").values == rows.values);
  CHECK_FALSE(holds_codes(scratch / "b.npy"));
  CHECK_FALSE(holds_codes(scratch / "none.npy"));
  CHECK_THROWS_AS(read_codes(scratch / "b.npy"), FormatError);
  CHECK_THROWS_AS(read_codes(scratch / "none.npy"), IoError);
  const Codec codec = Codec::calibrate(rows, "8bit");
  CHECK_THROWS_AS(write_codes(scratch / "c.npy", {codec, {20, std::vector<std::uint8_t>(40)}}, scratch / "c.csv", ""),
                  InvalidArgument);
  CHECK_FALSE(std::filesystem::exists(scratch / "c.npy"));
}

TEST_CASE("codes whose codec is broken, foreign or missing are refused") {
  const test::ScratchFolder scratch;
  const Embeddings rows = sample(30, 4);
  const auto npy = scratch / "a.npy";
  const auto write = [&](const char* form) {
    const Codec codec = Codec::calibrate(rows, form);
    write_codes(npy, {codec, codec.encode(rows)}, scratch / "a.csv", "");
  };
  write("8bit");
  check_refused(npy, "\"dimension\":4", "\"dimension\":5");
  check_refused(npy, "\"dimension\":4", "\"dimension\":-4");
  check_refused(npy, "\"dimension\":4", "\"dimension\":0");
  check_refused(npy, "\"dimension\":4", "\"dimension\":4000000000000");
  check_refused(npy, "\"form\":\"8bit\"", "\"form\":\"7bit\"");
  check_refused(npy, "\"form\":\"8bit\"", "\"form\":\"1bit\"");  // other bytes than the codes have
  check_refused(npy, "\"form\":\"8bit\"", "\"form\":\"pca4\"");  // its directions are missing
  check_refused(npy, "\"form\":\"8bit\"", "\"form\":8");
  check_refused(npy, "\"facenet.codec\":1", "\"facenet.codec\":2");
  check_refused(npy, "\"low\":[", "\"low\":[0,");
  check_refused(npy, "\"low\":[", "\"low\":[1e39],\"more\":[");
  check_refused(npy, "\"step\":[", "\"step\":[-1,0,0,0],\"more\":[");
  check_refused(npy, "\"step\":[", "\"step\":[1e7,0,0,0],\"more\":[");
  check_refused(npy, "\"step\":[", "\"step\":[\"x\",0,0,0],\"more\":[");
  check_refused(npy, "{", "");
  std::filesystem::remove(codec_beside(npy));
  CHECK_THROWS_AS(read_codes(npy), IoError);
  write("pca2");
  check_refused(npy, "\"form\":\"pca2\"", "\"form\":\"pca3\"");
  check_refused(npy, "\"directions\":[", "\"directions\":[0,");
  check_refused(npy, "\"mean\":[", "\"mean\":[0,");
  // And codes that are cut off, or claim more than is there.
  std::string bytes = text_of(npy);
  write_file(npy, bytes.substr(0, bytes.size() - 1));
  CHECK_THROWS_AS(read_codes(npy), FormatError);
  std::string huge = bytes;
  huge.replace(huge.find("(30, 2)"), 7, "(30, 4294967296000)");
  write_file(npy, huge);
  CHECK_THROWS_AS(read_codes(npy), FormatError);
  huge = bytes;
  huge.replace(huge.find("(30, 2)"), 7, "(60, 0)");
  write_file(npy, huge);
  CHECK_THROWS_AS(read_codes(npy), FormatError);
}

}  // namespace facenet
