// A small world that the tests of the commands share.
#include "world.hpp"

#include <cstdio>
#include <vector>

#include <facenet/model.hpp>
#include <facenet/verifier.hpp>

#include "catch.hpp"
#include "program.hpp"

namespace facenet::test {

World::World() {
  REQUIRE(run({"generate", faces, "--people", "6", "--images", "4", "--size", "64", "--seed", "5"}).status == 0);
  REQUIRE(run({"init", "tiny", "-o", model, "--seed", "7"}).status == 0);
  REQUIRE(run({"train", faces, "-o", aligned, "--arch", "tiny", "--steps", "2", "--people-per-batch", "4",
               "--images-per-person", "2", "--landmarks", faces / "landmarks.csv"})
              .status == 0);
  std::vector<ScoredPair> pairs;
  for (int i = 0; i < 100; ++i) {
    const auto step = static_cast<float>(i) * 0.01F;
    pairs.push_back({step, true, 1});
    pairs.push_back({1.05F + step, false, 1});
  }
  Model::load(model).with_calibration(Verifier::calibrate(pairs, "made up for tests", 0.1)).save(calibrated);
}

std::string World::face(int person, int image) const {
  char name[32];
  std::snprintf(name, sizeof name, "person_%04d/%04d.png", person, image);
  return faces / name;
}

const World& world() {
  static const World made;
  return made;
}

void write_people(const std::filesystem::path& npy) {
  Embeddings embeddings;
  std::string table = "file,face\n";
  for (const auto& [person, count] : {std::pair(0, 5), std::pair(1, 3), std::pair(2, 1)}) {
    for (int i = 0; i < count; ++i) {
      std::vector<float> row(4, 0.01F * static_cast<float>(i));
      row[static_cast<std::size_t>(person)] = 1;
      embeddings.append(row);
      const std::string name = "p" + std::to_string(person);
      table += "somewhere/images/" + name + "/" + name + "_000" + std::to_string(i + 1) + ".jpg,0\n";
    }
  }
  write_npy(npy, embeddings);
  write_text(std::filesystem::path(npy).replace_extension(".csv"), table);
}

}  // namespace facenet::test
