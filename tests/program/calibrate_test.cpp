// calibrate: thresholds and their evidence into a model file, and whether they hold for others.
#include <cmath>

#include <facenet/facenet.hpp>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {

TEST_CASE("calibrate puts thresholds with their evidence into a model", "[program]") {
  const ScratchFolder scratch;
  const std::string model = scratch / "calibrated.fnm";
  const std::string page = scratch / "page.html";
  const auto result = run({"calibrate", "-m", world().model, "--folder", world().faces, "--far", "0.05", "-o", model,
                           "--report", page, "--json"});
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(result.says("rests on 12 false accepts: 600 different pairs"));
  const auto json = result.object();
  CHECK(json.at("same_pairs") == 6 * 6);
  CHECK(json.at("different_pairs") == 24 * 23 / 2 - 36);
  CHECK(json.at("people") == 6);
  CHECK(json.at("brier").get<double>() < 0.25);
  CHECK(json.at("reliability").size() > 2);
  bool found = false;
  for (const auto& point : json.at("points")) {
    CHECK(point.at("far_interval").at(0) < point.at("far"));
    CHECK(point.at("far_interval").at(1) > point.at("far"));
    CHECK(point.at("val_interval").at(0) <= point.at("val"));
    CHECK(point.at("false_accepts").get<double>() <= point.at("far").get<double>() * 240 + 1e-6);
    found = found || point.at("threshold") == json.at("threshold");
  }
  CHECK(found);
  const std::string html = content_of(page);
  CHECK(html.find("<svg") != std::string::npos);
  CHECK(html.find("false accept rate") != std::string::npos);

  // What the model file says is what verify says.
  const Model loaded = Model::load(model);
  CHECK(loaded.fingerprint() == Model::load(world().model).fingerprint());
  REQUIRE(loaded.calibration());
  CHECK(loaded.calibration()->people == 6);
  const auto info = run({"info", "-m", model, "--json"}).object().at("calibration");
  CHECK(info.at("points").size() == json.at("points").size());
  CHECK(info.at("data").get<std::string>().find("24 images of 6 people") != std::string::npos);
  const auto verdict = run({"verify", "-m", model, world().face(1, 1), world().face(2, 1), "--json"}).object();
  CHECK(verdict.at("far") == 0.05);
  CHECK(verdict.at("far_interval").size() == 2);
  CHECK(verdict.at("threshold") == json.at("threshold"));
  CHECK(run({"verify", "-m", model, world().face(1, 1), world().face(2, 1)}).out.find("takes        5 % (") !=
        std::string::npos);
  // Of a threshold that was given the rate is that of the next larger one.
  const auto given = run({"verify", "-m", model, world().face(1, 1), world().face(2, 1), "--threshold", "0", "--json"});
  CHECK(given.object().at("far").get<double>() <= 0.05);
  CHECK(given.object().at("threshold_from") == "given");

  const auto checked = run({"calibrate", "--check", "-m", model, "--folder", world().faces, "--json"}).object();
  for (const auto& point : checked.at("points")) {
    CHECK(point.at("far").get<double>() <= point.at("wanted_far").get<double>() + 1e-9);
  }
}

TEST_CASE("calibrate takes pairs of a list, and embeddings", "[program]") {
  const ScratchFolder scratch;
  const std::string list = scratch / "pairs.csv";
  std::string text = "file_a,file_b,same\n";
  for (int p = 1; p <= 6; ++p) {
    for (int i = 2; i <= 4; ++i) {
      const auto name = [](int person, int image) {
        return "person_000" + std::to_string(person) + "/000" + std::to_string(image) + ".png";
      };
      text += name(p, 1) + "," + name(p, i) + ",1\n" + name(p, i) + "," + name(p % 6 + 1, i) + ",0\n";
    }
  }
  write_text(list, text);
  const std::string model = scratch / "m.fnm";
  const auto by_list = run({"calibrate", "-m", world().model, "--pairs", list, "--root", world().faces, "--far", "0.2",
                            "-o", model, "--json"});
  INFO(by_list.err);
  REQUIRE(by_list.status == 0);
  CHECK(by_list.object().at("same_pairs") == 18);
  CHECK(by_list.object().at("people") == 6);

  REQUIRE(run({"embed", "-m", world().model, world().faces, "-o", scratch / "e.npy"}).status == 0);
  const auto from_file = run({"calibrate", "-m", world().model, "--pairs", list, "--embeddings", scratch / "e.npy",
                              "--far", "0.2", "-o", model, "--json"});
  CHECK(from_file.object().at("threshold") == by_list.object().at("threshold"));
  // How long embeddings are, for the quality of faces: of the list's images, whichever way they came.
  const auto norm = by_list.object().at("norm").get<float>();
  CHECK(norm > 0);
  CHECK(from_file.object().at("norm").get<float>() == Approx(norm).epsilon(1e-4));
  CHECK(Model::load(model).calibration()->norm == from_file.object().at("norm").get<float>());
  CHECK(run({"info", "-m", model, "--json"}).object().at("calibration").at("norm") == from_file.object().at("norm"));
  CHECK(run({"info", "-m", model}).out.find("; reference norm ") != std::string::npos);

  write_text(scratch / "people.txt", "person_0001\nperson_0002\nperson_0003\n");
  const auto some = run({"calibrate", "-m", world().model, "--embeddings", scratch / "e.npy", "--people",
                         scratch / "people.txt", "--far", "0.1", "-o", model, "--json"});
  CHECK(some.object().at("people") == 3);
  CHECK(some.object().at("same_pairs") == 18);

  // Without folders, whose the files are follows from which are the same.
  for (int i = 1; i <= 4; ++i)
    fs::copy_file(world().face(1 + i / 3, 1 + i % 2), scratch / (std::to_string(i) + ".png"));
  write_text(list, "file_a,file_b,same\n1.png,2.png,1\n3.png,4.png,1\n1.png,3.png,0\n2.png,4.png,0\n");
  CHECK(run({"calibrate", "-m", world().model, "--pairs", list, "--far", "0.5", "-o", model, "--json"})
            .object()
            .at("people") == 2);
  write_text(list, "file_a,file_b,same\n1.png,2.png,1\n2.png,3.png,1\n1.png,3.png,0\n");
  const auto contradiction = run({"calibrate", "-m", world().model, "--pairs", list, "--far", "0.5", "-o", model});
  CHECK(contradiction.status == 4);
  CHECK(contradiction.says("contradict"));
}

TEST_CASE("calibrate refuses what its data cannot show", "[program]") {
  const ScratchFolder scratch;
  const std::string model = scratch / "m.fnm";
  const auto few = run({"calibrate", "-m", world().model, "--folder", world().faces, "-o", model});
  CHECK(few.status == 2);
  CHECK(few.says("240 pairs of different people cannot show a FAR of 0.001; give at least 1000"));
  CHECK_FALSE(fs::exists(model));
  CHECK(run({"calibrate", "-m", world().model, "--folder", world().faces}).status == 2);
  CHECK(run({"calibrate", "-m", world().model, "-o", model}).status == 2);
  CHECK(run({"calibrate", "-m", world().model, "--folder", scratch / "none", "-o", model}).status == 4);
  CHECK(run({"calibrate", "-m", world().model, "--check", "--folder", world().faces}).status == 2);
  write_npy(scratch / "bad.npy", {2, {1, 0, NAN, 1, 0, 1}});
  write_text(scratch / "bad.csv", "file,face\na/1.jpg,0\na/2.jpg,0\nb/1.jpg,0\n");
  CHECK(run({"calibrate", "-m", world().model, "--embeddings", scratch / "bad.npy", "-o", model}).status == 4);
}

}  // namespace facenet::test
