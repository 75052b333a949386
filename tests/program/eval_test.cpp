// eval: pairs of a list, and folders of people.
#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {

TEST_CASE("eval measures pairs of a list by the LFW protocol", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  std::string pairs = "file_a,file_b,same,fold,light\n";
  for (int fold = 1; fold <= 2; ++fold) {
    for (int i = 1; i <= 2; ++i) {
      const std::string number = std::to_string(i + fold - 1);
      const std::string light = i == 1 ? "day" : "night";
      pairs += "p0/p0_000" + number + ".jpg,p0/p0_0005.jpg,1," + std::to_string(fold) + "," + light + "\n";
      pairs += "p0/p0_000" + number + ".jpg,p1/p1_0001.jpg,0," + std::to_string(fold) + "," + light + "\n";
    }
  }
  write_text(scratch / "pairs.csv", pairs);
  const auto result = run({"eval", "--pairs", scratch / "pairs.csv", "--embeddings", scratch / "e.npy", "--group-by",
                           "light", "--report", scratch / "r.html", "--json"});
  REQUIRE(result.status == 0);
  const auto json = result.object();
  CHECK(json.at("pairs") == 8);
  CHECK(json.at("accuracy") == 1);
  CHECK(json.at("accuracy_se") == 0);
  CHECK(json.at("auc") == 1);
  CHECK(json.at("eer") == 0);
  CHECK(json.at("threshold").get<double>() > 0);
  CHECK(json.at("threshold").get<double>() < 2);
  REQUIRE(json.at("val").size() == 3);
  for (const char* key : {"far", "val", "low", "high"}) CHECK(json.at("val")[0].contains(key));
  REQUIRE(json.at("groups").size() == 2);
  CHECK(json.at("groups")[0].at("group") == "day");
  CHECK(content_of(scratch / "r.html").find("<svg") != std::string::npos);

  const auto wrong =
      run({"eval", "--pairs", scratch / "pairs.csv", "--embeddings", scratch / "e.npy", "--threshold", "0", "--json"});
  CHECK(wrong.object().at("accuracy").get<double>() <= 0.75);

  write_text(scratch / "pairs.csv", pairs + "p0/p0_0001.jpg,p9/p9_0001.jpg,0,1,day\n");
  const auto partly = run({"eval", "--pairs", scratch / "pairs.csv", "--embeddings", scratch / "e.npy", "--json"});
  CHECK(partly.status == 3);
  CHECK(partly.object().at("pairs") == 8);
  CHECK(partly.object().at("left_out") == 1);
  CHECK(partly.says("p9/p9_0001.jpg"));
  CHECK(run({"eval"}).status == 2);
  CHECK(run({"eval", "--pairs", scratch / "none.csv", "--embeddings", scratch / "e.npy"}).status == 4);
}

TEST_CASE("eval reads a folder like LFW's, and one of people alone", "[program]") {
  const ScratchFolder scratch;
  for (const char* person : {"A", "B"}) {
    fs::create_directories(scratch / "lfw/images" / person);
    for (int i = 1; i <= 3; ++i) {
      fs::copy_file(world().face(*person == 'A' ? 1 : 2, i),
                    scratch / "lfw/images" / person / (std::string(person) + "_000" + std::to_string(i) + ".png"));
    }
  }
  write_text(scratch / "lfw/pairs.txt",
             "2\t2\nA\t1\t2\nA\t2\t3\nA\t1\tB\t1\nA\t2\tB\t2\n"
             "B\t1\t2\nA\t1\t3\nA\t2\tB\t3\nA\t3\tB\t1\n");
  const auto result = run({"eval", "-m", world().model, "--lfw", scratch / "lfw", "--json"});
  REQUIRE(result.status == 0);
  CHECK(result.object().at("pairs") == 8);
  CHECK(result.object().at("folds").size() == 2);
  const auto first = run({"eval", "-m", world().model, "--lfw", scratch / "lfw", "--folds", "2", "--json"});
  CHECK(first.object().at("pairs") == 4);
  CHECK(run({"eval", "-m", world().model, "--lfw", scratch / "lfw", "--folds", "3"}).status == 2);

  write_text(scratch / "lfw/images/B/B_0003.png", "damaged");
  const auto damaged = run({"eval", "-m", world().model, "--lfw", scratch / "lfw", "--json"});
  CHECK(damaged.status == 3);
  CHECK(damaged.object().at("left_out") == 1);
  CHECK(damaged.says("B_0003.png"));

  // Nothing can be said about what is left of fold 2 alone when all its different pairs are gone.
  write_text(scratch / "lfw/images/B/B_0001.png", "damaged");
  const auto none = run({"eval", "-m", world().model, "--lfw", scratch / "lfw", "--folds", "2"});
  CHECK(none.status == 4);
  CHECK(none.says("B_0001.png"));
  CHECK(none.out.empty());

  const auto people = run({"eval", "-m", world().model, "--lfw", world().faces});
  CHECK(people.status == 0);
  CHECK(people.says("no pairs.txt"));
  CHECK(people.out.find("VAL at FAR") != std::string::npos);
}

}  // namespace facenet::test
