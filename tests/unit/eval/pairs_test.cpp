// Pair lists from files, good and hostile; and the folds that a user names.
#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"

using namespace facenet;

namespace {

PairList lfw(const std::string& text) {
  const test::ScratchFolder folder;
  write_file(folder / "pairs.txt", text);
  return read_lfw_pairs(folder / "pairs.txt");
}

PairList csv(const std::string& text) {
  const test::ScratchFolder folder;
  write_file(folder / "pairs.csv", text);
  return read_pairs_csv(folder / "pairs.csv");
}

}  // namespace

TEST_CASE("pairs.txt of LFW") {
  const auto list = lfw("2\t1\nAbel\t1\t4\nAbdul\t1\tPortia_de_Rossi\t12\r\nBo\t2\t3\nBo\t1\tAbel\t2\n\n");
  REQUIRE(list.folds == 2);
  REQUIRE(list.pairs.size() == 4);
  REQUIRE(list.pairs[0].a == "Abel/Abel_0001.jpg");
  REQUIRE(list.pairs[0].b == "Abel/Abel_0004.jpg");
  REQUIRE(list.pairs[0].same);
  REQUIRE(list.pairs[1].b == "Portia_de_Rossi/Portia_de_Rossi_0012.jpg");
  REQUIRE_FALSE(list.pairs[1].same);
  REQUIRE(list.pairs[1].fold == 1);
  REQUIRE(list.pairs[2].fold == 2);
  REQUIRE(list.pairs[3].a == "Bo/Bo_0001.jpg");

  const auto one = lfw("1\nAbel 1 4\nAbel 1 Bo 2\n");
  REQUIRE(one.folds == 1);
  REQUIRE(one.pairs.size() == 2);
}

TEST_CASE("broken pairs.txt files are refused with the line") {
  for (const char* text : {"", "x\t300\n", "2\t1\nAbel\t1\t4\n", "1\t1\nAbel\t1\t4\nBo\t1\t4\n", "1\t1\nAbel\t0\t4\n",
                           "1\nAbel 1 4\nAbel 1 Bo 2\nmore 1 2\n", "9999999\t9\n", "1 2 3\n", "1\t99999999999\n"}) {
    INFO(text);
    REQUIRE_THROWS_AS(lfw(text), FormatError);
  }
  try {
    lfw("2\t1\nAbel\t1\t4\nAbel\t1\n");
    FAIL("taken");
  } catch (const FormatError& error) {
    REQUIRE(std::string(error.what()).find("line 3") != std::string::npos);
  }
  REQUIRE_THROWS_AS(read_lfw_pairs("/does/not/exist"), IoError);
}

TEST_CASE("the pairs of the real LFW folder") {
  const auto data = test::shared_data();
  if (!data) return;
  const auto list = read_lfw_pairs(*data / "lfw" / "pairs.txt");
  REQUIRE(list.folds == 8);
  REQUIRE(list.pairs.size() == 4800);
  for (std::size_t i = 0; i < list.pairs.size(); i += 61) {
    REQUIRE(list.pairs[i].fold == static_cast<std::int32_t>(i / 600) + 1);
    REQUIRE(std::filesystem::exists(*data / "lfw" / "images" / list.pairs[i].a));
    REQUIRE(std::filesystem::exists(*data / "lfw" / "images" / list.pairs[i].b));
  }
}

TEST_CASE("pairs from CSV") {
  const auto list =
      csv("age,file_a,file_b,same,fold\r\nold,\"a, \"\"b\"\".jpg\",b.jpg,1,2\r\n\r\nyoung,\"line\nend\",c.jpg,false,1");
  REQUIRE(list.folds == 2);
  REQUIRE(list.extra_columns == std::vector<std::string>{"age"});
  REQUIRE(list.pairs.size() == 2);
  REQUIRE(list.pairs[0].a == "a, \"b\".jpg");
  REQUIRE(list.pairs[0].same);
  REQUIRE(list.pairs[0].fold == 2);
  REQUIRE(list.pairs[0].extra == std::vector<std::string>{"old"});
  REQUIRE(list.pairs[1].a == "line\nend");
  REQUIRE_FALSE(list.pairs[1].same);
}

TEST_CASE("CSV pairs without folds are dealt to ten, both kinds apart") {
  std::string text = "file_a,file_b,same\n";
  for (int i = 0; i < 40; ++i) text += std::string("a,b,") + (i < 20 ? "1\n" : "0\n");
  const auto list = csv(text);
  REQUIRE(list.folds == 10);
  std::vector<int> same(11);
  std::vector<int> different(11);
  for (const auto& pair : list.pairs) ++(pair.same ? same : different)[static_cast<std::size_t>(pair.fold)];
  for (std::size_t fold = 1; fold <= 10; ++fold) {
    REQUIRE(same[fold] == 2);
    REQUIRE(different[fold] == 2);
  }
}

TEST_CASE("broken CSV files are refused with the line") {
  for (const char* text : {"", "a,b,same\n", "file_a,file_b,same\nx,y\n", "file_a,file_b,same\nx,y,maybe\n",
                           "file_a,file_b,same,fold\nx,y,1,0\n", "file_a,file_b,same\n\"x,y,1\n"}) {
    INFO(text);
    REQUIRE_THROWS_AS(csv(text), FormatError);
  }
  try {
    csv("file_a,file_b,same\n\"two\nlines\",y,1\nx,y,2\n");
    FAIL("taken");
  } catch (const FormatError& error) {
    REQUIRE(std::string(error.what()).find("line 4") != std::string::npos);
  }
}

TEST_CASE("folds as a user writes them") {
  REQUIRE(parse_folds("1-8", 8) == std::vector<std::int32_t>{1, 2, 3, 4, 5, 6, 7, 8});
  REQUIRE(parse_folds("7-8", 8) == std::vector<std::int32_t>{7, 8});
  REQUIRE(parse_folds("3,1,2-3", 8) == std::vector<std::int32_t>{1, 2, 3});
  for (const char* text : {"", "0", "9", "1-9", "3-1", "a", "1,", "-2", "1-", "1 2", "1-2-3"}) {
    INFO(text);
    REQUIRE_THROWS_AS(parse_folds(text, 8), InvalidArgument);
  }
}
