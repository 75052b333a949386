// info, init, generate, train and bench: what makes and describes models.
#include <facenet/csv.hpp>
#include <facenet/model.hpp>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace facenet::test {

TEST_CASE("info shows a network and a model file", "[program]") {
  const auto network = run({"info", "nn4", "--json"});
  REQUIRE(network.status == 0);
  const auto nn4 = network.object();
  const Model made = Model::create("nn4");
  CHECK(nn4.at("parameters") == made.parameters());
  CHECK(nn4.at("multiply_adds") == made.multiply_adds());
  CHECK(nn4.at("embedding_size") == 128);
  CHECK(nn4.at("input").at("width") == 96);
  CHECK(nn4.at("layers").size() == made.layers().size());
  std::int64_t parameters = 0;
  for (const auto& layer : nn4.at("layers")) parameters += layer.at("parameters").get<std::int64_t>();
  CHECK(parameters == made.parameters());
  CHECK(nn4.contains("licence"));

  const auto file = run({"info", "-m", world().calibrated, "--json"});
  REQUIRE(file.status == 0);
  const auto model = file.object();
  CHECK(model.at("fingerprint") == Model::load(world().model).fingerprint());
  CHECK(model.at("calibration").at("data") == "made up for tests");
  CHECK(model.at("calibration").at("different_pairs") == 100);

  const auto text = run({"info", "tiny", "--plan", "--batch", "2"});
  CHECK(text.status == 0);
  for (const char* word : {"multiply-adds", "fingerprint", "licence", "plan for a batch of 2"}) {
    INFO(word);
    CHECK(text.out.find(word) != std::string::npos);
  }
  const auto typo = run({"info", "tinny"});
  CHECK(typo.status == 2);
  CHECK(typo.says("did you mean 'tiny'?"));
  const auto swapped = run({"info", world().model});
  CHECK(swapped.status == 2);
  CHECK(swapped.says("-m"));
}

TEST_CASE("init writes a model file that the seed decides", "[program]") {
  const ScratchFolder scratch;
  const auto made = run({"init", "tiny", "-o", scratch / "a.fnm", "--seed", "7"});
  CHECK(made.status == 0);
  CHECK(made.out.empty());
  CHECK(content_of(scratch / "a.fnm") == content_of(world().model));
  CHECK(run({"init", "tiny", "-o", scratch / "b.fnm", "--seed", "8", "--embedding_size", "32"}).status == 0);
  const Model other = Model::load(scratch / "b.fnm");
  CHECK(other.embedding_size() == 32);
  CHECK(other.fingerprint() != Model::load(world().model).fingerprint());

  CHECK(run({"init", "tiny"}).status == 2);
  CHECK(run({"init", "-o", scratch / "c.fnm"}).status == 2);
  CHECK(run({"init", "tiny", "-o", scratch / "c.fnm", "--norm", "bach"}).says("did you mean 'batch'?"));
  CHECK(run({"init", "tiny", "-o", scratch / "no/c.fnm"}).status == 4);
  CHECK(run({"init", "tiny", "-o", "/dev/full"}).status == 4);
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"a.fnm", "b.fnm"});
}

#ifdef FACENET_HAVE_ONNX
TEST_CASE("export writes a model as ONNX", "[program]") {
  const ScratchFolder scratch;
  const auto made = run({"export", "-m", world().calibrated, "-o", scratch / "a.onnx", "--json"});
  REQUIRE(made.status == 0);
  CHECK(made.says("[N,3,64,64]"));
  const auto answer = made.object();
  CHECK(answer.at("output") == (scratch / "a.onnx").string());
  CHECK(answer.at("embedding_size") == 128);
  CHECK(answer.at("operator_set") == 17);
  const Model model = Model::load(world().calibrated);
  CHECK(answer.at("fingerprint") == model.fingerprint());
  const std::string content = content_of(scratch / "a.onnx");
  for (const std::string part : {"FaceNetLib", "embedding", "facenet.calibration", "conv1/weights"}) {
    INFO(part);
    CHECK(content.find(part) != std::string::npos);
  }
  model.export_onnx(scratch / "b.onnx");
  CHECK(content_of(scratch / "b.onnx") == content);

  const auto quiet =
      run(ProgramCall{{"export", "-o", scratch / "c.onnx", "--quiet"}, {}, {{"FACENET_MODEL", world().model}}});
  CHECK(quiet.status == 0);
  CHECK(quiet.out.empty());
  CHECK(quiet.err.empty());
  CHECK(run({"export", "-o", scratch / "d.onnx"}).status == 2);
  CHECK(run({"export", "-m", world().model}).says("give -o FILE"));
  CHECK(run({"export", "-m", world().model, "-o", world().model}).status == 2);
  CHECK(run({"export", "-m", world().model, "-o", scratch / "d.onnx", "tiny"}).status == 2);
  CHECK(run({"export", "-m", scratch / "none.fnm", "-o", scratch / "d.onnx"}).status == 4);
  CHECK(run({"export", "-m", world().face(1, 1), "-o", scratch / "d.onnx"}).status == 4);
  CHECK(run({"export", "-m", world().model, "-o", scratch / "no/d.onnx"}).status == 4);
  CHECK(run({"export", "-m", world().model, "-o", "/dev/full"}).status == 4);
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"a.onnx", "b.onnx", "c.onnx"});
}
#else
TEST_CASE("export says what this build lacks", "[program]") {
  const ScratchFolder scratch;
  const auto refused = run({"export", "-m", world().model, "-o", scratch / "a.onnx"});
  CHECK(refused.status == 2);
  CHECK(refused.says("FACENET_WITH_ONNX"));
  CHECK(names_in(scratch.path()).empty());
}
#endif

TEST_CASE("generate draws people, the same for a seed", "[program]") {
  const ScratchFolder scratch;
  const auto made = run(
      {"generate", scratch / "f", "--people", "6", "--images", "4", "--size", "64", "--seed", "5", "--threads", "1"});
  CHECK(made.status == 0);
  CHECK(names_in(scratch / "f").size() == 7);
  CHECK(content_of(scratch / "f/person_0003/0002.png") == content_of(world().face(3, 2)));
  const auto table = CsvTable::open(scratch / "f/landmarks.csv");
  CHECK(table.rows.size() == 24);
  CHECK(run({"generate", scratch / "g", "--size", "3"}).status == 2);
  CHECK(run({"generate"}).status == 2);
  write_text(scratch / "file", "in the way");
  CHECK(run({"generate", scratch / "file/g"}).status == 4);
}

TEST_CASE("generate can be interrupted", "[program]") {
  const ScratchFolder scratch;
  ProgramCall call{{"generate", scratch / "f", "--people", "5000", "--images", "20", "--size", "512"}};
  call.interrupt_after = 700;
  CHECK(run(call).status == 130);
  CHECK_FALSE(std::filesystem::exists(scratch / "f/landmarks.csv"));
}

TEST_CASE("bench measures each batch size beside the machine's peak", "[program]") {
  const auto result = run({"bench", "--arch", "tiny", "--batch", "1,3", "--seconds", "0.05", "--json"});
  REQUIRE(result.status == 0);
  const auto lines = result.lines();
  REQUIRE(lines.size() == 2);
  for (const auto& line : lines) {
    CHECK(line.at("network") == "tiny");
    CHECK(line.at("precision") == "f32");
    for (const char* key : {"images_per_s", "p50_ms", "p99_ms", "gflops", "peak_share", "peak_memory_mb"}) {
      INFO(key);
      CHECK(line.at(key).get<double>() > 0);
    }
    CHECK(line.at("p50_ms").get<double>() <= line.at("p99_ms").get<double>());
  }
  CHECK(lines[0].at("batch") == 1);
  CHECK(lines[1].at("batch") == 3);
  CHECK(run({"bench", "-m", world().model, "--batch", "2", "--seconds", "0.05"}).out.find("of peak") !=
        std::string::npos);
  CHECK(run({"bench", "--arch", "tiny", "--batch", "1", "--runs", "5", "--json"}).object().at("p50_ms").get<double>() >
        0);
  CHECK(run({"bench", "--arch", "tiny", "--runs", "-1"}).status == 2);
  CHECK(run({"bench", "--arch", "tiny", "--batch", "1,none"}).status == 2);
  CHECK(run({"bench", "--arch", "tiny", "--precision", "f64"}).status == 2);

  const auto train = run({"bench", "--arch", "tiny", "--what", "train", "--batch", "8", "--seconds", "0.05", "--json"});
  REQUIRE(train.status == 0);
  CHECK(train.object().at("what") == "train");
  CHECK(train.object().at("batch") == 8);
  CHECK(train.object().at("images_per_s").get<double>() > 0);
  CHECK(run({"bench", "--arch", "tiny", "--what", "train", "--batch", "1"}).status == 2);
}

TEST_CASE("quantise prepares a model for int8, and embed computes with it", "[program]") {
  const ScratchFolder scratch;
  const std::string face = world().face(1, 1);
  const auto made = run({"quantise", "-m", world().model, world().face(1, 1), world().face(2, 1), scratch / "none.png",
                         "-o", scratch / "m8.fnm"});
  CHECK(made.status == 3);  // one of them does not exist
  CHECK(made.says("ranges measured on 2 faces of"));
  const Model model = Model::load(scratch / "m8.fnm");
  REQUIRE(model.int8());
  CHECK(model.int8()->images == 2);
  CHECK(run({"info", "-m", scratch / "m8.fnm", "--json"}).object().at("int8").at("images") == 2);
  const auto embed = [&](const std::filesystem::path& file, const char* precision) {
    return run({"embed", "-m", file, face, "--precision", precision, "--json"});
  };
  const auto exact = embed(scratch / "m8.fnm", "f32").object().at("embedding");
  const auto bytes = embed(scratch / "m8.fnm", "int8").object().at("embedding");
  CHECK(exact != bytes);
  double cosine = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) cosine += exact[i].get<double>() * bytes[i].get<double>();
  CHECK(cosine >= 0.99);
  const auto refused = embed(world().model, "int8");
  CHECK(refused.status == 2);
  CHECK(refused.says("facenet quantise"));
  CHECK(embed(world().model, "f64").status == 2);
  CHECK(run({"quantise", "-m", world().model, face}).says("give -o FILE"));
  CHECK(run({"quantise", "-m", world().model, "-o", scratch / "x.fnm"}).status == 2);
  CHECK(run({"quantise", "-m", world().model, scratch / "none.png", "-o", scratch / "x.fnm"}).status == 4);
}

TEST_CASE("bench measures each precision that this processor has", "[program]") {
  const auto system = run({"info", "--json"}).object();
  const bool bf16 = system.at("native_bf16").get<bool>();
  const bool f16 = system.at("native_f16").get<bool>();
  const std::string precisions = std::string("f32,") + (bf16 ? "bf16," : "") + (f16 ? "f16," : "") + "int8,automatic";
  const auto result =
      run({"bench", "--arch", "tiny", "--batch", "1", "--precision", precisions, "--seconds", "0.05", "--json"});
  REQUIRE(result.status == 0);
  std::string seen;
  for (const auto& line : result.lines()) {
    const auto precision = line.at("precision").get<std::string>();
    seen += (seen.empty() ? "" : ",") + precision;
    if (precision == "automatic") {
      CHECK(line.at("computed_in") != "automatic");
      CHECK(precisions.find(line.at("computed_in").get<std::string>()) != std::string::npos);
    } else {
      CHECK(line.at("computed_in") == precision);
    }
    CHECK(line.at("images_per_s").get<double>() > 0);
    CHECK(line.at("cosine").get<double>() >= (precision == "int8" ? 0.99 : 0.999));
  }
  CHECK(result.err.find("int8: ranges measured on 64 drawn faces") != std::string::npos);
  CHECK(seen == precisions);
  CHECK(bf16 == (run({"bench", "--arch", "tiny", "--precision", "bf16", "--seconds", "0.01"}).status == 0));
  CHECK(f16 == (run({"bench", "--arch", "tiny", "--precision", "f16", "--seconds", "0.01"}).status == 0));
  if (bf16) {
    const auto plan = run({"info", "tiny", "--plan", "--precision", "bf16"});
    CHECK(plan.status == 0);
    CHECK(plan.out.find(" bf16 ") != std::string::npos);
  }
  const auto plan = run({"info", "tiny", "--plan", "--precision", "int8"});
  CHECK(plan.status == 0);
  CHECK(plan.out.find("int8_convolution") != std::string::npos);
  CHECK(run({"bench", "--arch", "tiny", "--what", "train", "--precision", "int8"}).status == 2);
  CHECK(run({"bench", "--arch", "tiny", "--what", "train", "--precision", "f16"}).status == 2);
}

}  // namespace facenet::test
