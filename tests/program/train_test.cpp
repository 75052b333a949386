// train: the log, resuming to the bit, Ctrl-C, kill -9, fine-tuning, and data that cannot be used.
#include <cstdlib>
#include <sstream>

#include "catch.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

std::vector<std::string> train(const fs::path& model, std::vector<std::string> more) {
  std::vector<std::string> arguments{"train",
                                     world().faces,
                                     "-o",
                                     model,
                                     "--arch",
                                     "tiny",
                                     "--people-per-batch",
                                     "4",
                                     "--images-per-person",
                                     "3",
                                     "--landmarks",
                                     world().faces / "landmarks.csv",
                                     "--optimizer",
                                     "adam",
                                     "--learning-rate",
                                     "0.001",
                                     "--average",
                                     "0.9",
                                     "--threads",
                                     "2"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<nlohmann::json> log_of(const fs::path& file) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(content_of(file));
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

std::string fingerprint(const fs::path& model) {
  const auto info = run({"info", "-m", model, "--json"});
  REQUIRE(info.status == 0);
  return info.object().at("fingerprint").get<std::string>();
}

}  // namespace

TEST_CASE("train writes a model and a line of log for each step", "[program]") {
  const ScratchFolder scratch;
  const auto result = run(train(scratch / "m.fnm", {"--steps", "4", "--log", scratch / "l.jsonl", "--quiet"}));
  REQUIRE(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err.empty());
  const auto log = log_of(scratch / "l.jsonl");
  REQUIRE(log.size() == 4);
  for (const char* key : {"step", "loss", "active", "distance_positive", "distance_negative", "variance",
                          "gradient_norm", "learning_rate", "images_per_s", "health"}) {
    CHECK(log[3].contains(key));
  }
  CHECK(log[3].at("step") == 4);
  CHECK(run({"info", "-m", scratch / "m.fnm"}).out.find("trained on 24 faces of 6 people") != std::string::npos);
  CHECK(run({"embed", "-m", scratch / "m.fnm", world().face(1, 1), "-o", scratch / "e.npy"}).status == 0);
}

TEST_CASE("steps, a checkpoint and more steps give the weights of all steps in one go, to the bit", "[program]") {
  const ScratchFolder scratch;
  for (const char* precision : {"f32", "automatic"}) {
    REQUIRE(run(train(scratch / "whole.fnm", {"--steps", "8", "--precision", precision})).status == 0);
    REQUIRE(run(train(scratch / "half.fnm", {"--steps", "4", "--precision", precision, "--log", scratch / "l.jsonl"}))
                .status == 0);
    REQUIRE(run(train(scratch / "rest.fnm",
                      {"--steps", "8", "--resume", scratch / "half.fnm.checkpoint", "--log", scratch / "l.jsonl"}))
                .status == 0);
    CHECK(fingerprint(scratch / "whole.fnm") == fingerprint(scratch / "rest.fnm"));
    CHECK(fingerprint(scratch / "whole.fnm") != fingerprint(scratch / "half.fnm"));
    CHECK(log_of(scratch / "l.jsonl").size() == 8);
  }
  // Other images than those it was trained on would give other batches.
  write_text(scratch / "list.txt", "person_0001\nperson_0002\nperson_0003\nperson_0004\nperson_0005\n");
  const auto other = run(train(scratch / "x.fnm", {"--steps", "8", "--resume", scratch / "half.fnm.checkpoint",
                                                   "--people", scratch / "list.txt"}));
  CHECK(other.status == 2);
  CHECK(other.says("other images"));
  const auto none = run(train(scratch / "x.fnm", {"--steps", "8", "--resume", scratch / "whole.fnm"}));
  CHECK(none.status == 4);
  CHECK(none.says("no checkpoint"));
}

TEST_CASE("Ctrl-C saves, says how to go on, and that leads to the same weights", "[program]") {
  const ScratchFolder scratch;
  const auto stopped = run({.arguments = train(scratch / "m.fnm", {"--steps", "1000000", "--log", scratch / "l.jsonl"}),
                            .interrupt_after = 2500});
  REQUIRE(stopped.status == 130);
  CHECK(stopped.says("--resume " + (scratch / "m.fnm.checkpoint").string()));
  CHECK(!fs::exists(scratch / "m.fnm"));
  const auto done = log_of(scratch / "l.jsonl").size();
  const std::string end = std::to_string(done + 3);
  REQUIRE(run(train(scratch / "m.fnm", {"--steps", end, "--resume", scratch / "m.fnm.checkpoint"})).status == 0);
  REQUIRE(run(train(scratch / "whole.fnm", {"--steps", end})).status == 0);
  CHECK(fingerprint(scratch / "m.fnm") == fingerprint(scratch / "whole.fnm"));
}

TEST_CASE("kill -9 leaves a checkpoint that can be loaded", "[program]") {
  const ScratchFolder scratch;
  int found = 0;
  for (const char* seconds : {"1.1", "1.43", "1.77", "2.2"}) {
    std::string command = std::string("timeout -s KILL ") + seconds + " " + std::getenv("FACENET_PROGRAM");
    for (const auto& argument :
         train(scratch / "m.fnm", {"--steps", "1000000", "--checkpoint-every", "0.0001", "--quiet"})) {
      command += " '" + argument + "'";
    }
    CHECK(std::system((command + " 2> /dev/null").c_str()) != 0);
    if (!fs::exists(scratch / "m.fnm.checkpoint")) continue;  // killed before the first
    ++found;
    CHECK(run({"info", "-m", scratch / "m.fnm.checkpoint"}).status == 0);
  }
  CHECK(found > 0);
}

TEST_CASE("fine-tuning starts from a model and keeps what is frozen", "[program]") {
  const ScratchFolder scratch;
  const auto tuned = run(train(scratch / "t.fnm", {"--steps", "2", "--from", world().aligned, "--freeze", "conv*"}));
  REQUIRE(tuned.status == 0);
  CHECK(fingerprint(scratch / "t.fnm") != fingerprint(world().aligned));
  const auto nothing = run(train(scratch / "t.fnm", {"--steps", "2", "--freeze", "nosuchlayer*"}));
  CHECK(nothing.status == 2);
  CHECK(nothing.says("nosuchlayer*"));
}

TEST_CASE("train refuses what it cannot use, before it starts", "[program]") {
  const ScratchFolder scratch;
  const auto status = [&](std::vector<std::string> arguments) { return run(std::move(arguments)).status; };
  CHECK(status(train(scratch / "m.fnm", {})) == 2);  // no end
  CHECK(status({"train", world().faces, "--steps", "2"}) == 2);
  CHECK(status(train("/nonexistent/m.fnm", {"--steps", "2"})) == 4);
  CHECK(status(train(scratch / "m.fnm", {"--steps", "2", "--mining", "soft"})) == 2);
  CHECK(status(train(scratch / "m.fnm", {"--steps", "2", "--learning-rate", "-1"})) == 2);
  CHECK(status({"train", "/nonexistent", "-o", scratch / "m.fnm", "--steps", "2"}) == 4);
  fs::create_directory(scratch / "empty");
  CHECK(status({"train", scratch / "empty", "-o", scratch / "m.fnm", "--steps", "2"}) == 4);

  // People with one image each: no pair to learn from.
  for (const char* person : {"a", "b"}) {
    fs::create_directories(scratch / "lone" / person);
    fs::copy_file(world().face(*person == 'a' ? 1 : 2, 1), scratch / "lone" / person / "1.png");
  }
  const auto lone = run({"train", scratch / "lone", "-o", scratch / "m.fnm", "--arch", "tiny", "--steps", "2"});
  CHECK(lone.status == 2);
  CHECK(lone.says("two images"));

  // A damaged image: refused with its name, or left out on request.
  fs::copy(world().faces, scratch / "bad", fs::copy_options::recursive);
  write_text(scratch / "bad/person_0001/0001.png", "damaged");
  const std::vector<std::string> bad{
      "train", scratch / "bad",      "-o", scratch / "m.fnm",     "--arch", "tiny", "--steps",
      "2",     "--people-per-batch", "4",  "--images-per-person", "2"};
  const auto refused = run(bad);
  CHECK(refused.status == 4);
  CHECK(refused.says("person_0001/0001.png"));
  CHECK(!fs::exists(scratch / "m.fnm"));
  auto skipping = bad;
  skipping.push_back("--skip-bad");
  CHECK(run(skipping).status == 3);
  CHECK(fs::exists(scratch / "m.fnm"));
}

}  // namespace facenet::test
