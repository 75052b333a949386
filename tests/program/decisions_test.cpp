// verify and identify: decisions on single faces.
#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {

TEST_CASE("verify says distance, threshold and where it comes from", "[program]") {
  const std::string a = world().face(1, 1);
  const std::string b = world().face(2, 1);
  const auto same = run({"verify", "-m", world().model, a, a, "--threshold", "0.5", "--json"});
  REQUIRE(same.status == 0);
  CHECK(same.object().at("a") == a);
  CHECK(same.object().at("distance") == 0);
  CHECK(same.object().at("same") == true);
  CHECK(same.object().at("threshold") == 0.5);
  CHECK(same.object().at("threshold_from") == "given");
  CHECK(same.object().at("probability").is_null());
  CHECK(same.object().at("far").is_null());

  const auto other = run({"verify", "-m", world().model, a, b, "--threshold", "0", "--json"}).object();
  CHECK(other.at("same") == false);
  CHECK(other.at("distance").get<double>() > 0);

  const auto calibrated = run({"verify", "-m", world().calibrated, a, b, "--json"}).object();
  CHECK(calibrated.at("threshold_from").get<std::string>().find("made up for tests") != std::string::npos);
  CHECK(calibrated.at("probability").get<double>() > 0.5);  // untrained embeddings are near each other
  CHECK(calibrated.at("far") == Approx(0.1));
  const auto finer = run({"verify", "-m", world().calibrated, a, b, "--far", "0.05", "--json"}).object();
  CHECK(finer.at("far") == Approx(0.05));
  CHECK(finer.at("threshold").get<double>() <= calibrated.at("threshold").get<double>());

  const auto text = run({"verify", "-m", world().calibrated, a, a});
  CHECK(text.out.find("the same person\n") == 0);
}

TEST_CASE("verify compares folders of one person by their templates", "[program]") {
  const std::string one = world().faces / "person_0001";
  const std::string two = world().faces / "person_0002";
  const auto same = run({"verify", "-m", world().model, one, one, "--threshold", "0.5", "--json"});
  REQUIRE(same.status == 0);
  CHECK(same.object().at("distance") == 0);
  CHECK(same.object().at("a") == one);
  CHECK(same.object().at("images_a") == 4);
  const auto mixed = run({"verify", "-m", world().model, one, world().face(2, 1), "--threshold", "0", "--json"});
  CHECK(mixed.object().at("images_a") == 4);
  CHECK(mixed.object().at("images_b") == 1);
  CHECK(mixed.object().at("distance").get<double>() > 0);
  // A folder can do without some of its photographs.
  const ScratchFolder scratch;
  fs::copy(two, scratch / "two");
  write_text(scratch / "two" / "bad.png", "no picture");
  const auto most = run({"verify", "-m", world().model, scratch / "two", two, "--threshold", "0", "--json"});
  CHECK(most.status == 3);
  CHECK(most.object().at("distance") == 0);
  CHECK(most.says("bad.png"));
}

TEST_CASE("verify without a threshold says how to get one", "[program]") {
  const auto result = run({"verify", "-m", world().model, world().face(1, 1), world().face(1, 2)});
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK(result.says("--threshold"));
  CHECK(result.says("facenet eval"));
  CHECK(run({"verify", "-m", world().calibrated, world().face(1, 1), world().face(1, 2), "--far", "1e-9"}).status == 2);
  CHECK(run({"verify", "-m", world().model, world().face(1, 1), "--threshold", "1"}).status == 2);
  CHECK(run({"verify", "-m", world().model, world().face(1, 1), "/nonexistent.jpg", "--threshold", "1"}).status == 4);
}

TEST_CASE("identify names people of a gallery folder, or nobody", "[program]") {
  const auto known = run({"identify", "-m", world().model, world().face(3, 2), world().face(5, 1), "--gallery",
                          world().faces, "-k", "2", "--threshold", "0.0001", "--json"});
  REQUIRE(known.status == 0);
  const auto lines = known.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at("name") == "person_0003");
  CHECK(lines[0].at("face") == 0);
  CHECK(lines[0].at("candidates").size() == 2);
  CHECK(lines[0].at("candidates")[0].at("name") == "person_0003");
  CHECK(lines[1].at("name") == "person_0005");

  // Without the person, the same threshold finds nobody.
  const ScratchFolder scratch;
  fs::create_directory(scratch / "g");
  fs::create_directory_symlink(world().faces / "person_0001", scratch / "g/one");
  fs::create_directory_symlink(world().faces / "person_0002", scratch / "g/two");
  fs::create_directory_symlink(scratch / "g", scratch / "g/circle");
  const auto unknown = run(
      {"identify", "-m", world().model, world().face(3, 2), "--gallery", scratch / "g", "--threshold", "0", "--json"});
  REQUIRE(unknown.status == 0);
  CHECK(unknown.object().at("name").is_null());
  CHECK(unknown.object().at("candidates").size() == 2);
  CHECK(unknown.object().at("distance").get<double>() > 0);

  write_text(scratch / "g/bad.jpg", "beside the people, so not of the gallery");
  fs::create_directory(scratch / "g/three");
  write_text(scratch / "g/three/bad.jpg", "damaged");
  const auto partly = run({"identify", "-m", world().calibrated, world().face(1, 1), "--gallery", scratch / "g"});
  CHECK(partly.status == 3);
  CHECK(partly.says("three/bad.jpg"));
  CHECK(partly.out.find("one") != std::string::npos);

  CHECK(run({"identify", "-m", world().model, world().face(1, 1), "--threshold", "1"}).status == 2);
  CHECK(run({"identify", "-m", world().model, world().face(1, 1), "--gallery", world().faces}).status == 2);
  CHECK(run({"identify", "-m", world().model, world().face(1, 1), "--gallery", "/nonexistent", "--threshold", "1"})
            .status == 4);
  // 24 images in the gallery: FPIR 0.9 is FAR 0.0915, which 100 pairs can show; 0.01 they cannot.
  CHECK(run({"identify", "-m", world().calibrated, world().face(1, 1), "--gallery", world().faces, "--fpir", "0.9"})
            .status == 0);
  CHECK(run({"identify", "-m", world().calibrated, world().face(1, 1), "--gallery", world().faces, "--fpir", "0.01"})
            .status == 2);
}

}  // namespace facenet::test
