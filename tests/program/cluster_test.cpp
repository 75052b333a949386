// cluster: groups, what a person said of them, and new faces that join them.
#include <set>

#include <facenet/csv.hpp>
#include <facenet/embeddings.hpp>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {

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

TEST_CASE("an .npz is its own table: commands give the same as for an .npy with its .csv", "[program]") {
  const ScratchFolder scratch;
  const std::string npy = scratch / "e.npy";
  const std::string npz = scratch / "f.npz";
  for (const auto& file : {npy, npz}) {
    REQUIRE(run({"embed", "-m", world().model, world().faces, "-o", file}).status == 0);
  }
  REQUIRE_FALSE(fs::exists(scratch / "f.csv"));
  const auto groups = [&](const std::string& file, const std::vector<std::string>& more) {
    std::vector<std::string> words{"cluster", "--embeddings", file, "--csv"};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = run(words);
    INFO(result.err);
    REQUIRE(result.status == 0);
    std::vector<std::vector<std::string>> rows;  // file, face, cluster
    for (const auto& row : CsvTable::parse(result.out, "csv").rows) rows.emplace_back(row.begin(), row.begin() + 3);
    REQUIRE(rows.size() == 24);
    return rows;
  };
  for (const auto& how : std::vector<std::vector<std::string>>{{"--clusters", "5"},
                                                               {"--method", "kmeans", "--clusters", "4"},
                                                               {"--method", "graph", "--threshold", "0.1"}}) {
    CHECK(groups(npz, how) == groups(npy, how));
  }
  CHECK(groups(npz, {"--threshold-from", npz}) == groups(npy, {"--threshold-from", npy}));

  const auto calibrated = [&](const std::string& file) {
    return run({"calibrate", "-m", world().model, "--embeddings", file, "--far", "0.2", "-o", scratch / "m.fnm",
                "--json"})
        .object();
  };
  CHECK(calibrated(npz).at("threshold").get<float>() == Approx(calibrated(npy).at("threshold").get<float>()));
  CHECK(calibrated(npz).at("norm").get<float>() == Approx(calibrated(npy).at("norm").get<float>()));
  CHECK(run({"gallery", "evaluate", "--embeddings", npz, "--json"}).object().at("rank1") ==
        run({"gallery", "evaluate", "--embeddings", npy, "--json"}).object().at("rank1"));
  CHECK(run({"embed", "-m", world().model, world().face(1, 1), "-o", scratch / "codes.npy", "--codes", "8bit",
             "--codes-from", npz})
            .status == 0);
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

TEST_CASE("what is said of new faces and known ones by their names holds, and goes on", "[program]") {
  const ScratchFolder scratch;
  write_people(scratch / "e.npy");
  REQUIRE(run({"cluster", "--embeddings", scratch / "e.npy", "--threshold", "0.5", "--csv", "-o", scratch / "g.csv",
               "--save", scratch / "k"})
              .status == 0);
  // The first looks like p0 and is said not to be; the second looks like nobody and is said to be p1, and the third.
  write_npy(scratch / "n.npy", {4, {1, 0.02F, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0}});
  write_text(scratch / "n.csv", "file,face\nn/1.jpg,0\nn/2.jpg,0\nn/3.jpg,0\n");
  const std::string head = "file_a,file_b,relation\n";
  const auto join = [&](const std::string& said, const std::string& out) {
    write_text(scratch / "c.csv", head + said);
    return run({"cluster", "--embeddings", scratch / "n.npy", "--join", scratch / "k", "--constraints",
                scratch / "c.csv", "--save", scratch / "k", "--csv", "-o", scratch / out});
  };
  REQUIRE(join("n/1.jpg,p0_0003.jpg,different\np1/p1_0002.jpg,n/2.jpg,same\nn/2.jpg,n/3.jpg,same\n", "1.csv").status ==
          0);
  const auto rows = CsvTable::open(scratch / "1.csv").rows;
  REQUIRE(rows.size() == 3);
  CHECK(rows[0][2] == "4");  // founded, though the threshold would have it be of p0's
  CHECK(rows[1][2] == "2");
  CHECK(rows[2][2] == "2");

  // Later, with other faces: a table that contradicts what was said before is refused, names both, and writes nothing.
  write_npy(scratch / "n.npy", {4, {1, 0.01F, 0, 0}});
  write_text(scratch / "n.csv", "file,face\nm/1.jpg,0\n");
  const std::string before = content_of(scratch / "k");
  const auto against = join("m/1.jpg,n/1.jpg,same\nm/1.jpg,p0_0001.jpg,same\n", "2.csv");
  CHECK(against.status == 4);
  CHECK(against.says("'somewhere/images/p0/p0_0001.jpg' = 'm/1.jpg' = 'n/1.jpg'"));
  CHECK(join("n/2.jpg,p1_0001.jpg,different\n", "2.csv").says("in one known cluster, which is never divided"));
  CHECK(join("nobody.jpg,m/1.jpg,same\n", "2.csv").says("line 2: 'nobody.jpg'"));
  CHECK_FALSE(fs::exists(scratch / "2.csv"));
  CHECK(content_of(scratch / "k") == before);
  // The same sayings again are no contradiction.
  CHECK(join("n/1.jpg,p0_0003.jpg,different\nn/1.jpg,m/1.jpg,same\n", "3.csv").status == 0);
  CHECK(CsvTable::open(scratch / "3.csv").rows[0][2] == "4");
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

}  // namespace facenet::test
