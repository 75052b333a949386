// embed: every way in and out, and what goes wrong.
#include <cmath>

#include <facenet/codes.hpp>
#include <facenet/csv.hpp>
#include <facenet/embedder.hpp>
#include <facenet/embeddings.hpp>
#include <facenet/image.hpp>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

double largest_difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(static_cast<double>(a[i] - b[i])));
  return largest;
}

}  // namespace

TEST_CASE("embed writes npy and csv, in the order of the folder's names", "[program]") {
  const ScratchFolder scratch;
  const auto result = run({"embed", "-m", world().model, world().faces, "-o", scratch / "e.npy"});
  REQUIRE(result.status == 0);
  CHECK(result.out.empty());
  const auto embeddings = read_npy(scratch / "e.npy");
  const auto table = CsvTable::open(scratch / "e.csv");
  REQUIRE(embeddings.size() == 24);
  REQUIRE(table.rows.size() == 24);
  CHECK(table.header ==
        std::vector<std::string>{
            "file",          "face",          "x1",          "y1",         "x2",     "y2",           "left_eye_x",
            "left_eye_y",    "right_eye_x",   "right_eye_y", "nose_x",     "nose_y", "mouth_left_x", "mouth_left_y",
            "mouth_right_x", "mouth_right_y", "quality",     "confidence", "size",   "sharpness",    "pose",
            "turned",        "cut_off",       "tiny",        "blurred",    "norm"});
  CHECK(table.number(5, table.column("norm")) > 0);
  CHECK(table.rows[0][0] == world().face(1, 1));
  CHECK(table.rows[5][0] == world().face(2, 2));
  CHECK(table.number(5, 4) == 64);
  Embedder embedder(Model::load(world().model));
  CHECK(largest_difference(embeddings[5], embedder.embed(Image::open(world().face(2, 2)))) < 1e-5);
}

TEST_CASE("embed writes codes, and what reads embeddings reads them", "[program]") {
  const ScratchFolder scratch;
  REQUIRE(run({"embed", "-m", world().model, world().faces, "-o", scratch / "e.npy"}).status == 0);
  const auto embeddings = read_npy(scratch / "e.npy");
  const std::vector<std::string> codes{"embed", "-m", world().model, world().faces, "-o", scratch / "c.npy", "--codes"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), codes.begin(), codes.end());
    return run(more);
  };
  REQUIRE(with({"8bit", "--codes-from", scratch / "e.npy"}).status == 0);
  const CodedEmbeddings coded = read_codes(scratch / "c.npy");
  CHECK(coded.codes.size() == 24);
  CHECK(coded.codes.bytes == embeddings.dimension);
  CHECK(largest_difference(read_embeddings(scratch / "c.npy").values, embeddings.values) < 0.01);
  CHECK(CsvTable::open(scratch / "c.csv").rows.size() == 24);
  const std::vector<std::string> group{"cluster", "--clusters", "4", "--json", "--embeddings"};
  const auto cluster = [&](const char* file) {
    return run({group[0], group[1], group[2], group[3], group[4], scratch / file});
  };
  const auto grouped = cluster("c.npy");
  CHECK(grouped.status == 0);
  CHECK(grouped.lines().size() == cluster("e.npy").lines().size());
  const auto graph = [&](const char* file) {
    return run({"cluster", "--method", "graph", "--threshold", "0.8", "--csv", "--embeddings", scratch / file});
  };
  CHECK(graph("c.npy").status == 0);
  CHECK(CsvTable::parse(graph("c.npy").out, "csv").rows.size() ==
        CsvTable::parse(graph("e.npy").out, "csv").rows.size());
  REQUIRE(with({"1bit"}).status == 0);
  CHECK(read_codes(scratch / "c.npy").codes.bytes == (embeddings.dimension + 7) / 8);
  CHECK(with({"9bit"}).status == 2);
  CHECK(with({"pca64", "--codes-from", scratch / "none.npy"}).status == 4);
  CHECK(run({"embed", "-m", world().model, world().face(1, 1), "--json", "--codes", "8bit"}).status == 2);
  CHECK(run({"embed", "-m", world().model, world().face(1, 1), "--json", "--codes-from", scratch / "e.npy"}).status ==
        2);
}

TEST_CASE("embed gives the same numbers as JSON, CSV and npy", "[program]") {
  const ScratchFolder scratch;
  const std::vector<std::string> in{"embed", "-m", world().model, world().face(1, 1), world().face(4, 2)};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), in.begin(), in.end());
    return run(more);
  };
  REQUIRE(with({"-o", scratch / "e.npy"}).status == 0);
  const auto npy = read_npy(scratch / "e.npy");
  const auto lines = with({"--json"}).lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].at("file") == world().face(4, 2));
  CHECK(lines[1].at("face") == 0);
  CHECK(lines[1].at("box") == nlohmann::json({0, 0, 64, 64}));
  for (std::size_t row = 0; row < 2; ++row) {
    const auto read = lines[row].at("embedding").get<std::vector<float>>();
    CHECK(std::equal(read.begin(), read.end(), npy[row].begin(), npy[row].end()));  // to the bit
  }
  const auto table = CsvTable::parse(with({"--csv"}).out, "csv");
  REQUIRE(table.rows.size() == 2);
  for (std::size_t i = 0; i < npy.dimension; ++i) {
    CHECK(std::stof(table.rows[1][table.column("e" + std::to_string(i))]) == npy[1][i]);
  }
  REQUIRE(with({"-o", scratch / "e.json"}).status == 0);
  CHECK(nlohmann::json::parse(content_of(scratch / "e.json")).size() == 2);
  CHECK(with({}).status == 2);
  CHECK(with({"-o", scratch / "e.xyz"}).status == 2);
}

TEST_CASE("embed takes the model from the environment, and says where to get one", "[program]") {
  ProgramCall call{{"embed", world().face(1, 1), "--json"}};
  const auto without = run(call);
  CHECK(without.status == 2);
  CHECK(without.says("FACENET_MODEL"));
  CHECK(without.says("facenet train"));
  call.environment = {{"FACENET_MODEL", world().model}};
  CHECK(run(call).status == 0);
  call.environment = {{"FACENET_MODEL", world().faces / "landmarks.csv"}};
  CHECK(run(call).status == 4);
  call.environment = {{"FACENET_MODEL", "/nonexistent/m.fnm"}};
  CHECK(run(call).status == 4);
}

TEST_CASE("embed reads a list of paths from standard input", "[program]") {
  ProgramCall call{{"embed", "-m", world().model, "-", world().face(1, 1), "--json"}};
  call.input = world().face(2, 1) + "\n\n" + world().face(3, 1);  // no line end at the end
  const auto lines = run(call).lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].at("file") == world().face(2, 1));
  CHECK(lines[1].at("file") == world().face(3, 1));
  CHECK(lines[2].at("file") == world().face(1, 1));
  call.arguments = {"embed", "-m", world().model, "-", "-", "--json"};
  CHECK(run(call).status == 2);
  const ScratchFolder scratch;
  for (const std::string input : {"", "\n"}) {
    const auto embed = run(ProgramCall{{"embed", "-m", world().model, "-", "-o", scratch / "e.npy"}, input});
    CHECK(embed.status == 2);
    CHECK(embed.says("standard input names no file"));
    const auto identify =
        run(ProgramCall{{"identify", "-m", world().model, "--gallery", world().faces, "--threshold", "1", "-"}, input});
    CHECK(identify.status == 2);
    CHECK(identify.says("standard input names no file"));
  }
}

TEST_CASE("bad images among good ones are listed at the end, with status 3", "[program]") {
  const ScratchFolder scratch;
  write_text(scratch / "empty.jpg", "");
  write_text(scratch / "words.png", "not an image");
  write_text(scratch / "cut.png", content_of(world().face(1, 1)).substr(0, 900));
  fs::copy_file(world().face(1, 1), scratch / "good.png");
  const auto result = run({"embed", "-m", world().model, scratch.path(), scratch / "gone.jpg", "--json"});
  CHECK(result.status == 3);
  REQUIRE(result.lines().size() == 1);
  CHECK(result.lines()[0].at("file") == (scratch / "good.png").string());
  CHECK(result.says("4 of 5 inputs failed:"));
  for (const char* name : {"empty.jpg", "words.png", "cut.png", "gone.jpg"}) CHECK(result.says(name));

  fs::remove(scratch / "good.png");
  const auto all = run({"embed", "-m", world().model, scratch.path(), "-o", scratch / "e.npy"});
  CHECK(all.status == 4);
  CHECK_FALSE(fs::exists(scratch / "e.npy"));
  CHECK_FALSE(fs::exists(scratch / "e.csv"));
}

TEST_CASE("an output that cannot be written is status 4, and nothing is left", "[program]") {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "e.npy");
  CHECK(run({"embed", "-m", world().model, world().face(1, 1), "-o", scratch / "e.npy"}).status == 4);
  CHECK(run({"embed", "-m", world().model, world().face(1, 1), "-o", scratch / "no/e.npy"}).status == 4);
  CHECK(run({"embed", "-m", world().model, world().face(1, 1), "-o", "/dev/full", "--json"}).status == 4);
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"e.npy"});
  CHECK(fs::is_empty(scratch / "e.npy"));
}

TEST_CASE("paths may hold any bytes", "[program]") {
  const ScratchFolder scratch;
  const std::vector<std::string> names{
      "[brackets].png", "a \"quoted\", name.png", "line\nend.png",        "not utf-8 \xff\xfe.png",
      "{}.png",         "--dashes.png",           "\xc3\xa9t\xc3\xa9.png"};
  std::vector<std::string> paths;
  for (const auto& name : names) {
    paths.push_back(scratch / name);
    fs::copy_file(world().face(1, 1), paths.back());
  }
  std::vector<std::string> call{"embed", "-m", world().model, "--csv"};
  call.insert(call.end(), paths.begin(), paths.end());
  const auto csv = run(call);
  REQUIRE(csv.status == 0);
  const auto table = CsvTable::parse(csv.out, "csv");
  REQUIRE(table.rows.size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(table.rows[i][0] == paths[i]);

  call[3] = "--json";
  const auto lines = run(call).lines();  // parses: JSON is UTF-8, and U+FFFD stands for what is not
  REQUIRE(lines.size() == names.size());
  CHECK(lines[2].at("file") == paths[2]);
  CHECK(lines[3].at("file") == (scratch / "not utf-8 ").string() + "\xef\xbf\xbd\xef\xbf\xbd.png");
  CHECK(lines[6].at("file") == paths[6]);

  // A name that begins with a dash goes after --.
  const fs::path before = fs::current_path();
  fs::current_path(scratch.path());
  const auto dashes = run({"embed", "-m", world().model, "--json", "--", "--dashes.png"});
  fs::current_path(before);
  REQUIRE(dashes.status == 0);
  CHECK(dashes.object().at("file") == "--dashes.png");
}

TEST_CASE("landmarks align the faces, found by the end of their paths", "[program]") {
  const std::string table = world().faces / "landmarks.csv";
  const auto aligned = run({"embed", "-m", world().aligned, world().face(2, 1), "--landmarks", table, "--json"});
  REQUIRE(aligned.status == 0);
  CHECK(aligned.object().at("landmarks").size() == 5);
  const auto landmarks = aligned.object().at("landmarks");
  Landmarks points{};
  for (std::size_t i = 0; i < 5; ++i) {
    points[2 * i] = landmarks[i][0].get<float>();
    points[2 * i + 1] = landmarks[i][1].get<float>();
  }
  Embedder embedder(Model::load(world().aligned));
  const auto expected = embedder.embed(Image::open(world().face(2, 1)), points);
  CHECK(largest_difference(aligned.object().at("embedding").get<std::vector<float>>(), expected) < 1e-5);

  const auto cropped = run({"embed", "-m", world().aligned, world().face(2, 1), "--json"});
  CHECK(cropped.status == 0);
  CHECK(cropped.says("without --detector or --landmarks"));
  CHECK_FALSE(cropped.object().contains("landmarks"));

  const ScratchFolder scratch;
  fs::copy_file(world().face(1, 1), scratch / "stranger.png");
  const auto some =
      run({"embed", "-m", world().aligned, world().face(2, 1), scratch.path(), "--landmarks", table, "--json"});
  CHECK(some.status == 3);
  CHECK(some.lines().size() == 1);
  CHECK(some.says("stranger.png"));
  CHECK(run({"embed", "-m", world().aligned, world().face(2, 1), "--landmarks", "/nonexistent", "--json"}).status == 4);
}

TEST_CASE("embed is quiet when asked, and stops when asked", "[program]") {
  CHECK(run({"embed", "-m", world().aligned, world().face(1, 1), "--json", "--quiet"}).err.empty());
  const ScratchFolder scratch;
  ProgramCall call{{"embed", "-m", world().model, "-", "-o", scratch / "e.npy", "--flip"}};
  for (int i = 0; i < 100000; ++i) call.input += world().face(1, 1) + "\n";
  call.interrupt_after = 1000;
  CHECK(run(call).status == 130);
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"e.npy.partial"});
}

}  // namespace facenet::test
