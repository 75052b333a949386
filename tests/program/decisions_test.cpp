// verify, identify, cluster and eval: decisions and their measures.
#include <set>

#include <facenet/csv.hpp>
#include <facenet/embeddings.hpp>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

// Three people on three axes, with a little noise: 5, 3 and 1 images, as e.npy and e.csv.
void write_people(const fs::path& npy) {
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
  write_text(fs::path(npy).replace_extension(".csv"), table);
}

}  // namespace

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

TEST_CASE("cluster groups embeddings, scores them by folder, and draws a page", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  for (const char* method : {"average", "complete", "single", "centroid", "graph"}) {
    INFO(method);
    const auto result = run({"cluster", "--embeddings", scratch / "e.npy", "--method", method, "--threshold", "0.5",
                             "--labels_from_folders", "--csv", "--summary", scratch / "s.json"});
    REQUIRE(result.status == 0);
    const auto table = CsvTable::parse(result.out, "csv");
    CHECK(table.header == std::vector<std::string>{"file", "face", "cluster", "outlier"});
    REQUIRE(table.rows.size() == 9);
    CHECK(table.rows[0][2] == "1");  // the largest is the first
    CHECK(table.rows[4][2] == "1");
    CHECK(table.rows[5][2] == "2");
    CHECK(table.rows[8][2] == "3");
    const auto summary = nlohmann::json::parse(content_of(scratch / "s.json"));
    CHECK(summary.at("clusters") == 3);
    CHECK(summary.at("singletons") == 1);
    for (const char* score : {"pairwise", "bcubed"}) {
      for (const char* part : {"precision", "recall", "f"}) CHECK(summary.at(score).at(part) == 1);
    }
  }
  // All in one: of 36 pairs 13 belong together.
  const auto one =
      run({"cluster", "--embeddings", scratch / "e.npy", "--clusters", "1", "--labels-from-folders", "--json"});
  const auto summary = nlohmann::json::parse(one.err);
  CHECK(summary.at("pairwise").at("precision").get<double>() == Approx(13.0 / 36));
  CHECK(summary.at("pairwise").at("recall") == 1);
  CHECK(one.lines().size() == 9);
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--clusters", "3", "--method", "kmeans"}).status == 0);
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--method", "kmeans"}).says("9 faces in 3 clusters"));
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--method", "kmeans", "--threshold", "1"}).status == 2);
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--clusters", "10"}).says("10 clusters of 9 items"));

  CHECK(run({"cluster", "--embeddings", scratch / "e.npy"}).status == 2);
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "1", "--method", "avarage"})
            .says("did you mean 'average'?"));
  CHECK(run({"cluster", "--threshold", "1"}).status == 2);
  write_text(scratch / "e.csv", "file,face\nonly one,0\n");
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "1"}).status == 4);
}

TEST_CASE("cluster says of each group who is typical, and how well it holds together", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  const std::vector<std::string> group{"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5",
                                       "--csv",   "-o",           scratch / "g.csv", "--groups"};
  const auto with = [&](const std::string& file) {
    auto words = group;
    words.push_back(scratch / file);
    return run(words);
  };
  REQUIRE(with("groups.csv").status == 0);
  const auto table = CsvTable::open(scratch / "groups.csv");
  CHECK(table.header == std::vector<std::string>{"cluster", "faces", "file", "face", "quality", "outlier"});
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[0][1] == "5");
  CHECK(table.number(0, 4) > 0.9);
  CHECK(table.number(0, 5) < 0.5);
  CHECK(table.rows[2][4] == "0");  // of one face
  CHECK(table.rows[2][5] == "1");
  REQUIRE(with("groups.json").status == 0);
  const auto groups = nlohmann::json::parse(content_of(scratch / "groups.json"));
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].at("file") == table.rows[0][2]);
  CHECK(groups[0].at("quality").get<double>() == Approx(table.number(0, 4)));
  CHECK(with("groups.png").status == 2);
}

TEST_CASE("cluster by graph takes a threshold and no number of groups", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  const auto number = run({"cluster", "--embeddings", scratch / "e.npy", "--method", "graph", "--clusters", "3"});
  CHECK(number.status == 2);
  CHECK(number.says("--threshold"));
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--method", "graph"}).status == 2);
}

TEST_CASE("cluster keeps to what a person said, and names what cannot be", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  const std::string head = "file_a,file_b,relation\n";
  write_text(scratch / "c.csv", head +
                                    "p0/p0_0001.jpg,p1/p1_0001.jpg,same\n"
                                    "somewhere/images/p0/p0_0002.jpg,p0/p0_0003.jpg,different\n"
                                    "p2_0001.jpg,,not a face\n");
  for (const char* method : {"average", "complete", "single", "centroid", "kmeans", "graph"}) {
    INFO(method);
    const bool k = std::string(method) == "kmeans";
    const auto result =
        run({"cluster", "--embeddings", scratch / "e.npy", "--method", method, k ? "--clusters" : "--threshold",
             k ? "3" : "0.5", "--constraints", scratch / "c.csv", "--csv", "--summary", scratch / "s.json"});
    REQUIRE(result.status == 0);
    const auto rows = CsvTable::parse(result.out, "csv").rows;
    REQUIRE(rows.size() == 9);
    CHECK(rows[0][2] == rows[5][2]);
    CHECK(rows[1][2] != rows[2][2]);
    CHECK(rows[8][2].empty());
    CHECK(rows[8][3].empty());
    CHECK(nlohmann::json::parse(content_of(scratch / "s.json")).at("faces") == 8);
  }
  const auto lines = run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5", "--constraints",
                          scratch / "c.csv", "--json", "--labels-from-folders"})
                         .lines();
  REQUIRE(lines.size() == 9);
  CHECK(lines[8].at("cluster").is_null());

  const auto fault = [&](const std::string& text) {
    write_text(scratch / "c.csv", head + text);
    const auto result = run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5", "--constraints",
                             scratch / "c.csv", "-o", scratch / "out.csv"});
    CHECK(result.status == 4);
    CHECK_FALSE(std::filesystem::exists(scratch / "out.csv"));
    return result.err;
  };
  CHECK(fault("p0_0001.jpg,nobody.jpg,same\n").find("line 2: 'nobody.jpg'") != std::string::npos);
  const std::string against =
      fault("p0_0001.jpg,p0_0002.jpg,same\np0_0002.jpg,p0_0003.jpg,same\np0_0001.jpg,p0_0003.jpg,different\n");
  CHECK(against.find("p0_0001.jpg' = '") != std::string::npos);
  CHECK(against.find("p0_0002.jpg' = '") != std::string::npos);
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5", "--constraints", "/nonexistent"})
            .status == 4);
}

TEST_CASE("cluster takes its threshold from other people", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  const auto result = run({"cluster", "--embeddings", scratch / "e.npy", "--threshold-from", scratch / "e.npy", "--csv",
                           "--summary", scratch / "s.json", "--labels-from-folders"});
  REQUIRE(result.status == 0);
  CHECK(result.says("BCubed F 100.00 %"));
  CHECK(nlohmann::json::parse(content_of(scratch / "s.json")).at("clusters") == 3);
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--threshold-from", scratch / "e.npy", "--threshold", "1"})
            .status == 2);
  CHECK(run({"cluster", "--embeddings", scratch / "e.npy", "--threshold-from", "/nonexistent.npy"}).status == 4);
  write_npy(scratch / "other.npy", {2, {1, 0, 1, 0}});
  write_text(scratch / "other.csv", "file,face\na/1.png,0\nb/1.png,0\n");
  const auto other =
      run({"cluster", "--embeddings", scratch / "other.npy", "--threshold-from", scratch / "e.npy", "--json"});
  CHECK(other.status == 4);
  CHECK(other.says("different models"));
}

TEST_CASE("cluster suggests what to look at, and takes the answers", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  const auto result = run(
      {"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5", "--csv", "--suggest", scratch / "q.csv"});
  REQUIRE(result.status == 0);
  const auto questions = CsvTable::open(scratch / "q.csv");
  REQUIRE(questions.rows.size() >= 4);  // three people that are near each other in some order, two groups to split
  CHECK(questions.header[4] == "relation");
  // Unanswered, it says nothing; answered, it is obeyed.
  const std::vector<std::string> again{"cluster", "--embeddings", scratch / "e.npy", "--threshold",
                                       "0.5",     "--csv",        "--constraints",   scratch / "q.csv"};
  CHECK(run(again).out == result.out);
  std::string text = csv_field("file_a") + ",file_b,relation\n";
  for (const auto& row : questions.rows) {
    if (row[5] == "together") text += row[0] + "," + row[2] + ",different\n";
  }
  write_text(scratch / "q.csv", text);
  const auto split = CsvTable::parse(run(again).out, "csv");
  std::set<std::string> groups;
  for (const auto& row : split.rows) groups.insert(row[2]);
  CHECK(groups.size() == 5);
}

TEST_CASE("cluster keeps earlier groups together while new faces join them", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  // All in one group before, but for the last, which is new.
  std::string before = "file,face,cluster,outlier\n";
  const auto names = CsvTable::open(scratch / "e.csv");
  for (std::size_t i = 0; i < 8; ++i) before += names.rows[i][0] + ",0,1,0.2\n";
  write_text(scratch / "before.csv", before);
  const auto rows = CsvTable::parse(run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5", "--csv",
                                         "--keep", scratch / "before.csv"})
                                        .out,
                                    "csv")
                        .rows;
  REQUIRE(rows.size() == 9);
  for (std::size_t i = 0; i < 8; ++i) CHECK(rows[i][2] == "1");
  CHECK(rows[8][2] == "2");
  write_text(scratch / "before.csv", before + "gone.jpg,0,2,1\n");
  const auto gone =
      run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5", "--keep", scratch / "before.csv"});
  CHECK(gone.status == 4);
  CHECK(gone.says("1 faces that are not among those given"));
}

TEST_CASE("new faces join saved clusters without the old ones", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  REQUIRE(run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5", "--csv", "-o", scratch / "g.csv",
               "--save", scratch / "k"})
              .status == 0);
  // One more of the first person, and two of somebody new.
  write_npy(scratch / "n.npy", {4, {1, 0.02F, 0, 0, 0, 0, 0, 1, 0.01F, 0, 0, 1}});
  write_text(scratch / "n.csv", "file,face\nn/1.jpg,0\nn/2.jpg,0\nn/3.jpg,0\n");
  const auto result = run({"cluster", "--embeddings", scratch / "n.npy", "--join", scratch / "k", "--save",
                           scratch / "k", "--csv", "--summary", scratch / "s.json"});
  REQUIRE(result.status == 0);
  const auto table = CsvTable::parse(result.out, "csv");
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[0][2] == "1");
  CHECK(table.rows[1][2] == "4");
  CHECK(table.rows[2][2] == "4");
  const auto summary = nlohmann::json::parse(content_of(scratch / "s.json"));
  CHECK(summary.at("joined") == 1);
  CHECK(summary.at("founded") == 1);
  CHECK(summary.at("merged").empty());
  CHECK(summary.at("clusters") == 4);
  // Once more: now they are known.
  CHECK(run({"cluster", "--embeddings", scratch / "n.npy", "--join", scratch / "k"}).says("3 in known clusters"));
  for (const char* option : {"--report", "--groups", "--keep", "--suggest"}) {
    CHECK(run({"cluster", "--embeddings", scratch / "n.npy", "--join", scratch / "k", option,
               scratch / (std::string("x") + (option[2] == 'r' ? ".html" : ".csv"))})
              .status != 0);
  }
  CHECK(run({"cluster", "--embeddings", scratch / "n.npy", "--join", scratch / "k", "--clusters", "3"}).status == 2);
  CHECK(run({"cluster", "--embeddings", scratch / "n.npy", "--join", scratch / "e.npy"}).status == 4);
  // A graph's threshold is not that of average linkage.
  REQUIRE(run({"cluster", "--embeddings", scratch / "e.npy", "--method", "graph", "--threshold", "0.5", "--csv", "-o",
               scratch / "g.csv", "--save", scratch / "k"})
              .status == 0);
  CHECK(run({"cluster", "--embeddings", scratch / "n.npy", "--join", scratch / "k"}).status == 2);
  CHECK(run({"cluster", "--embeddings", scratch / "n.npy", "--join", scratch / "k", "--threshold", "0.5"}).status == 0);
  write_npy(scratch / "o.npy", {2, {1, 0}});
  write_text(scratch / "o.csv", "file,face\no/1.jpg,0\n");
  CHECK(run({"cluster", "--embeddings", scratch / "o.npy", "--join", scratch / "k", "--threshold", "1"})
            .says("embeddings of 2 numbers"));
}

TEST_CASE("cluster takes photographs too", "[program]") {
  const ScratchFolder scratch;
  write_text(scratch / "bad.png", "damaged");
  const auto result = run({"cluster", "-m", world().calibrated, world().faces, scratch / "bad.png", "--report",
                           scratch / "r.html", "-o", scratch / "c.csv"});
  CHECK(result.status == 3);
  CHECK(result.says("calibration"));
  CHECK(CsvTable::open(scratch / "c.csv").rows.size() == 24);
  const std::string page = content_of(scratch / "r.html");
  CHECK(page.find("data:image/jpeg") != std::string::npos);
  CHECK(page.find("http://") == page.find("http://www.w3.org"));  // nothing is fetched
  CHECK(run({"cluster", "-m", world().calibrated, world().faces, "--report", scratch / "r.pdf"}).status == 2);
}

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
