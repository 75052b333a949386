// Long commands that are interrupted: what is kept, and that the same command goes on to the same result.
#include <algorithm>
#include <cmath>

#include <facenet/embeddings.hpp>

#include "catch.hpp"
#include "detector.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

// Each of the drawn faces under many names: enough work to be interrupted.
fs::path many(const ScratchFolder& scratch, int copies) {
  const fs::path folder = scratch / "many";
  for (int i = 0; i < copies; ++i) {
    const fs::path part = folder / ("part " + std::to_string(1000 + i));
    fs::create_directories(part);
    for (int person = 1; person <= 6; ++person) {
      fs::create_symlink(world().face(person, 1 + i % 4), part / (std::to_string(person) + ".png"));
    }
  }
  return folder;
}

std::size_t lines_in(const fs::path& path) {
  const std::string text = content_of(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Within what Embedder promises where an image is in another batch than it was.
bool nearly_equal(const fs::path& a, const fs::path& b) {
  const auto x = read_npy(a).values;
  const auto y = read_npy(b).values;
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](float u, float v) { return std::abs(u - v) < 1e-5F; });
}

ProgramCall stopped_at(std::vector<std::string> arguments, const fs::path& partial, std::size_t lines) {
  ProgramCall call{std::move(arguments)};
  call.interrupt_when = [=] { return fs::exists(partial) && lines_in(partial) >= lines; };
  return call;
}

}  // namespace

TEST_CASE("embed goes on where it was interrupted, to the same bits", "[program]") {
  const ScratchFolder scratch;
  const fs::path folder = many(scratch, 200);
  const auto command = [&](const fs::path& output) {
    return std::vector<std::string>{"embed", "-m", world().model, folder, "--batch", "8", "-o", output};
  };
  REQUIRE(run(command(scratch / "whole.npy")).status == 0);
  CHECK_FALSE(fs::exists(scratch / "whole.npy.partial"));

  const fs::path partial = scratch / "e.npy.partial";
  const auto stopped = run(stopped_at(command(scratch / "e.npy"), partial, 100));
  REQUIRE(stopped.status == 130);
  CHECK(stopped.says("This goes on:\n  facenet embed -m "));
  CHECK(stopped.says((scratch / "e.npy").string()));
  CHECK_FALSE(fs::exists(scratch / "e.npy"));
  CHECK_FALSE(fs::exists(scratch / "e.csv"));
  const std::size_t kept = lines_in(partial) - 1;
  REQUIRE(kept >= 99);
  REQUIRE(kept < 1200);

  SECTION("the same command") {
    const auto rest = run(command(scratch / "e.npy"));
    REQUIRE(rest.status == 0);
    CHECK(rest.says("going on with"));
    CHECK(content_of(scratch / "e.npy") == content_of(scratch / "whole.npy"));
    CHECK(content_of(scratch / "e.csv") == content_of(scratch / "whole.csv"));
    CHECK_FALSE(fs::exists(partial));
  }
  SECTION("a line that was being written, and one that somebody spoilt") {
    std::string text = content_of(partial);
    text.resize(text.size() - 40);
    const auto at = text.find("\"embeddings\":\"", text.size() / 2);
    REQUIRE(at != text.npos);
    text[at + 20] = 'x';
    write_text(partial, text);
    REQUIRE(run(command(scratch / "e.npy")).status == 0);
    CHECK(nearly_equal(scratch / "e.npy", scratch / "whole.npy"));
  }
  SECTION("an entry that nests deeper than there is stack") {
    const std::string header = content_of(partial).substr(0, content_of(partial).find('\n') + 1);
    constexpr std::size_t kDeep = 1000000;
    write_text(partial, header + "{\"file\":" + std::string(kDeep, '[') + std::string(kDeep, ']') + ",\"result\":1}\n");
    REQUIRE(run(command(scratch / "e.npy")).status == 0);
    CHECK(content_of(scratch / "e.npy") == content_of(scratch / "whole.npy"));
  }
  SECTION("interrupted again") {
    const auto again = run(stopped_at(command(scratch / "e.npy"), partial, kept + 100));
    REQUIRE(again.status == 130);
    CHECK(lines_in(partial) > kept + 1);
    REQUIRE(run(command(scratch / "e.npy")).status == 0);
    CHECK(content_of(scratch / "e.npy") == content_of(scratch / "whole.npy"));
  }
  SECTION("a photograph that has changed is embedded anew") {
    const fs::path first = folder / "part 1000/1.png";
    fs::remove(first);
    fs::copy_file(world().face(5, 3), first);
    REQUIRE(run(command(scratch / "e.npy")).status == 0);
    REQUIRE(run(command(scratch / "whole.npy")).status == 0);
    CHECK(nearly_equal(scratch / "e.npy", scratch / "whole.npy"));
  }
  SECTION("other options, or another model, begin anew") {
    auto other = command(scratch / "e.npy");
    other.emplace_back("--flip");
    const auto begun = run(other);
    REQUIRE(begun.status == 0);
    CHECK(begun.says("begins anew"));
    other.back() = "--quiet";
    other[2] = world().calibrated;  // the same network: calibration changes no embedding
    REQUIRE(run(other).status == 0);
    CHECK(content_of(scratch / "e.npy") == content_of(scratch / "whole.npy"));
  }
}

TEST_CASE("cluster goes on where it was interrupted", "[program]") {
  const ScratchFolder scratch;
  const fs::path folder = many(scratch, 200);
  const auto command = [&](const fs::path& output) {
    return std::vector<std::string>{"cluster", "-m",          world().model, folder, "--batch",
                                    "8",       "--threshold", "0.1",         "-o",   output};
  };
  REQUIRE(run(command(scratch / "whole.csv")).status == 0);
  const auto stopped = run(stopped_at(command(scratch / "c.csv"), scratch / "c.csv.partial", 100));
  REQUIRE(stopped.status == 130);
  CHECK(stopped.says("This goes on:\n  facenet cluster"));
  REQUIRE(run(command(scratch / "c.csv")).status == 0);
  CHECK(content_of(scratch / "c.csv") == content_of(scratch / "whole.csv"));
  CHECK_FALSE(fs::exists(scratch / "c.csv.partial"));
}

TEST_CASE("detect goes on where it was interrupted", "[program]") {
  const ScratchFolder scratch;
  const auto networks = random_mtcnn(3);
  save_detector(scratch / "d.fnm", networks);
  const fs::path folder = many(scratch, 100);
  const auto command = [&](const fs::path& output) {
    return std::vector<std::string>{"detect", "--detector", scratch / "d.fnm", folder, "--upright", "-o", output};
  };
  REQUIRE(run(command(scratch / "whole.jsonl")).status == 0);
  const auto stopped = run(stopped_at(command(scratch / "d.jsonl"), scratch / "d.jsonl.partial", 20));
  REQUIRE(stopped.status == 130);
  CHECK(stopped.says("This goes on:\n  facenet detect"));
  REQUIRE(run(command(scratch / "d.jsonl")).status == 0);
  CHECK(content_of(scratch / "d.jsonl") == content_of(scratch / "whole.jsonl"));
  CHECK_FALSE(fs::exists(scratch / "d.jsonl.partial"));
}

TEST_CASE("interrupted without an output file, embed keeps nothing and says so", "[program]") {
  const ScratchFolder scratch;
  ProgramCall call{{"embed", "-m", world().model, "-", "--json"}};
  for (int i = 0; i < 100000; ++i) call.input += world().face(1, 1) + "\n";
  call.interrupt_after = 1000;
  const auto stopped = run(call);
  CHECK(stopped.status == 130);
  CHECK(stopped.says("nothing was written"));
  CHECK(fs::is_empty(scratch.path()));
}

}  // namespace facenet::test
