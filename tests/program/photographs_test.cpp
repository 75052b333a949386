// Photographs that are no easy ones, made from real ones, through the commands: each gets a typed answer, and nothing
// is ever made of a whole picture instead of a face.
#ifdef FACENET_HAVE_ONNX
#include <algorithm>
#include <set>

#include <facenet/csv.hpp>
#include <facenet/dataset.hpp>
#include <facenet/import.hpp>
#include <facenet/recognizer.hpp>

#include "catch.hpp"
#include "data/geometry.hpp"
#include "detector.hpp"
#include "program.hpp"
#include "world.hpp"

namespace facenet::test {
namespace {

using Json = nlohmann::json;

// The real detector, MobileFaceNet, and an album.
struct Album {
  ScratchFolder scratch;
  std::string detector = scratch / "mtcnn.fnm";
  std::string model = scratch / "mobilefacenet.fnm";
  Image photograph;  ///< of one person, 250x250, the face some 93x121

  explicit Album(const std::filesystem::path& data)
      : photograph(Image::open(data / "lfw/images/Abel_Pacheco/Abel_Pacheco_0002.jpg")) {
    save_detector(detector, *shared_mtcnn());
    import_model(data / "models/mobilefacenet-y1.onnx", {.template_name = "arcface-112", .licence = "test"})
        .save(model);
    put("plain", photograph);
    put("none", photograph.cropped(0, 0, 60, 60).resized(250, 250));
    put("cut", photograph.cropped(0, 0, 250, 150));
    put("tiny", photograph.resized(62, 62));
    Image far_away(250, 250);
    paste(photograph.resized(40, 40), far_away, 100);
    put("far away", far_away);
    put("turned 90", turned(photograph, 1));
    put("turned 180", turned(photograph, 2));
    put("turned 270", turned(photograph, 3));
    put("blurred", photograph.resized(25, 25).resized(250, 250));
    put("drawing", generate_face(1, 2, 200).image);
    // Somebody else, smaller, beside the first.
    const Image other = Image::open(data / "lfw/images/Abdullah_Gul/Abdullah_Gul_0010.jpg").resized(180, 180);
    Image both(430, 250);
    paste(photograph, both, 0);
    paste(other, both, 250);
    put("two", both);
    put("other", other);
  }
  static void paste(const Image& from, Image& to, int left) {
    for (int y = 0; y < from.height(); ++y) std::copy_n(from.at(0, y), from.width() * 3, to.at(left, y));
  }
  void put(const std::string& name, const Image& image) const { image.write_png(file(name)); }
  std::string file(const std::string& name) const { return scratch / (name + ".png"); }

  ProgramResult with(const std::string& command, const std::vector<std::string>& names,
                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{command, "--detector", detector, "--json"};
    if (command != "detect") arguments.insert(arguments.end(), {"-m", model});
    for (const auto& name : names) arguments.push_back(file(name));
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

const Album* album() {
  static const auto data = shared_data();
  if (!data) return nullptr;
  static const Album made(*data);
  return &made;
}

}  // namespace

TEST_CASE("minimum quality: poor faces are listed, whatever becomes of them", "[program]") {
  const Album* a = album();
  if (a == nullptr) return;
  const std::string npy = a->scratch / "all.npy";
  const auto all = run({"embed", "--detector", a->detector, "-m", a->model, "-o", npy, a->file("plain"), a->file("two"),
                        a->file("blurred")});
  REQUIRE(all.status == 0);
  const auto table = CsvTable::open(a->scratch / "all.csv");
  REQUIRE(table.rows.size() == 4);
  const auto quality = [&](std::size_t row) { return table.number(row, table.column("quality")); };
  // Between the two faces of "two", and above the blurred one.
  const double limit = (quality(1) + quality(2)) / 2;
  std::set<std::size_t> poor;
  for (std::size_t i = 0; i < 4; ++i) {
    if (quality(i) < limit) poor.insert(i);
  }
  REQUIRE(poor.contains(3));
  REQUIRE(poor.size() == 2);
  const std::string least = std::to_string(limit);
  const std::vector<std::string> names{"plain", "two", "blurred"};

  const auto some = a->with("embed", names, {"--minimum-quality", least});
  CHECK(some.status == 3);  // nobody of the blurred photograph
  CHECK(some.lines().size() == 2);
  CHECK(some.says("blurred.png: no face is good enough"));
  CHECK(some.says("two.png, face "));

  // Groups: every face keeps its row, from photographs and from their embeddings.
  const auto check = [&](const ProgramResult& grouped) {
    REQUIRE(grouped.status == 0);
    const auto rows = grouped.lines();
    REQUIRE(rows.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(rows[i].at("cluster").is_null() == poor.contains(i));
    CHECK(grouped.says("blurred.png, face 0"));
  };
  check(a->with("cluster", names, {"--threshold", "1", "--minimum-quality", least}));
  check(run({"cluster", "--json", "--embeddings", npy, "--threshold", "1", "--minimum-quality", least}));

  // What somebody has said is not undone: faces that are known to be one person stay together.
  write_text(a->scratch / "said.csv",
             "file_a,file_b,relation\n" + a->file("plain") + "," + a->file("blurred") + ",same\n");
  const auto said = a->with(
      "cluster", names,
      {"--threshold", "1", "--minimum-quality", least, "--faces", "largest", "--constraints", a->scratch / "said.csv"});
  INFO(said.err);
  REQUIRE(said.status == 0);
  CHECK(said.lines().back().at("cluster") == said.lines().front().at("cluster"));

  CHECK(a->with("embed", names, {"--minimum-quality", "2"}).status == 2);
  CHECK(a->with("cluster", names, {"--threshold", "1", "--minimum-quality", "-1"}).status == 2);
  CHECK(run({"embed", "--json", "-m", a->model, a->file("plain"), "--minimum-quality", least}).status == 2);
}

TEST_CASE("embed: an .npz file has embeddings, files and faces", "[program]") {
  const Album* a = album();
  if (a == nullptr) return;
  const std::string npz = a->scratch / "two.npz";
  REQUIRE(run({"embed", "--detector", a->detector, "-m", a->model, a->file("two"), "-o", npz}).status == 0);
  const std::string bytes = content_of(npz);
  CHECK(bytes.substr(0, 2) == "PK");
  for (const char* name : {"embeddings.npy", "file.npy", "face.npy"}) CHECK(bytes.find(name) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(a->scratch / "two.csv"));
}

TEST_CASE("detect and embed say of each face how it lies", "[program]") {
  const Album* a = album();
  if (a == nullptr) return;
  struct Case {
    std::string name;
    int turned;
    bool cut_off, tiny, blurred;
    std::vector<std::string> more{};
  };
  const Case cases[] = {{"plain", 0, false, false, false},
                        {"cut", 0, true, false, false},
                        {"tiny", 0, false, true, true, {"--minimum-size", "20"}},
                        {"turned 90", 270, false, false, false},
                        {"turned 180", 180, false, false, false},
                        {"turned 270", 90, false, false, false},
                        {"blurred", 0, false, false, true}};
  std::vector<double> qualities;
  for (const auto& each : cases) {
    INFO(each.name);
    const auto found = a->with("detect", {each.name}, each.more);
    const auto embedded = a->with("embed", {each.name}, each.more);
    REQUIRE(found.status == 0);
    REQUIRE(embedded.status == 0);
    REQUIRE(found.lines().size() == 1);
    REQUIRE(embedded.lines().size() == 1);
    auto face = embedded.lines()[0];
    CHECK(face.at("turned") == each.turned);
    CHECK(face.at("cut_off") == each.cut_off);
    CHECK(face.at("tiny") == each.tiny);
    CHECK(face.at("blurred") == each.blurred);
    CHECK(face.at("confidence") > 0.7);
    CHECK(face.at("embedding").size() == 128);
    qualities.push_back(face.at("quality"));
    // All that detect says, embed says too.
    face.erase("embedding");
    face.erase("norm");
    CHECK(face == found.lines()[0]);
    // The face, and not the picture.
    const Image image = Image::open(a->file(each.name));
    const auto box = face.at("box").get<std::array<float, 4>>();
    const auto side = static_cast<float>(std::min(image.width(), image.height()));
    CHECK(std::min(box[2] - box[0], box[3] - box[1]) < 0.8F * side);
  }
  CHECK(qualities[0] > 0.5);
  CHECK(qualities[2] < 0.8 * qualities[0]);                  // tiny
  CHECK(qualities[4] == Approx(qualities[0]).margin(0.02));  // upside down it is as good
  CHECK(qualities[6] < 0.8 * qualities[0]);                  // blurred

  // What is too small to be looked for is no face; a drawing that looks enough like one is a face.
  CHECK(a->with("detect", {"far away"}).lines().at(0).at("face").is_null());
  CHECK(a->with("detect", {"drawing"}).lines().at(0).at("confidence") > 0.7);
}

TEST_CASE("a photograph without a face has no embedding, and everybody says so", "[program]") {
  const Album* a = album();
  if (a == nullptr) return;
  const std::string reason = "no face of 40 pixels or more";
  const auto found = a->with("detect", {"none"});
  CHECK(found.status == 0);
  CHECK(found.lines().at(0).at("face").is_null());
  CHECK(found.lines().at(0).at("reason") == reason);

  const auto some = a->with("embed", {"plain", "none"});
  CHECK(some.status == 3);
  REQUIRE(some.lines().size() == 1);
  CHECK(some.lines()[0].at("file") == a->file("plain"));
  CHECK(some.says("none.png"));
  CHECK(some.says(reason));
  const auto alone = a->with("embed", {"none"});
  CHECK(alone.status == 4);
  CHECK(alone.out.empty());

  for (const auto& pair : {std::vector<std::string>{"plain", "none"}, {"none", "plain"}, {"far away", "plain"}}) {
    const auto verdict = a->with("verify", pair, {"--threshold", "1"});
    CHECK(verdict.status == 4);
    CHECK(verdict.out.empty());
    CHECK(verdict.says(reason));
  }
  std::filesystem::create_directories(a->scratch / "people/Abel");
  std::filesystem::copy_file(a->file("plain"), a->scratch / "people/Abel/1.png",
                             std::filesystem::copy_options::skip_existing);
  const std::vector<std::string> gallery{"--gallery", a->scratch / "people", "--threshold", "1"};
  const auto unknown = a->with("identify", {"none"}, gallery);
  CHECK(unknown.status == 4);
  CHECK(unknown.out.empty());
  CHECK(unknown.says(reason));
  const auto known = a->with("identify", {"none", "turned 180"}, gallery);
  CHECK(known.status == 3);
  REQUIRE(known.lines().size() == 1);
  CHECK(known.lines()[0].at("name") == "Abel");
  const auto groups = a->with("cluster", {"none", "plain", "other"}, {"--threshold", "1", "--faces", "largest"});
  CHECK(groups.status == 3);
  CHECK(groups.lines().size() == 2);
  CHECK(groups.says(reason));
}

TEST_CASE("several faces: all are embedded and identified, and verify says which it compares", "[program]") {
  const Album* a = album();
  if (a == nullptr) return;
  const auto faces = a->with("embed", {"two"}).lines();
  REQUIRE(faces.size() == 2);
  CHECK(faces[0].at("face") == 0);
  CHECK(faces[1].at("face") == 1);
  CHECK(faces[0].at("box")[2] < 250);
  CHECK(faces[1].at("box")[0] > 250);
  CHECK(a->with("embed", {"two"}, {"--faces", "largest"}).lines().size() == 1);

  const auto same = a->with("verify", {"two", "turned 90"}, {"--threshold", "1"});
  REQUIRE(same.status == 0);
  CHECK(same.says("two.png' shows 2 faces: the largest is compared"));
  CHECK(same.object().at("faces_a") == 2);
  CHECK(same.object().at("faces_b") == 1);
  CHECK(same.object().at("same") == true);
  CHECK(same.object().at("distance") < 0.2);
  const auto different = a->with("verify", {"other", "two"}, {"--threshold", "1"});
  REQUIRE(different.status == 0);
  CHECK(different.object().at("faces_b") == 2);
  CHECK(different.object().at("same") == false);

  std::filesystem::create_directories(a->scratch / "two people/Abel");
  std::filesystem::create_directories(a->scratch / "two people/Abdullah");
  for (const auto& [from, to] : {std::pair("plain", "Abel"), std::pair("other", "Abdullah")}) {
    std::filesystem::copy_file(a->file(from), a->scratch / (std::string("two people/") + to + "/1.png"),
                               std::filesystem::copy_options::skip_existing);
  }
  const auto names = a->with("identify", {"two"}, {"--gallery", a->scratch / "two people", "--threshold", "1"});
  REQUIRE(names.status == 0);
  REQUIRE(names.lines().size() == 2);
  CHECK(names.lines()[0].at("name") == "Abel");
  CHECK(names.lines()[1].at("name") == "Abdullah");
}

TEST_CASE("a network that wants a margin crop gets one from the detector's box", "[program]") {
  const Album* a = album();
  if (a == nullptr) return;
  // The same network: what differs is what its contract says of faces.
  const auto onnx = (*shared_data() / "models/mobilefacenet-y1.onnx").string();
  const auto model = (a->scratch / "margin.fnm").string();
  const auto imported = run({"import", onnx, "-o", model, "--margin", "14", "--licence", "test", "--json"});
  REQUIRE(imported.status == 0);
  CHECK(imported.object().at("margin") == 14);
  CHECK(run({"info", "-m", model, "--json"}).object().at("input").at("margin") == 14);
  CHECK(run({"info", "-m", model}).out.find("a margin of 14 pixels") != std::string::npos);
  CHECK(run({"import", onnx, "-o", model, "--margin", "14", "--template", "arcface-112"}).status == 2);
  CHECK(run({"import", onnx, "-o", model, "--margin", "112"}).status == 2);
  CHECK(run({"import", onnx, "-o", model, "--margin=-1"}).status == 2);

  // Out and in again by ONNX: the margin stays.
  REQUIRE(run({"export", "-m", model, "-o", a->scratch / "m.onnx"}).status == 0);
  const auto again = run({"import", a->scratch / "m.onnx", "-o", a->scratch / "again.fnm", "--json"});
  REQUIRE(again.status == 0);
  CHECK(again.object().at("margin") == 14);

  Recognizer recognizer(Model::load(model), Detector::load(a->detector));
  for (const std::string name : {"plain", "two", "turned 90"}) {
    const auto faces = recognizer.recognize(Image::open(a->file(name)));
    const auto lines = run({"embed", "-m", model, "--detector", a->detector, "--json", a->file(name)}).lines();
    REQUIRE(lines.size() == faces.size());
    for (std::size_t i = 0; i < faces.size(); ++i) {
      const auto embedding = lines[i].at("embedding").get<std::vector<float>>();
      for (std::size_t k = 0; k < embedding.size(); ++k) {
        CHECK(embedding[k] == Approx(faces[i].embedding[k]).margin(1e-4));
      }
    }
  }
  // A gallery of aligned faces becomes one of faces cut out: the detector finds each again.
  const std::string gallery = a->scratch / "people.gallery";
  std::filesystem::create_directories(a->scratch / "enrolled/Abel");
  std::filesystem::copy_file(a->file("two"), a->scratch / "enrolled/Abel/1.png");
  REQUIRE(run({"gallery", "create", gallery, "-m", a->model}).status == 0);
  REQUIRE(
      run({"gallery", "add", gallery, "-m", a->model, "--detector", a->detector, "--folder", a->scratch / "enrolled"})
          .status == 0);
  const auto without = run({"gallery", "migrate", gallery, "-m", model});
  CHECK(without.status == 2);
  CHECK(without.says("which detector?"));
  const auto migrated = run({"gallery", "migrate", gallery, "-m", model, "--detector", a->detector});
  INFO(migrated.err);
  REQUIRE(migrated.status == 0);
  const auto known = run({"identify", a->file("two"), "--gallery", gallery, "-m", model, "--detector", a->detector,
                          "--threshold", "1", "--json"});
  REQUIRE(known.lines().size() == 2);
  CHECK(known.lines()[0].at("name") == "Abel");
  CHECK(known.lines()[0].at("distance") < 1e-4);
  CHECK(known.lines()[1].at("distance") > 1);

  // Without a detector it says that it is worse off.
  const auto blind = run({"embed", "-m", model, "--json", a->file("plain")});
  CHECK(blind.status == 0);
  CHECK(blind.says("faces that a detector cut out"));
}

}  // namespace facenet::test
#endif
