// Each fuzz target without libFuzzer: its seeds are read, and so many of their damaged copies give a value or one of
// our errors ($FACENET_FUZZ_RUNS; `scripts/fuzz.sh` runs the same targets for as long as one likes).
#include <cstdlib>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include <facenet/error.hpp>

#include "../format/mutations.hpp"
#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "targets.hpp"

namespace facenet::fuzz {
namespace {

int runs() {
  const char* set = std::getenv("FACENET_FUZZ_RUNS");
  return set != nullptr && *set != '\0' ? std::atoi(set) : 2000;
}

void check(std::span<const Target> some) {
  for (const Target& target : some) {
    const auto seeds = target.seeds();
    REQUIRE_FALSE(seeds.empty());
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      INFO(target.name << ", seed " << i);
      CHECK_NOTHROW(target.read(seeds[i]));
    }
    int refused = 0;
    Random random(20150312);
    for (int i = 0; i < runs(); ++i) {
      const Bytes bytes = test::damaged(seeds[random.below(seeds.size())], random);
      try {
        target.read(bytes);
      } catch (const Error&) {
        ++refused;
      } catch (const std::exception& error) {
        FAIL(target.name << ", run " << i << ", " << bytes.size() << " bytes: " << error.what());
      }
    }
    INFO(target.name << ": " << refused << " of " << runs() << " refused");
    // What cannot be refused: any bytes are segments to pass over.
    CHECK((refused > 0 || target.name == "exif"));
  }
}

}  // namespace

TEST_CASE("fuzz: pictures", "[image]") { check(image_targets()); }
TEST_CASE("fuzz: a JPEG whose data end within a code, which stb_image shifts by 32 bits", "[image]") {
  const std::string_view digits =
      "ffd8ffffc0001108001d002503012200021101031101ff0708ffc400b5100002010303020403050504040000017d0708090a"
      "0bfdfdfdfdfdfde6e7e8e9eaf2fd03010002110311003f0016243dfdc525d92fff00c7fdc8c9cad2d3d4d5d6d72fff00c7fd"
      "e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9faffda000c03010002110311003f003dfdc525d92fff00c7fd110311003f003dfdc525"
      "d92fff00c7fd03010002110311003f0016243dfdc525d92fff00c7fdc8c9cad2d3d4d5d6d72fff00c7fde4e5e6e7e8e9eaf2"
      "f3f4f5f6f7f8f9faffda000c03010002110311003f003dfdc525d92fff00c7fd";
  Bytes bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  }
  CHECK_THROWS_AS(image_targets()[0].read(bytes), FormatError);
}
TEST_CASE("fuzz: networks and weights") { check(network_targets()); }
TEST_CASE("fuzz: arrays") { check(array_targets()); }
TEST_CASE("fuzz: tables") { check(table_targets()); }
TEST_CASE("fuzz: galleries and trainings") { check(state_targets()); }
TEST_CASE("fuzz: what the program has kept") { check(program_targets()); }

TEST_CASE("fuzz: every target has a name of its own, and scripts/fuzz.sh runs it") {
  const auto script = read_file(test::source_dir() / "scripts/fuzz.sh");
  std::string list(script.begin(), script.end());
  list = list.substr(list.find("TARGETS=(") + 9);
  list.erase(list.find(')'));
  std::istringstream words(list);
  const std::set<std::string> run{std::istream_iterator<std::string>(words), {}};
  std::set<std::string_view> names;
  for (const Target& target : targets()) {
    INFO(target.name);
    CHECK(names.insert(target.name).second);
    CHECK(run.contains(std::string(target.name)));
  }
}

}  // namespace facenet::fuzz
