// The examples with arguments: what they are given is what they use, and what they cannot use they refuse.
#include <fstream>

#include <facenet/facenet.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "shell.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

ShellResult example(const std::string& name, const std::vector<fs::path>& arguments, const fs::path& folder) {
  std::string command =
      "cd " + quoted(folder) + " && " + quoted(fs::path(required("FACENET_EXAMPLES")) / ("example_" + name));
  for (const auto& argument : arguments) command += " " + quoted(argument);
  return shell(command);
}

void write_bytes(const fs::path& path, std::span<const std::uint8_t> bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

// tiny, calibrated so that only the same picture is the same person.
fs::path saved_model(const ScratchFolder& scratch) {
  const std::vector<ScoredPair> pairs{{0, true}, {0, true}, {1e-5F, false}, {1, false}};
  const fs::path path = scratch / "tiny.fnm";
  Model::create("tiny").with_calibration(Verifier::calibrate(pairs, "four made up pairs")).save(path);
  return path;
}

}  // namespace

TEST_CASE("examples use what they are given") {
  const ScratchFolder scratch;
  const fs::path model = saved_model(scratch);
  const fs::path faces = scratch / "faces";
  generate_dataset(faces, {.people = 4, .images = 3, .size = 64});
  fs::remove(faces / "landmarks.csv");
  const auto face = [&](int person, int image) {
    return faces / ("person_000" + std::to_string(person)) / ("000" + std::to_string(image) + ".png");
  };
  const auto run = [&](const std::string& name, const std::vector<fs::path>& arguments) {
    return example(name, arguments, scratch.path());
  };

  const auto opened = run("open_image", {face(1, 1), scratch / "out.png"});
  INFO(opened.output);
  CHECK(opened.status == 0);
  CHECK(opened.says("64 x 64 pixels"));
  CHECK(Image::open(scratch / "out.png") == Image::open(face(1, 1)).centre_crop(0.8F, 96));

  const auto inspected = run("inspect_model", {model});
  INFO(inspected.output);
  CHECK(inspected.status == 0);
  CHECK(inspected.says(Model::load(model).fingerprint()));
  CHECK(inspected.says("four made up pairs"));

  write_bytes(scratch / "bad.png", {});
  const auto embedded =
      run("embed_in_your_app", {model, scratch / "out.npy", face(1, 1), scratch / "bad.png", face(2, 1)});
  INFO(embedded.output);
  CHECK(embedded.status == 0);
  CHECK(embedded.says("left out: "));
  const Embeddings written = read_npy(scratch / "out.npy");
  REQUIRE(written.size() == 2);
  const auto second = Embedder(Model::load(model)).embed(Image::open(face(2, 1)));
  CHECK(squared_distance(written[1], second) < 1e-7F);

  const auto same = run("verify_two", {model, face(3, 2), face(3, 2)});
  INFO(same.output);
  CHECK(same.status == 0);
  CHECK(same.says("the same person"));
  CHECK(same.says("squared distance 0.0000"));
  CHECK(run("verify_two", {model, face(3, 2), face(1, 2)}).says("different people"));

  fs::create_directories(scratch / "mixed");
  for (const auto& [name, file] :
       {std::pair("1.png", face(1, 1)), std::pair("2.png", face(2, 1)), std::pair("3.png", face(1, 1))}) {
    fs::copy_file(file, scratch / "mixed" / name);
  }
  const auto grouped = run("cluster_folder", {model, scratch / "mixed"});
  INFO(grouped.output);
  CHECK(grouped.status == 0);
  CHECK(grouped.says("3 images in 2 groups"));

  const auto recognised = run("who_is_this", {model, faces, face(4, 3)});
  INFO(recognised.output);
  CHECK(recognised.status == 0);
  CHECK(recognised.says("4 people, 12 images"));
  CHECK(recognised.says("photo 1: person_0004"));

  for (const char* person : {"A", "B"}) {
    for (int image = 1; image <= 2; ++image) {
      write_bytes(scratch / "lfw" / person / (std::string(person) + "_000" + std::to_string(image) + ".jpg"),
                  generate_face(static_cast<std::uint64_t>(*person), static_cast<std::uint64_t>(image), 64)
                      .image.encode_jpeg());
    }
  }
  std::ofstream(scratch / "pairs.txt") << "1\t2\nA\t1\t2\nB\t1\t2\nA\t1\tB\t2\nA\t2\tB\t1\n";
  const auto evaluated = run("evaluate_model", {model, scratch / "lfw", scratch / "pairs.txt"});
  INFO(evaluated.output);
  CHECK(evaluated.status == 0);
  CHECK(evaluated.says("4 pairs, 2 of the same person"));

  const auto trained = run("fine_tune", {model, faces, scratch / "trained.fnm", "2"});
  INFO(trained.output);
  CHECK(trained.status == 0);
  CHECK(trained.says("12 faces of 4 people, 2 steps"));
  CHECK(Model::load(scratch / "trained.fnm").fingerprint() != Model::load(model).fingerprint());
}

TEST_CASE("examples say what they cannot use, with a status that is not 0") {
  const ScratchFolder scratch;
  const fs::path missing = scratch / "missing";
  const std::vector<std::pair<std::string, std::vector<fs::path>>> calls{
      {"open_image", {missing}},
      {"inspect_model", {missing}},
      {"embed_in_your_app", {missing, scratch / "out.npy"}},
      {"verify_two", {missing, missing, missing}},
      {"cluster_folder", {missing}},
      {"who_is_this", {missing, scratch.path()}},
      {"evaluate_model", {missing, scratch.path(), missing}},
      {"fine_tune", {missing, scratch.path(), scratch / "model.fnm", "2"}}};
  for (const auto& [name, arguments] : calls) {
    const auto result = example(name, arguments, scratch.path());
    INFO(name << ": " << result.output);
    CHECK(result.status == 1);
    CHECK(result.says(missing));
  }

  const fs::path model = saved_model(scratch);
  fs::resize_file(model, fs::file_size(model) / 2);
  const auto damaged = example("inspect_model", {model}, scratch.path());
  CHECK(damaged.status == 1);
  CHECK(damaged.says("not a model to trust"));
}

}  // namespace facenet::test
