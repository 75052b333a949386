// CFP, YouTube Faces and IJB from small folders made in their formats, and the distances of sets.
#include "facenet/protocols.hpp"

#include <cmath>

#include "base/files.hpp"
#include "base/random.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "facenet/error.hpp"
#include "facenet/image.hpp"

using namespace facenet;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  write_file(file, text);
}

template <typename Read>
std::string fault_of(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    return error.what();
  }
  return "taken";
}

void make_cfp(const fs::path& root) {
  put(root / "Protocol/Pair_list_F.txt",
      "1 ../Data/Images/001/frontal/01.jpg\r\n2 ../Data/Images/001/frontal/02.jpg\n3 "
      "../Data/Images/002/frontal/01.jpg\n");
  put(root / "Protocol/Pair_list_P.txt", "1 ../Data/Images/001/profile/01.jpg\n2 ../Data/Images/002/profile/01.jpg\n");
  put(root / "Protocol/Split/FP/01/same.txt", "1,1\n3,2\n");
  put(root / "Protocol/Split/FP/01/diff.txt", "1,2\n");
  put(root / "Protocol/Split/FP/02/same.txt", "2,1\n");
  put(root / "Protocol/Split/FP/02/diff.txt", "3,1\n\n");
  put(root / "Protocol/Split/FF/01/same.txt", "1,2\n");
  put(root / "Protocol/Split/FF/01/diff.txt", "1,3\n");
}

Embeddings rows(std::vector<float> values, std::size_t dimension) { return {dimension, std::move(values)}; }

}  // namespace

TEST_CASE("CFP: numbered images, a folder for each fold") {
  const test::ScratchFolder folder;
  make_cfp(folder.path());
  const PairList list = read_cfp(folder.path());
  REQUIRE(list.folds == 2);
  REQUIRE(list.pairs.size() == 5);
  CHECK(list.pairs[1].a == "Data/Images/002/frontal/01.jpg");
  CHECK(list.pairs[1].b == "Data/Images/002/profile/01.jpg");
  CHECK(list.pairs[1].same);
  CHECK_FALSE(list.pairs[2].same);
  CHECK(list.pairs[3].fold == 2);
  CHECK(list.pairs[3].a == "Data/Images/001/frontal/02.jpg");
  const PairList frontal = read_cfp(folder.path(), CfpTest::frontal_frontal);
  REQUIRE(frontal.pairs.size() == 2);
  CHECK(frontal.pairs[0].b == "Data/Images/001/frontal/02.jpg");
  CHECK(frontal.folds == 1);
}

TEST_CASE("CFP: what is wrong is named with its line") {
  const test::ScratchFolder folder;
  const auto fault = [&] { return fault_of([&] { read_cfp(folder.path()); }); };
  CHECK(fault().find("Pair_list_F.txt") != std::string::npos);
  for (const auto& [text, words] : {std::pair("1,9\n", "line 1: '9' is not the number of an image, 1 to 2"),
                                    std::pair("1,1\n0,1\n", "line 2: '0' is not"), std::pair("1\n", "line 1: expected"),
                                    std::pair("1,1,1\n", "line 1: expected"), std::pair("x,1\n", "'x' is not")}) {
    make_cfp(folder.path());
    put(folder / "Protocol/Split/FP/01/same.txt", text);
    CHECK(fault().find(words) != std::string::npos);
  }
  make_cfp(folder.path());
  put(folder / "Protocol/Pair_list_P.txt", "1 a\n3 b\n");
  CHECK(fault().find("Pair_list_P.txt, line 2: '3' is not the number 2") != std::string::npos);
  make_cfp(folder.path());
  fs::remove(folder / "Protocol/Split/FP/02/diff.txt");
  CHECK(fault().find("02/diff.txt") != std::string::npos);
}

TEST_CASE("YouTube Faces: clips with their frames in the order of their numbers") {
  const test::ScratchFolder folder;
  put(folder / "splits.txt",
      "split number, first name, second name, is same\n1, Ada/0, Ada/3, 1\n1, Ada/0, Bob/1, 0\n2, Bob/1, Eve/2, 0\r\n");
  for (const char* frame : {"0.10.jpg", "0.2.jpg", "0.1.jpg", "0.100.jpg", ".hidden.jpg", "notes.txt"}) {
    put(folder / ("frame_images_DB/Ada/0/" + std::string(frame)), "x");
  }
  const SetPairs sets = read_youtube_faces(folder.path());
  CHECK(sets.root == folder / "frame_images_DB");
  CHECK(sets.folds == 2);
  REQUIRE(sets.pairs.size() == 3);
  REQUIRE(sets.sets.size() == 4);
  CHECK(sets.sets[0].name == "Ada/0");
  REQUIRE(sets.sets[0].images.size() == 4);
  CHECK(sets.sets[0].images[0].file == "Ada/0/0.1.jpg");
  CHECK(sets.sets[0].images[1].file == "Ada/0/0.2.jpg");
  CHECK(sets.sets[0].images[2].file == "Ada/0/0.10.jpg");
  CHECK(sets.sets[0].images[3].file == "Ada/0/0.100.jpg");
  CHECK(sets.sets[1].images.empty());  // to be said when it is needed
  CHECK(sets.pairs[2].a == 2);
  CHECK(sets.pairs[2].b == 3);
  CHECK(sets.pairs[0].same);
  CHECK(sets.pairs[2].fold == 2);

  for (const char* text : {"1, Ada/0, Ada/3\n", "1, Ada/0, Ada/3, 2\n", "0, Ada/0, Ada/3, 1\n", "header\nheader\n",
                           "1, ../Ada, Bob/1, 0\n", "1, /etc, Bob/1, 0\n", "1, Ada/, Bob/1, 0\n"}) {
    INFO(text);
    put(folder / "splits.txt", text);
    CHECK(fault_of([&] { read_youtube_faces(folder.path()); }).find("splits.txt, line ") != std::string::npos);
  }
}

TEST_CASE("IJB: templates as InsightFace publishes them") {
  const test::ScratchFolder folder;
  put(folder / "meta/ijbc_face_tid_mid.txt", "1.jpg 17 501\n2.jpg 17 501\n3.jpg 17 502\n4.jpg 9 700\n");
  put(folder / "meta/ijbc_template_pair_label.txt", "17 9 0\n9 17 1\n");
  put(folder / "meta/ijbc_name_5pts_score.txt", "1.jpg 1 2 3 4 5 6 7 8 9 10 0.99\n4.jpg 1 2 3 4 5 6 7 8 9 10.5 0.9\n");
  const SetPairs sets = read_ijb(folder.path());
  CHECK(sets.root == folder / "loose_crop");
  REQUIRE(sets.sets.size() == 2);
  CHECK(sets.sets[0].name == "17");
  REQUIRE(sets.sets[0].images.size() == 3);
  CHECK(sets.sets[0].images[0].medium == sets.sets[0].images[1].medium);
  CHECK(sets.sets[0].images[0].medium != sets.sets[0].images[2].medium);
  REQUIRE(sets.pairs.size() == 2);
  CHECK(sets.pairs[1].a == 1);
  CHECK(sets.pairs[1].same);
  REQUIRE(sets.landmarks);
  CHECK(sets.landmarks->at("4.jpg")[9] == 10.5F);

  const auto fault = [&] { return fault_of([&] { read_ijb(folder.path()); }); };
  put(folder / "meta/ijbc_template_pair_label.txt", "17 9 0\n17 8 0\n");
  CHECK(fault().find("line 2: there is no template '8'") != std::string::npos);
  put(folder / "meta/ijbc_template_pair_label.txt", "17 9 0\n");
  put(folder / "meta/ijbc_name_5pts_score.txt", "1.jpg 1 2 3 4 5 6 7 8 nan 10 0.99\n");
  CHECK(fault().find("'nan' is no number") != std::string::npos);
  put(folder / "meta/ijbb_face_tid_mid.txt", "1.jpg 17 501\n");
  CHECK(fault().find("several files *_face_tid_mid.txt") != std::string::npos);
}

TEST_CASE("templates and their pairs as tables") {
  const test::ScratchFolder folder;
  CHECK(fault_of([&] { read_ijb(folder.path()); }).find("neither templates.csv nor") != std::string::npos);
  put(folder / "templates.csv", "template,file,medium\na,x/1.jpg,v\na,x/2.jpg,v\nb,y/1.jpg,w\n");
  put(folder / "template_pairs.csv", "template_a,template_b,same,fold\na,b,0,2\na,a,1,1\n");
  const SetPairs sets = read_ijb(folder.path());
  CHECK(sets.root == folder.path());
  REQUIRE(sets.sets.size() == 2);
  CHECK(sets.sets[0].images[0].medium == sets.sets[0].images[1].medium);
  CHECK(sets.folds == 2);
  CHECK_FALSE(sets.landmarks);
  put(folder / "template_pairs.csv", "template_a,template_b,same\na,c,0\n");
  CHECK(fault_of([&] { read_ijb(folder.path()); }).find("line 2: there is no template 'c'") != std::string::npos);
}

TEST_CASE("two clips are as far apart as their frames are on average") {
  Random random(3);
  Embeddings embeddings;
  std::vector<std::int32_t> set;
  for (int i = 0; i < 12; ++i) {
    std::vector<float> row(8);
    double length = 0;
    for (float& value : row) {
      value = static_cast<float>(random.normal());
      length += static_cast<double>(value) * static_cast<double>(value);
    }
    for (float& value : row) value /= static_cast<float>(std::sqrt(length));
    embeddings.append(row);
    set.push_back(i < 5 ? 0 : 1);
  }
  const std::vector<std::int32_t> medium(12, 0);
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 5; j < 12; ++j) sum += static_cast<double>(squared_distance(embeddings[i], embeddings[j]));
  }
  const std::vector<NumberedPair> pairs{{0, 1, false, 3}, {0, 2, true, 1}};
  const auto scored = score_sets(embeddings, set, medium, 3, pairs, SetDistance::mean_of_pairs);
  REQUIRE(scored.pairs.size() == 1);  // nothing is known of set 2
  CHECK(scored.numbers == std::vector<std::size_t>{0});
  CHECK(scored.pairs[0].distance == Approx(sum / 35).epsilon(1e-5));
  CHECK(scored.pairs[0].fold == 3);
}

TEST_CASE("a template is the mean of its media, however many images each has") {
  // Three frames of one video count as much as one photograph: the mean points half way between the two.
  const auto embeddings = rows({1, 0, 1, 0, 1, 0, 0, 1, 1, 0}, 2);
  const std::vector<std::int32_t> set{0, 0, 0, 0, 1};
  const std::vector<std::int32_t> medium{7, 7, 7, 8, 1};
  const std::vector<NumberedPair> pairs{{0, 1, true, 1}};
  const auto scored = score_sets(embeddings, set, medium, 2, pairs, SetDistance::templates);
  REQUIRE(scored.pairs.size() == 1);
  CHECK(scored.pairs[0].distance == Approx(2 - std::sqrt(2.0)).epsilon(1e-6));
}

TEST_CASE("sets that cannot be scored") {
  const auto embeddings = rows({1, 0, -1, 0}, 2);
  const std::vector<std::int32_t> set{0, 0};
  const std::vector<std::int32_t> medium{0, 1};
  const std::vector<NumberedPair> pairs{{0, 0, true, 1}};
  const std::vector<NumberedPair> beyond{{0, 5, true, 1}};
  CHECK_THROWS_AS(score_sets(embeddings, set, medium, 1, pairs, SetDistance::templates), InvalidArgument);
  CHECK_THROWS_AS(score_sets(embeddings, set, medium, 1, beyond, SetDistance::mean_of_pairs), InvalidArgument);
  CHECK_THROWS_AS(score_sets(embeddings, set, {}, 1, pairs, SetDistance::mean_of_pairs), InvalidArgument);
  CHECK_THROWS_AS(score_sets(rows({1, NAN}, 2), std::vector<std::int32_t>{0}, std::vector<std::int32_t>{0}, 1, pairs,
                             SetDistance::mean_of_pairs),
                  InvalidArgument);
}
