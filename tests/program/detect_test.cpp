// detect, and the detector of the commands that embed: made-up networks everywhere, the shared ones where they are.
#include <facenet/csv.hpp>
#include <facenet/dataset.hpp>
#include <facenet/image.hpp>

#include "catch.hpp"
#include "detector.hpp"
#include "program.hpp"
#include "world.hpp"

namespace facenet::test {

TEST_CASE("detect: no detector, wrong options, files that are none", "[program]") {
  const auto none = run({"detect", world().face(1, 1)});
  CHECK(none.status == 2);
  CHECK(none.says("facenet import pnet.pt"));
  const auto model = run({"detect", "--detector", world().model, world().face(1, 1)});
  CHECK(model.status == 4);
  CHECK(model.says("not a face detector"));

  const ScratchFolder scratch;
  save_detector(scratch / "d.fnm", random_mtcnn(5));
  const ProgramCall with{{"detect", world().face(1, 1)}, {}, {{"FACENET_DETECTOR", scratch / "d.fnm"}}};
  CHECK(run(with).status == 0);
  for (const auto& [option, value] : {std::pair{"--thresholds", "0.6,0.7"},
                                      {"--thresholds", "0.6,0.7,2"},
                                      {"--minimum-size", "3"},
                                      {"--faces", "most"}}) {
    ProgramCall wrong = with;
    wrong.arguments.insert(wrong.arguments.end(), {option, value});
    CHECK(run(wrong).status == 2);
  }
  ProgramCall missing = with;
  missing.arguments.push_back(scratch / "absent.jpg");
  const auto some = run(missing);
  CHECK(some.status == 3);
  CHECK(some.says("absent.jpg"));
  const auto used_as_model = run({"embed", "-m", scratch / "d.fnm", world().face(1, 1), "--csv"});
  CHECK(used_as_model.status == 4);
  CHECK(used_as_model.says("--detector"));
}

TEST_CASE("detect: a photograph without a face is said to have none", "[program]") {
  const ScratchFolder scratch;
  const auto weights = shared_mtcnn();
  if (!weights) return;
  save_detector(scratch / "d.fnm", *weights);
  Image(120, 100).write_png(scratch / "black.png");
  const auto json = run({"detect", "--detector", scratch / "d.fnm", "--json", scratch / "black.png"});
  REQUIRE(json.status == 0);
  REQUIRE(json.lines().size() == 1);
  CHECK(json.lines()[0].at("face").is_null());
  CHECK(json.lines()[0].at("reason") == "no face of 40 pixels or more");
  const auto embed =
      run({"embed", "-m", world().aligned, "--detector", scratch / "d.fnm", "--json", scratch / "black.png"});
  CHECK(embed.status == 4);
  CHECK(embed.out.empty());
  CHECK(embed.says("no face of 40 pixels or more"));
}

TEST_CASE("detect: the same faces as text, JSON and CSV, and to align by", "[program]") {
  const ScratchFolder scratch;
  const auto weights = shared_mtcnn();
  if (!weights) return;
  const auto detector = (scratch / "d.fnm").string();
  save_detector(detector, *weights);
  const auto photograph = (*shared_data() / "lfw" / "images" / "Abel_Pacheco" / "Abel_Pacheco_0002.jpg").string();
  const auto lines = run({"detect", "--detector", detector, "--json", photograph}).lines();
  REQUIRE(lines.size() == 1);
  const auto& face = lines[0];
  CHECK(face.at("file") == photograph);
  CHECK(face.at("face") == 0);
  CHECK(face.at("box").size() == 4);
  CHECK(face.at("landmarks").size() == 5);
  CHECK(face.at("confidence") > 0.99);
  CHECK(face.at("quality") > 0.5);

  const auto csv = (scratch / "faces.csv").string();
  REQUIRE(run({"detect", "-m", detector, photograph, "-o", csv}).status == 0);
  const auto table = CsvTable::open(csv);
  REQUIRE(table.rows.size() == 1);
  CHECK(table.number(0, table.column("x1")) == Approx(face.at("box")[0].get<double>()));
  CHECK(table.number(0, table.column("quality")) == Approx(face.at("quality").get<double>()));
  CHECK(table.rows[0][table.column("turned")] == "0");
  CHECK(run({"detect", "--detector", detector, photograph}).out.find("face 0, 93x121 pixels at 82,63") !=
        std::string::npos);

  // Detected or by the table that detect wrote: the same embedding.
  const auto embed = [&](const std::string& option, const std::string& file) {
    const auto result = run({"embed", "-m", world().aligned, option, file, photograph, "--json"});
    REQUIRE(result.status == 0);
    return result.lines().at(0);
  };
  const auto detected = embed("--detector", detector);
  CHECK(detected.at("embedding") == embed("--landmarks", csv).at("embedding"));
  CHECK(detected.at("quality") == face.at("quality"));
  CHECK(detected.at("box") == face.at("box"));
  const auto verdict = run(
      {"verify", "-m", world().aligned, "--threshold", "1", "--detector", detector, photograph, photograph, "--json"});
  REQUIRE(verdict.status == 0);
  CHECK(verdict.object().at("distance") == 0);
}

}  // namespace facenet::test
