// facenet experiment: the paper's tables beside ours, networks that are trained once, and the map.
#include <facenet/csv.hpp>
#include <facenet/image.hpp>
#include <facenet/model.hpp>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace facenet::test {

namespace fs = std::filesystem;

namespace {

std::string pairs_of_world() {
  std::string pairs = "file_a,file_b,same,fold\n";
  for (int fold = 1; fold <= 2; ++fold) {
    for (int person = 1; person <= 4; ++person) {
      const std::string a = "person_000" + std::to_string(person) + "/000" + std::to_string(fold) + ".png";
      const std::string other = "person_000" + std::to_string(person % 4 + 1) + "/0004.png";
      pairs += a + ",person_000" + std::to_string(person) + "/0003.png,1," + std::to_string(fold) + "\n";
      pairs += a + "," + other + ",0," + std::to_string(fold) + "\n";
    }
  }
  return pairs;
}

}  // namespace

TEST_CASE("experiment jpeg and pixels stand beside the paper's Table 4", "[program]") {
  const ScratchFolder scratch;
  write_text(scratch / "pairs.csv", pairs_of_world());
  const std::vector<std::string> test{"-m", world().model, "--pairs", scratch / "pairs.csv", "--root", world().faces};
  const auto with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), test.begin(), test.end());
    return run(arguments);
  };
  const auto jpeg = with({"experiment", "jpeg", "--qualities", "5,10", "--json", "--report", scratch / "r.html"});
  REQUIRE(jpeg.status == 0);
  const auto rows = jpeg.object().at("rows");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].at("quality") == 5);
  CHECK(rows[0].at("paper_val").is_null());
  CHECK(rows[1].at("paper_val") == 0.673);
  CHECK(rows[2].at("quality").is_null());  // as they are
  CHECK(rows[1].at("val").is_null());      // 8 different pairs cannot show a FAR of 0.001
  CHECK(rows[0].at("auc") != rows[2].at("auc"));
  CHECK(content_of(scratch / "r.html").find("<svg") != std::string::npos);

  // What is measured is what eval measures.
  const auto eval = with({"eval", "--jpeg-quality", "5", "--json"});
  CHECK(eval.object().at("auc") == rows[0].at("auc"));

  const auto pixels = with({"experiment", "pixels", "--sides", "16,40,160"});
  REQUIRE(pixels.status == 0);
  CHECK(pixels.out.find("1,600 (40x40)") != std::string::npos);
  CHECK(pixels.out.find("37.8 %") != std::string::npos);
  CHECK(pixels.out.find("all that the network sees") != std::string::npos);
  const auto table = CsvTable::parse(with({"experiment", "pixels", "--sides", "16,160", "--csv"}).out, "out");
  CHECK(table.rows.size() == 2);
  CHECK(table.number(0, table.column("pixels")) == 256);
  CHECK(with({"experiment", "pixels", "--sides", "0"}).status == 2);
  CHECK(with({"experiment", "jpeg", "--qualities", "101"}).status == 2);
  CHECK(with({"experiment", "jpge"}).says("did you mean 'jpeg'"));
  CHECK(run({"experiment"}).status == 2);
}

TEST_CASE("experiments train each network once, and go on where they were", "[program]") {
  const ScratchFolder scratch;
  const fs::path runs = scratch / "runs";
  const std::vector<std::string> dims{"experiment",  "dims",
                                      world().faces, "--sizes",
                                      "8,64",        "--steps",
                                      "2",           "--eval",
                                      world().faces, "--runs",
                                      runs,          "--people-per-batch",
                                      "4",           "--images-per-person",
                                      "2",           "--json"};
  const auto first = run(dims);
  REQUIRE(first.status == 0);
  const auto rows = first.object().at("rows");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("paper_val").is_null());
  CHECK(rows[1].at("paper_val") == 0.868);
  CHECK(rows[1].at("paper_se") == 0.017);
  CHECK(rows[0].at("steps") == 2);
  CHECK(Model::load(runs / "dims-8.fnm").embedding_size() == 8);
  CHECK_FALSE(fs::exists(runs / "dims-8.checkpoint"));

  const std::string before = content_of(runs / "dims-8.fnm");
  const auto again = run(dims);
  CHECK(again.out == first.out);
  CHECK(again.says("dims-8: trained before"));
  CHECK(content_of(runs / "dims-8.fnm") == before);
  auto other = dims;
  other[6] = "3";
  CHECK(run(other).says("another experiment, data or options"));
  const std::string deep = std::string(1000000, '[') + std::string(1000000, ']');
  write_text(runs / "experiment.json", "{\"a\":" + deep + ",\"b\":1,\"c\":2}");
  CHECK(run(other).says("another experiment, data or options"));
  CHECK(run(other).status == 2);

  // Every fifth person is kept for the test, in lists that can be looked at.
  const auto data = run({"experiment", "data", world().faces, "--shares", "0.5,1", "--steps", "1", "--runs",
                         scratch / "data", "--people-per-batch", "4", "--images-per-person", "2", "--json"});
  CHECK(data.status == 4);  // of six people one alone would be kept
  CHECK(data.says("too few to keep every fifth"));
  const auto shares =
      run({"experiment", "data", world().faces, "--shares", "0.5,1", "--steps", "1", "--eval", world().faces, "--runs",
           scratch / "shares", "--people-per-batch", "4", "--images-per-person", "2", "--json"});
  REQUIRE(shares.status == 0);
  CHECK(content_of(scratch / "shares/data-0.5.txt") == "person_0001\nperson_0003\nperson_0005\n");
  CHECK(Model::load(scratch / "shares/data-0.5.fnm").trained_people() == 3);
  CHECK(Model::load(scratch / "shares/data-1.fnm").trained_on("Person 0006"));

  const auto flops =
      run({"experiment", "flops", world().faces, "--networks", "tiny", "--steps", "1", "--eval", world().faces,
           "--runs", scratch / "flops", "--people-per-batch", "4", "--images-per-person", "2", "--json"});
  REQUIRE(flops.status == 0);
  CHECK(flops.object().at("rows")[0].at("multiply_adds") == Model::create("tiny").multiply_adds());
  CHECK(flops.object().at("rows")[0].at("network") == "tiny");
  CHECK(run({"experiment", "flops", world().faces, "--networks", "nn9", "--runs", scratch / "x"}).status == 2);
  CHECK_FALSE(fs::exists(scratch / "x"));
}

TEST_CASE("an interrupted experiment says how to go on, and does", "[program]") {
  const ScratchFolder scratch;
  const std::vector<std::string> dims{"experiment",
                                      "dims",
                                      world().faces,
                                      "--sizes",
                                      "8",
                                      "--steps",
                                      "100",
                                      "--eval",
                                      world().faces,
                                      "--runs",
                                      scratch / "runs",
                                      "--people-per-batch",
                                      "4",
                                      "--images-per-person",
                                      "2",
                                      "--verbose"};
  ProgramCall call{dims};
  call.interrupt_when = [&] { return fs::exists(scratch / "runs/dims-8.checkpoint"); };
  const auto stopped = run(call);
  REQUIRE(stopped.status == 130);
  CHECK(stopped.says("all is saved"));
  CHECK(stopped.says("facenet experiment dims"));
  REQUIRE(fs::exists(scratch / "runs/dims-8.checkpoint"));
  const auto again = run(dims);
  CHECK(again.says("going on after step"));
  CHECK(again.status == 0);
  CHECK(Model::load(scratch / "runs/dims-8.fnm").training_notes().find("\"steps\":100") != std::string::npos);
}

TEST_CASE("the map of faces, as a page, a picture and numbers", "[program]") {
  const ScratchFolder scratch;
  const std::vector<std::string> base{"experiment", "map", "-m", world().model, world().faces, "-o"};
  const auto to = [&](const fs::path& file, std::vector<std::string> more = {}) {
    auto arguments = base;
    arguments.push_back(file);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  REQUIRE(to(scratch / "m.html").status == 0);
  const std::string page = content_of(scratch / "m.html");
  std::size_t images = 0;
  for (std::size_t at = page.find("<image"); at != std::string::npos; at = page.find("<image", at + 1)) ++images;
  CHECK(images == 24);
  CHECK(page.find("<title>person_0003/0002.png</title>") != std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
  REQUIRE(to(scratch / "m.png", {"--method", "pca", "--thumbnail", "20"}).status == 0);
  CHECK(Image::open(scratch / "m.png").width() > 60);
  REQUIRE(to(scratch / "m.csv", {"--most", "10"}).status == 0);
  const auto table = CsvTable::open(scratch / "m.csv");
  CHECK(table.rows.size() == 10);
  CHECK(table.number(3, table.column("y")) != table.number(4, table.column("y")));
  CHECK(to(scratch / "m.svg").status == 2);
  CHECK(to(scratch / "m.png", {"--method", "umap"}).status == 2);
}

}  // namespace facenet::test
