// InsightFace's packed pairs, as Python 2 and 3 write them; and hostile ones.
#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "facenet/error.hpp"
#include "facenet/protocols.hpp"

using namespace facenet;

namespace {

std::vector<std::uint8_t> from_hex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

PackedPairs read(std::span<const std::uint8_t> bytes) {
  const test::ScratchFolder folder;
  write_file(folder / "x.bin", std::string(bytes.begin(), bytes.end()));
  return read_packed_pairs(folder / "x.bin");
}
PackedPairs read(const std::string& text) { return read(std::vector<std::uint8_t>(text.begin(), text.end())); }

std::string fault_of(const std::string& text) {
  try {
    read(text);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "taken";
}

// pickle.dumps(([b'\xff\xd8ab', b'cd\x80', b'ef', b'gh\xe9', <the first again>, b'ij'], [True, False, True]), protocol)
constexpr const char* kProtocols[] = {
    "80025d710028635f636f646563730a656e636f64650a71015806000000c3bfc3986162710258060000006c6174696e31710386710452710568"
    "0158040000006364c280710668038671075271086801580200000065667109680386710a52710b680158040000006768c3a9710c680386710d"
    "52710e680568015802000000696a710f6803867110527111655d711228888988658671132e",
    "80035d7100284304ffd8616271014303636480710243026566710343036768e9710468014302696a7105655d710628888988658671072e",
    "8004952d000000000000005d94284304ffd8616294430363648094430265669443036768e99468014302696a94655d94288889886586942e",
    "8005952d000000000000005d94284304ffd8616294430363648094430265669443036768e99468014302696a94655d94288889886586942e"};

}  // namespace

TEST_CASE("packed pairs of each protocol of Python 3") {
  for (const char* hex : kProtocols) {
    const PackedPairs packed = read(from_hex(hex));
    REQUIRE(packed.images.size() == 5);  // the fifth is the first again
    CHECK(packed.images[0] == std::vector<std::uint8_t>{0xff, 0xd8, 'a', 'b'});
    CHECK(packed.images[1] == std::vector<std::uint8_t>{'c', 'd', 0x80});
    CHECK(packed.images[3] == std::vector<std::uint8_t>{'g', 'h', 0xe9});
    REQUIRE(packed.pairs.size() == 3);
    CHECK(packed.pairs[0].same);
    CHECK_FALSE(packed.pairs[1].same);
    CHECK(packed.pairs[2].a == 0);
    CHECK(packed.pairs[2].b == 4);
    CHECK(packed.folds == 10);
    CHECK(packed.pairs[0].fold == 1);
    CHECK(packed.pairs[2].fold == 7);
  }
}

TEST_CASE("packed pairs of Python 2, and with numpy's truth") {
  const PackedPairs two = read("\x80\x02](U\x02xyT\x02" + std::string(3, '\0') +
                               "zwe]\x88"
                               "a\x86.");
  REQUIRE(two.images.size() == 2);
  CHECK(two.images[1] == std::vector<std::uint8_t>{'z', 'w'});
  CHECK(two.pairs[0].same);
  for (const char* hex :
       {"80025d710028635f636f646563730a656e636f64650a71015806000000c3bfc3986162710258060000006c6174696e31710386710452"
        "7105680158040000006364c28071066803867107527108655d7109636e756d70792e5f636f72652e6d756c746961727261790a7363616c"
        "61720a710a636e756d70790a64747970650a710b58020000006231710c898887710d52710e284b0358010000007c710f4e4e4e4affffff"
        "ff4affffffff4b0074711062680158010000000171116803867112527113867114527115618671162e",
        "80049579000000000000005d94284304ffd8616294430363648094655d948c166e756d70792e5f636f72652e6d756c7469617272617994"
        "8c067363616c61729493948c056e756d7079948c0564747970659493948c02623194898887945294284b038c017c944e4e4e4affffffff"
        "4affffffff4b0074946243010194869452946186942e"}) {
    const PackedPairs packed = read(from_hex(hex));
    REQUIRE(packed.pairs.size() == 1);
    CHECK(packed.pairs[0].same);
    CHECK(packed.images[1].size() == 3);
  }
}

TEST_CASE("what is no packed pairs is refused, and a small file takes little memory") {
  CHECK(fault_of("").find("cut off") != std::string::npos);
  CHECK(fault_of("\x80\x03].").find("no images with a list") != std::string::npos);
  CHECK(fault_of("\x80\x03](C\x01xC\x01ye](\x88\x88"
                 "e\x86.")
            .find("2 images for 2 pairs") != std::string::npos);
  CHECK(fault_of("\x80\x03](K\x01K\x02"
                 "e]\x88"
                 "a\x86.")
            .find("no plain bytes") != std::string::npos);
  CHECK(fault_of("\x80\x03](C\x01xC\x01ye]K\x02"
                 "a\x86.")
            .find("neither True nor False") != std::string::npos);
  CHECK(fault_of("\x80\x03(cos\nsystem\nC\x02ls\x85R]\x86.") != "taken");
  // A thousand references to one image of a megabyte: kept once.
  std::string inside = "\x80\x03](B" + std::string("\0\0\x10\0", 4) + std::string(std::size_t{1} << 20U, 'x') + "q\x01";
  inside += "h\x01";
  std::string truth = "](\x88";
  for (int i = 1; i < 1000; ++i) {
    inside += "h\x01h\x01";
    truth += "\x89";
  }
  const PackedPairs packed = read(inside + "e" + truth + "e\x86.");
  CHECK(packed.pairs.size() == 1000);
  CHECK(packed.images.size() == 1);
}
