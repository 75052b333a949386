// import: another framework's network as a model file.
#include <facenet/model.hpp>

#include "catch.hpp"
#include "io/json.hpp"
#include "io/model_file.hpp"
#include "io/safetensors.hpp"
#include "program.hpp"
#include "world.hpp"

namespace facenet::test {

TEST_CASE("import says what is wrong with its options, and leaves nothing behind", "[program]") {
  const ScratchFolder scratch;
  const std::string out = scratch / "m.fnm";
  write_text(scratch / "notes.txt", "no network at all");
  const std::string file = scratch / "notes.txt";
  struct Case {
    std::vector<std::string> arguments;
    int status;
    std::string words;
  };
  const Case cases[] = {
      {{"-o", out}, 2, "give the file to import"},
      {{file}, 2, "give -o FILE"},
      {{file, file, "-o", out}, 2, "one argument too many"},
      {{file, "-o", out, "--template", "arcface-122"}, 2, "did you mean 'arcface-112'?"},
      {{file, "-o", out, "--colour", "gbr"}, 2, "--colour does not know"},
      {{file, "-o", out, "--mean", "1,2"}, 2, "--mean wants one number, or three"},
      {{file, "-o", out, "--mean", "1,x,2"}, 2, "--mean wants numbers"},
      {{file, "-o", out, "--scale", "1/2/3"}, 2, "--scale wants numbers"},
      {{file, "-o", out, "--scale", "0"}, 2, "a scale of 0"},
      {{file, "-o", out, "--scale", "1/0"}, 2, "finite"},
      {{file, "-o", out, "--input-size", "5000"}, 2, "from 1 to 4096"},
      {{file, "-o", file}, 2, "is the file to import"},
      {{file, "-o", out}, 4, "'notes.txt' is of no kind that can be imported"},
      {{scratch / "none.onnx", "-o", out}, 4, "none.onnx"},
      {{scratch.path(), "-o", out}, 4, "folder"},
      {{file, "-o", scratch / "no/m.fnm"}, 4, "cannot write"},
  };
  for (const auto& each : cases) {
    std::vector<std::string> arguments{"import"};
    arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
    const auto result = run(arguments);
    INFO(each.words << "\n" << result.err);
    CHECK(result.status == each.status);
    CHECK(result.says(each.words));
  }
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"notes.txt"});
}

TEST_CASE("import: what says nothing of a detector is refused by name", "[program]") {
  const ScratchFolder scratch;
  write_text(scratch / "pnet.pt", "whatever it holds");
  const std::vector<std::vector<std::string>> options{{"--template", "arcface-112"},
                                                      {"--colour", "bgr"},
                                                      {"--mean", "127.5"},
                                                      {"--scale", "1/128"},
                                                      {"--raw"},
                                                      {"--input-size", "48"},
                                                      {"--arch", "tiny"},
                                                      {"--output-name", "x"},
                                                      {"--licence", "mine"},
                                                      {"--data", "mine"}};
  for (const auto& option : options) {
    std::vector<std::string> arguments{"import", scratch / "pnet.pt", "-o", scratch / "d.fnm"};
    arguments.insert(arguments.end(), option.begin(), option.end());
    const auto result = run(arguments);
    INFO(option[0] << "\n" << result.err);
    CHECK(result.status == 2);
    CHECK(result.says(option[0] + " says nothing of the face detector"));
  }
  CHECK(run({"import", scratch / "pnet.pt", "-o", scratch / "d.fnm"}).status == 4);
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"pnet.pt"});
}

TEST_CASE("what a file says drives no terminal", "[program]") {
  const ScratchFolder scratch;
  const std::string title = "\x1b]0;mine\x07";
  const Tensor number = Tensor::from(Shape{1}, std::vector<float>{1});
  SafetensorsFile weights;
  weights.tensors = {NamedTensor::of(title + ".x", number), NamedTensor::of(title + "/x", number)};
  write_safetensors(scratch / "w.safetensors", weights);
  const auto refused = run({"import", scratch / "w.safetensors", "-o", scratch / "m.fnm", "--arch", "tiny"});
  CHECK(refused.status == 4);
  CHECK(refused.says("two tensors are meant for '\\x1b]0;mine\\x07/x'"));
  ModelData model = load_model(world().model).model;
  model.licence = title;
  save_model(scratch / "m.fnm", model);
  const auto told = run({"info", "-m", scratch / "m.fnm"});
  CHECK(told.status == 0);
  CHECK(told.out.find("\\x1b]0;mine") != std::string::npos);
  CHECK(told.out.find('\x1b') == std::string::npos);
}

TEST_CASE("import: weights alone, of a network by name", "[program]") {
  const ScratchFolder scratch;
  const std::string start = scratch / "start.fnm";
  const std::string out = scratch / "m.fnm";
  REQUIRE(run({"init", "tiny", "-o", start, "--seed", "3", "--embedding-size", "16"}).status == 0);
  const auto fingerprint = [](const std::string& model) {
    return Json::parse(run({"info", "-m", model, "--json"}).out)["fingerprint"].get<std::string>();
  };
  // The same tensors without a word about their graph, as other programs write them.
  SafetensorsFile weights = read_safetensors(start);
  weights.metadata = {{"format", "pt"}};
  write_safetensors(scratch / "weights.safetensors", weights);
  const std::string file = scratch / "weights.safetensors";

  const auto imported = run({"import", file, "-o", out, "--arch", "tiny", "--template", "none", "--licence", "mine"});
  INFO(imported.err);
  CHECK(imported.status == 0);
  CHECK(fingerprint(out) == fingerprint(start));
  const auto other = run({"import", file, "-o", out, "--arch", "tiny", "--mean", "1,2,3", "--colour", "bgr", "--json"});
  CHECK(other.status == 0);
  const Json json = Json::parse(other.out);
  CHECK(json["input"]["mean"] == Json({3, 2, 1}));
  CHECK(json["input"]["colour"] == "bgr");
  CHECK(json["normalised"] == true);
  CHECK(Json::parse(run({"import", file, "-o", out, "--arch", "tiny", "--raw", "--json"}).out)["normalised"] == false);

  struct Case {
    std::vector<std::string> arguments;
    int status;
    std::string words;
  };
  const Case cases[] = {
      {{file, "-o", out}, 2, "say which one it is (--arch)"},
      {{file, "-o", out, "--arch", "nn9"}, 2, "no network is called 'nn9'"},
      {{file, "-o", out, "--arch", "nn4"}, 4, "nn4 wants"},
      {{start, "-o", out, "--arch", "tiny"}, 2, "a model file of this library already"},
      {{file, "-o", out, "--arch", "tiny", "--output-name", "embedding"}, 2, "--output-name"},
  };
  for (const auto& each : cases) {
    std::vector<std::string> arguments{"import"};
    arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
    const auto result = run(arguments);
    INFO(each.words << "\n" << result.err);
    CHECK(result.status == each.status);
    CHECK(result.says(each.words));
  }
}

#ifdef FACENET_HAVE_ONNX
TEST_CASE("import makes a model of an ONNX file", "[program]") {
  const ScratchFolder scratch;
  REQUIRE(run({"export", "-m", world().aligned, "-o", scratch / "a.onnx"}).status == 0);
  const auto made = run({"import", scratch / "a.onnx", "-o", scratch / "a.fnm", "--licence", "mine", "--json"});
  REQUIRE(made.status == 0);
  const auto answer = made.object();
  CHECK(answer.at("licence") == "mine");
  CHECK(answer.at("normalised") == true);
  CHECK(answer.at("embedding_size") == 128);
  CHECK(answer.at("input").at("width") == 64);
  CHECK(answer.at("data").get<std::string>().find("'a.onnx', SHA-256 ") != std::string::npos);
  const Model model = Model::load(scratch / "a.fnm");
  CHECK(answer.at("fingerprint") == model.fingerprint());
  CHECK(model.contract().template_points == Model::load(world().aligned).contract().template_points);
  CHECK(model.contract().mean == Model::load(world().aligned).contract().mean);

  // A template for another size, and one of the file's own that is not wanted.
  const auto wrong = run({"import", scratch / "a.onnx", "-o", scratch / "b.fnm", "--template", "arcface-112"});
  CHECK(wrong.status == 2);
  CHECK(wrong.says("112x112 pixels, and 'a.onnx' takes 64x64"));
  const auto plain =
      run({"import", scratch / "a.onnx", "-o", scratch / "b.fnm", "--template", "none", "--colour", "bgr"});
  CHECK(plain.status == 0);
  CHECK(plain.says("--licence"));
  CHECK_FALSE(Model::load(scratch / "b.fnm").contract().template_points);
  CHECK(Model::load(scratch / "b.fnm").contract().bgr);
  const auto output = run({"import", scratch / "a.onnx", "-o", scratch / "c.fnm", "--output-name", "probabilities"});
  CHECK(output.status == 2);
  CHECK(output.says("there are: embedding"));
  const auto named = run({"import", scratch / "a.onnx", "-o", scratch / "c.fnm", "--arch", "tiny"});
  CHECK(named.status == 2);
  CHECK(named.says("--arch"));
  write_text(scratch / "half.onnx", content_of(scratch / "a.onnx").substr(0, 5000));
  const auto half = run({"import", scratch / "half.onnx", "-o", scratch / "c.fnm"});
  CHECK(half.status == 4);
  CHECK(half.says("damaged or cut off"));
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"a.fnm", "a.onnx", "b.fnm", "half.onnx"});
}
#else
TEST_CASE("import says what this build lacks", "[program]") {
  const ScratchFolder scratch;
  write_text(scratch / "a.onnx", "\x08\x08");
  CHECK(run({"import", scratch / "a.onnx", "-o", scratch / "a.fnm"}).says("FACENET_WITH_ONNX"));
}
#endif

}  // namespace facenet::test
