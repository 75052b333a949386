// facenet gallery, and identify with a gallery's file.
#include <algorithm>

#include <facenet/csv.hpp>
#include <facenet/embeddings.hpp>
#include <facenet/model.hpp>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

// A folder of the world's people under names of our own.
void copy_people(const fs::path& root, const std::vector<std::string>& names, int images) {
  for (std::size_t p = 0; p < names.size(); ++p) {
    fs::create_directories(root / names[p]);
    for (int i = 1; i <= images; ++i) {
      fs::copy_file(world().face(static_cast<int>(p) + 1, i), root / names[p] / (std::to_string(i) + ".png"));
    }
  }
}

}  // namespace

TEST_CASE("a gallery is made, filled from folders, asked, changed and emptied", "[program]") {
  const ScratchFolder scratch;
  const std::string g = scratch / "people.gallery";
  copy_people(scratch / "people", {"Zoë 李", "b, \"c\"", "person 3"}, 2);
  const auto calls = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "gallery");
    return run(arguments);
  };
  REQUIRE(calls({"create", g, "-m", world().model}).status == 0);
  CHECK(calls({"create", g, "-m", world().model}).status == 2);
  const std::vector<std::string> add{"add", g, "-m", world().model, "--folder", scratch / "people"};
  const auto first = calls(add);
  CHECK(first.status == 0);
  CHECK(first.says("enrolled 6 images"));

  // Again: nothing is done twice; what cannot be read is named, and the rest goes in.
  fs::copy_file(world().face(1, 3), scratch / "people/Zoë 李/3.png");
  fs::copy_file(world().face(2, 1), scratch / "people/person 3/9.png");
  write_text(scratch / "people/person 3/bad.jpg", "damaged");
  const auto second = calls(add);
  CHECK(second.status == 3);
  CHECK(second.says("enrolled 2 images, 6 were enrolled already"));
  CHECK(second.says("bad.jpg"));
  CHECK(second.says("under another name"));

  const auto list = calls({"list", g, "--json"});
  REQUIRE(list.status == 0);
  REQUIRE(list.lines().size() == 3);
  CHECK(list.lines()[0].at("name") == "Zoë 李");
  CHECK(list.lines()[0].at("images") == 3);
  CHECK(list.says("3 people, 8 images"));
  CHECK(list.says("search exact"));
  const auto table = CsvTable::parse(calls({"list", g, "--csv", "--images"}).out, "csv");
  REQUIRE(table.rows.size() == 8);
  CHECK(table.rows[2][1] == "b, \"c\"");
  CHECK(fs::path(table.rows[2][2]).is_absolute());
  const auto check = calls({"check", g, "--json"});
  CHECK(check.status == 0);
  CHECK(check.object().at("faults").empty());
  CHECK(check.object().at("doubles").size() == 1);
  CHECK(check.object().at("calibration").is_null());
  CHECK(check.object().at("model") == Model::load(world().model).fingerprint());

  const auto identify = [&](const std::string& image) {
    return run({"identify", image, "-m", world().model, "--gallery", g, "--threshold", "1e-6", "--json"}).object();
  };
  CHECK(identify(world().face(1, 2)).at("name") == "Zoë 李");
  CHECK(calls({"remove", g, "--image", scratch / "people/person 3/9.png"}).status == 0);
  CHECK(calls({"rename", g, "Zoë 李", "Zoë"}).status == 0);
  CHECK(calls({"rename", g, "nobody", "x"}).status == 2);
  CHECK(calls({"rename", g, "person 3", "Zoë"}).status == 2);
  CHECK(identify(world().face(1, 2)).at("name") == "Zoë");
  CHECK(calls({"merge", g, "person 3", "Zoë"}).status == 0);
  CHECK(calls({"note", g, "Zoë", "friend"}).status == 0);
  CHECK(calls({"list", g, "--json"}).lines()[0].at("metadata") == "friend");
  CHECK(identify(world().face(3, 1)).at("name") == "Zoë");
  const auto removed = calls({"remove", g, "Zoë", "nobody"});
  CHECK(removed.status == 3);
  CHECK(removed.says("nobody"));
  CHECK(content_of(g).find("Zo") == std::string::npos);
  CHECK(identify(world().face(3, 1)).at("name").is_null());
  CHECK(calls({"add", g, "-m", world().model, "--name", "Zoë", world().face(1, 1), world().face(1, 2)}).status == 0);
  CHECK(identify(world().face(1, 2)).at("name") == "Zoë");

  CHECK(calls({"add", g, "-m", world().model, "--folder", "/nonexistent"}).status == 4);
  CHECK(calls({"add", g, "-m", world().model}).status == 2);
  CHECK(calls({"list", "/nonexistent"}).status == 4);
  CHECK(calls({"lst", g}).says("did you mean 'list'?"));
  CHECK(calls({"list"}).status == 2);
  CHECK(calls({}).status == 2);
  write_text(scratch / "text", "no gallery");
  CHECK(calls({"list", scratch / "text"}).status == 4);
}

TEST_CASE("a gallery of another model is refused, and migrated whole or not at all", "[program]") {
  const ScratchFolder scratch;
  const std::string g = scratch / "g";
  copy_people(scratch / "people", {"a", "b"}, 2);
  REQUIRE(run({"init", "tiny", "-o", scratch / "other.fnm", "--seed", "9", "--embedding-size", "64"}).status == 0);
  REQUIRE(run({"gallery", "create", g, "-m", world().model}).status == 0);
  REQUIRE(run({"gallery", "add", g, "-m", world().model, "--folder", scratch / "people"}).status == 0);
  const auto refused =
      run({"identify", world().face(1, 1), "-m", scratch / "other.fnm", "--gallery", g, "--threshold", "1"});
  CHECK(refused.status == 2);
  CHECK(refused.says("facenet gallery migrate"));
  CHECK(run({"gallery", "add", g, "-m", scratch / "other.fnm", "--folder", scratch / "people"}).status == 2);

  fs::rename(scratch / "people", scratch / "moved");
  const std::string before = content_of(g);
  const auto lost = run({"gallery", "migrate", g, "-m", scratch / "other.fnm"});
  CHECK(lost.status == 4);
  CHECK(lost.says("--folder ROOT"));
  CHECK(content_of(g) == before);
  write_text(scratch / "moved/b/2.png", content_of(world().face(5, 1)));
  CHECK(run({"gallery", "migrate", g, "-m", scratch / "other.fnm", "--folder", scratch / "moved"})
            .says("not the file that was enrolled"));
  CHECK(content_of(g) == before);
  write_text(scratch / "moved/b/2.png", content_of(world().face(2, 2)));
  CHECK(run({"gallery", "migrate", g, "-m", scratch / "other.fnm", "--folder", scratch / "moved"}).status == 0);
  CHECK(run({"identify", world().face(2, 2), "-m", scratch / "other.fnm", "--gallery", g, "--threshold", "1e-6",
             "--json"})
            .object()
            .at("name") == "b");
  CHECK(run({"identify", world().face(1, 1), "-m", world().model, "--gallery", g, "--threshold", "1"}).status == 2);
}

TEST_CASE("a gallery is calibrated for strangers, and identify obeys", "[program]") {
  const ScratchFolder scratch;
  const std::string g = scratch / "g";
  REQUIRE(run({"gallery", "create", g, "-m", world().model}).status == 0);
  REQUIRE(run({"gallery", "add", g, "-m", world().model, "--folder", world().faces}).status == 0);
  CHECK(run({"identify", world().face(1, 1), "-m", world().model, "--gallery", g}).status == 2);
  const auto few = run({"gallery", "calibrate", g, "--fpir", "0.01"});
  CHECK(few.status == 2);
  CHECK(few.says("6 strangers"));
  CHECK(few.says("at least 100"));
  CHECK(run({"gallery", "calibrate", g, "--fpir", "0.2", "--ranking", "mean"}).status == 0);
  const auto check = run({"gallery", "check", g, "--json"}).object();
  CHECK(check.at("ranking") == "mean");
  CHECK(check.at("calibration").at("strangers") == 6);
  CHECK(check.at("calibration").at("fpir") == 0.2);
  CHECK(run({"identify", world().face(1, 1), "-m", world().model, "--gallery", g}).status == 0);
  CHECK(run({"identify", world().face(1, 1), "-m", world().model, "--gallery", g, "--fpir", "0.3"}).status == 0);
  CHECK(run({"identify", world().face(1, 1), "-m", world().model, "--gallery", g, "--fpir", "0.001"}).status == 2);
  REQUIRE(run({"embed", "-m", world().model, world().faces, "-o", scratch / "e.npy"}).status == 0);
  CHECK(run({"gallery", "calibrate", g, "--fpir", "0.05", "--strangers", scratch / "e.npy"}).status == 0);
  CHECK(run({"gallery", "check", g, "--json"}).object().at("calibration").at("strangers") == 24);
  CHECK(run({"gallery", "calibrate", g, "--fpir", "often"}).status == 2);
  CHECK(run({"gallery", "calibrate", g}).status == 2);
}

TEST_CASE("identification is measured on embeddings of known people", "[program]") {
  const ScratchFolder scratch;
  Embeddings embeddings;
  std::string table = "file,face\n";
  for (int p = 0; p < 8; ++p) {
    for (int i = 0; i < (p < 4 ? 3 : 1); ++i) {
      std::vector<float> row(8, 0.05F * static_cast<float>(i));
      row[static_cast<std::size_t>(p)] = 1;
      embeddings.append(row);
      table += "x/p" + std::to_string(p) + "/" + std::to_string(i) + ".jpg,0\n";
    }
  }
  write_npy(scratch / "e.npy", embeddings);
  write_text(scratch / "e.csv", table);
  const auto result = run({"gallery", "evaluate", "--embeddings", scratch / "e.npy", "--fpir", "0.25,0.01", "--json"});
  REQUIRE(result.status == 0);
  const auto json = result.object();
  CHECK(json.at("people") == 4);
  CHECK(json.at("probes") == 8);
  CHECK(json.at("strangers") == 4);
  CHECK(json.at("rank1") == 1);
  CHECK(json.at("points")[0].at("dir") == 1);
  CHECK(json.at("points")[1].at("dir").is_null());
  write_text(scratch / "list.txt", "p0\np1\np7\n");
  const auto part = run({"gallery", "evaluate", "--embeddings", scratch / "e.npy", "--people", scratch / "list.txt",
                         "--enrol", "2", "--ranking", "mean", "--json"})
                        .object();
  CHECK(part.at("images") == 4);
  CHECK(part.at("probes") == 2);
  CHECK(part.at("strangers") == 1);
  CHECK(run({"gallery", "evaluate", "--embeddings", scratch / "e.npy"}).out.find("too few strangers") !=
        std::string::npos);
  CHECK(run({"gallery", "evaluate"}).status == 2);
  CHECK(run({"gallery", "evaluate", "--embeddings", scratch / "e.npy", "--ranking", "media"}).status == 2);
}

}  // namespace facenet::test
