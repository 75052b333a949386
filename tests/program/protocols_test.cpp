// facenet eval on small folders in the formats of CFP, YouTube Faces, IJB and InsightFace's packed pairs.
#include <cmath>
#include <cstdint>

#include <facenet/csv.hpp>
#include <facenet/embedder.hpp>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace facenet::test {

namespace fs = std::filesystem;

namespace {

void put(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  write_text(file, text);
}

void copy(int person, int image, const fs::path& to) {
  fs::create_directories(to.parent_path());
  fs::copy_file(world().face(person, image), to);
}

std::vector<float> embedding(int person, int image) {
  static Embedder embedder(Model::load(world().model));
  return embedder.embed(Image::open(world().face(person, image)));
}

double number_in(const CsvTable& table, std::size_t row) { return table.number(row, table.column("distance")); }

}  // namespace

TEST_CASE("eval reads CFP's folders", "[program]") {
  const ScratchFolder scratch;
  const fs::path root = scratch / "cfp";
  for (int person = 1; person <= 2; ++person) {
    const std::string folder = "Data/Images/00" + std::to_string(person);
    copy(person, 1, root / folder / "frontal/01.png");
    copy(person, 2, root / folder / "profile/01.png");
  }
  put(root / "Protocol/Pair_list_F.txt", "1 ../Data/Images/001/frontal/01.png\n2 ../Data/Images/002/frontal/01.png\n");
  put(root / "Protocol/Pair_list_P.txt", "1 ../Data/Images/001/profile/01.png\n2 ../Data/Images/002/profile/01.png\n");
  for (const char* fold : {"01", "02"}) {
    put(root / "Protocol/Split/FP" / fold / "same.txt", "1,1\n2,2\n");
    put(root / "Protocol/Split/FP" / fold / "diff.txt", "1,2\n2,1\n");
  }
  const auto result = run({"eval", "-m", world().model, "--cfp", root, "--json"});
  REQUIRE(result.status == 0);
  CHECK(result.object().at("pairs") == 8);
  CHECK(result.object().at("folds").size() == 2);
  const auto rows = run({"eval", "-m", world().model, "--cfp", root, "--csv", "--folds", "2"});
  const auto table = CsvTable::parse(rows.out, "out");
  REQUIRE(table.rows.size() == 4);
  CHECK(table.rows[0][0] == "Data/Images/001/frontal/01.png");
  CHECK(number_in(table, 2) == Approx(squared_distance(embedding(1, 1), embedding(2, 2))).epsilon(1e-4));
  CHECK(run({"eval", "-m", world().model, "--cfp", root, "--cfp-test", "FF"}).status == 4);
  CHECK(run({"eval", "-m", world().model, "--cfp", root, "--cfp-test", "PF"}).says("did you mean"));
  CHECK(run({"eval", "-m", world().model, "--cfp", root, "--lfw", root}).status == 2);
}

TEST_CASE("eval compares clips by all pairs of their frames", "[program]") {
  const ScratchFolder scratch;
  const fs::path root = scratch / "ytf";
  for (int person = 1; person <= 2; ++person) {
    for (int image = 1; image <= 4; ++image) {
      const std::string clip = "P" + std::to_string(person) + "/" + std::to_string(image > 2 ? 1 : 0);
      copy(person, image, root / "frame_images_DB" / clip / ("0." + std::to_string(image) + ".png"));
    }
  }
  put(root / "splits.txt",
      "split number, first name, second name, is same\n"
      "1, P1/0, P1/1, 1\n1, P1/0, P2/1, 0\n2, P2/0, P2/1, 1\n2, P2/0, P1/1, 0\n");
  const auto rows = run({"eval", "-m", world().model, "--ytf", root, "--csv"});
  REQUIRE(rows.status == 0);
  const auto table = CsvTable::parse(rows.out, "out");
  REQUIRE(table.rows.size() == 4);
  CHECK(table.rows[1][1] == "P2/1");
  double sum = 0;
  for (const int a : {1, 2}) {
    for (const int b : {3, 4}) sum += static_cast<double>(squared_distance(embedding(1, a), embedding(2, b)));
  }
  CHECK(number_in(table, 1) == Approx(sum / 4).epsilon(1e-4));

  // One frame of each: the first that can be read.
  put(root / "frame_images_DB/P1/0/0.1.png", "damaged");
  const auto one = run({"eval", "-m", world().model, "--ytf", root, "--csv", "--frames", "1"});
  CHECK(one.status == 0);
  CHECK(one.says("1 images could not be used"));
  CHECK(number_in(CsvTable::parse(one.out, "out"), 1) ==
        Approx(squared_distance(embedding(1, 2), embedding(2, 3))).epsilon(1e-4));

  // A clip of which nothing is left takes its pairs with it.
  put(root / "frame_images_DB/P1/0/0.2.png", "damaged");
  const auto left = run({"eval", "-m", world().model, "--ytf", root, "--json"});
  CHECK(left.status == 3);
  CHECK(left.object().at("pairs") == 2);
  CHECK(left.object().at("left_out") == 2);
  CHECK(left.says("P1/0: none of its images could be used"));
}

TEST_CASE("eval compares templates, a medium counting once", "[program]") {
  const ScratchFolder scratch;
  const fs::path root = scratch / "ijb";
  for (int person = 1; person <= 2; ++person) {
    for (int image = 1; image <= 4; ++image) {
      copy(person, image, root / "images" / (std::to_string(person) + "-" + std::to_string(image) + ".png"));
    }
  }
  put(root / "templates.csv",
      "file,template,medium\n1-1.png,a,video\n1-2.png,a,video\n1-3.png,a,photo\n1-4.png,b,photo\n2-1.png,c,photo\n"
      "2-2.png,d,photo\n");
  put(root / "template_pairs.csv", "template_a,template_b,same\na,b,1\na,c,0\nc,d,1\nb,d,0\n");
  const auto rows = run({"eval", "-m", world().model, "--ijb", root, "--csv"});
  REQUIRE(rows.status == 0);
  const auto table = CsvTable::parse(rows.out, "out");
  std::vector<float> mean(embedding(1, 1).size());
  double length = 0;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    mean[i] = (embedding(1, 1)[i] + embedding(1, 2)[i]) / 2 + embedding(1, 3)[i];
    length += static_cast<double>(mean[i]) * static_cast<double>(mean[i]);
  }
  for (float& value : mean) value /= static_cast<float>(std::sqrt(length));
  CHECK(number_in(table, 1) == Approx(squared_distance(mean, embedding(2, 1))).epsilon(1e-3));

  REQUIRE(run({"embed", "-m", world().model, root / "images", "-o", scratch / "e.npy"}).status == 0);
  const auto again = run({"eval", "--embeddings", scratch / "e.npy", "--ijb", root, "--json"});
  CHECK(again.status == 0);
  CHECK(again.object().at("pairs") == 4);
  CHECK(run({"eval", "-m", world().model, "--ijb", scratch.path()}).status == 4);
}

TEST_CASE("eval reads packed pairs", "[program]") {
  const ScratchFolder scratch;
  const auto packed = [](const std::vector<std::string>& images, const std::string& truth) {
    std::string pickle = "\x80\x03](";
    for (const auto& image : images) {
      pickle += "B";
      for (int i = 0; i < 4; ++i) pickle += static_cast<char>(image.size() >> (8 * i) & 0xffU);
      pickle += image;
    }
    return pickle + "e](" + truth + "e\x86.";
  };
  const auto face = [](int person, int image) { return content_of(world().face(person, image)); };
  std::vector<std::string> images;
  std::string truth;
  for (int i = 0; i < 10; ++i) {  // in ten folds a pair of each kind
    images.insert(images.end(), {face(1, 1), face(1, 2), face(1, 1), face(2, 1)});
    truth += "\x88\x89";
  }
  write_text(scratch / "t.bin", packed(images, truth));
  const auto rows = run({"eval", "-m", world().model, "--bin", scratch / "t.bin", "--csv"});
  REQUIRE(rows.status == 0);
  const auto table = CsvTable::parse(rows.out, "out");
  REQUIRE(table.rows.size() == 20);
  CHECK(number_in(table, 1) == Approx(squared_distance(embedding(1, 1), embedding(2, 1))).epsilon(1e-4));

  images.resize(4);
  images.insert(images.end(), {face(2, 1), "damaged", face(2, 2), face(2, 3), face(2, 2), face(1, 3)});
  write_text(scratch / "t.bin", packed(images, "\x88\x89\x88\x88\x89"));
  const auto damaged = run({"eval", "-m", world().model, "--bin", scratch / "t.bin", "--json"});
  CHECK(damaged.status == 3);
  CHECK(damaged.object().at("pairs") == 4);
  CHECK(damaged.says("image 5"));
  write_text(scratch / "t.bin", packed({}, ""));
  CHECK(run({"eval", "-m", world().model, "--bin", scratch / "t.bin"}).status == 4);
  CHECK(run({"eval", "--embeddings", scratch / "e.npy", "--bin", scratch / "t.bin"}).status == 4);
}

TEST_CASE("eval tells groups of people apart, and who was trained on", "[program]") {
  const ScratchFolder scratch;
  std::string pairs = "file_a,file_b,same,fold\n";
  for (int fold = 1; fold <= 2; ++fold) {
    for (int person = 1; person <= 4; ++person) {
      const std::string a = "person_000" + std::to_string(person) + "/000" + std::to_string(fold) + ".png";
      const std::string b = "person_000" + std::to_string(person) + "/0003.png";
      const std::string other = "person_000" + std::to_string(person % 4 + 1) + "/0004.png";
      pairs +=
          a + "," + b + ",1," + std::to_string(fold) + "\n" + a + "," + other + ",0," + std::to_string(fold) + "\n";
    }
  }
  put(scratch / "pairs.csv", pairs);
  put(scratch / "people.csv",
      "person,born\nperson_0001,1980\nperson_0002,1980\nperson_0003,1990\nperson_0004,1990\nperson_0005,1970\n");
  const std::vector<std::string> base{"eval",
                                      "-m",
                                      world().aligned,
                                      "--pairs",
                                      scratch / "pairs.csv",
                                      "--root",
                                      world().faces,
                                      "--landmarks",
                                      world().faces / "landmarks.csv"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    return run(more);
  };
  const auto result = with({"--group-by", "born", "--attributes", scratch / "people.csv", "--json"});
  REQUIRE(result.status == 0);
  const auto json = result.object();
  REQUIRE(json.at("groups").size() == 3);
  CHECK(json.at("groups")[0].at("group") == "(mixed)");
  CHECK(json.at("groups")[1].at("group") == "1980");
  CHECK(json.at("groups")[1].at("pairs") == 6);  // of persons 1 and 2 themselves, and 1 with 2
  CHECK(json.at("groups")[1].at("people") == 2);
  CHECK(json.at("groups")[1].at("false_rejects").at("pairs") == 4);
  CHECK(json.at("groups")[0].at("false_rejects").is_null());
  CHECK(json.at("overall").at("people") == 4);
  CHECK(json.at("overall").at("accuracy_low").get<double>() < json.at("overall").at("accuracy_high").get<double>());

  // The model was trained on these very people.
  CHECK(json.at("people_trained_on").at("tested") == 4);
  CHECK(json.at("people_trained_on").at("shared") == 4);
  CHECK(result.says("4 of the 4 people tested have the name of somebody the model was trained on (person_0001"));
  CHECK(with({"--quiet"}).err.empty());
  CHECK(with({}).out.find("also trained on  ") != std::string::npos);
  const auto untrained =
      run({"eval", "-m", world().model, "--pairs", scratch / "pairs.csv", "--root", world().faces, "--json"});
  CHECK(untrained.object().at("people_trained_on").at("shared").is_null());
  CHECK_FALSE(untrained.says("trained on"));

  CHECK(with({"--group-by", "bron", "--attributes", scratch / "people.csv"}).says("did you mean 'born'"));
  CHECK(with({"--group-by", "nose_x"}).status == 0);  // of the table of landmarks, by file
  put(scratch / "people.csv", "person,born\na,1\na,2\n");
  CHECK(with({"--group-by", "born", "--attributes", scratch / "people.csv"}).status == 4);
}

TEST_CASE("the curves of an evaluation, as numbers and as a page", "[program]") {
  const ScratchFolder scratch;
  const auto result = run({"eval", "-m", world().model, "--lfw", world().faces, "--curves", scratch / "c.json",
                           "--report", scratch / "r.html", "--json"});
  REQUIRE(result.status == 0);
  CHECK(result.object().at("people") == 6);
  const auto json = nlohmann::json::parse(content_of(scratch / "c.json"));
  const auto& roc = json.at("roc");
  REQUIRE(roc.size() >= 2);
  CHECK(roc.front().at("far") == 0);
  CHECK(roc.back().at("far") == 1);
  CHECK(roc.back().at("val") == 1);
  CHECK(json.at("clustering").size() == 20);
  for (const auto& point : json.at("clustering")) CHECK(point.at("bcubed").at("f").get<double>() > 0);
  CHECK(json.at("open_set").at("people") == 5);  // of six people with several images, one is a stranger
  CHECK(json.at("open_set").at("probes") == 15);
  CHECK(json.at("open_set").at("strangers") == 4);
  CHECK(json.at("open_set").at("points").back().at("dir").get<double>() <=
        json.at("open_set").at("rank1").get<double>());
  const std::string page = content_of(scratch / "r.html");
  for (const char* heading : {"Detection error trade-off", "Open-set identification", "Clustering by threshold"}) {
    CHECK(page.find(heading) != std::string::npos);
  }
  REQUIRE(run({"eval", "-m", world().model, "--lfw", world().faces, "--curves", scratch / "c.csv"}).status == 0);
  const CsvTable table = CsvTable::open(scratch / "c.csv");
  CHECK(table.rows.front()[0] == "roc");
  CHECK(table.rows.back()[0] == "clustering");
  CHECK(table.number(table.rows.size() - 1, table.column("bcubed_f")) > 0);
  CHECK(run({"eval", "-m", world().model, "--lfw", world().faces, "--curves", scratch / "c.pdf"}).status == 2);
}

}  // namespace facenet::test
