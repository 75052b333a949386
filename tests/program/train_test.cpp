// train: the log, resuming to the bit, Ctrl-C, kill -9, fine-tuning, and data that cannot be used.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "catch.hpp"
#include "io/model_file.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

std::vector<std::string> joined(std::vector<std::string> list, const std::vector<std::string>& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

std::vector<std::string> resume(const fs::path& model, const std::vector<std::string>& more) {
  return joined({"train", world().faces, "-o", model, "--landmarks", world().faces / "landmarks.csv"}, more);
}

std::vector<std::string> train(const fs::path& model, const std::vector<std::string>& more) {
  return joined(resume(model, {"--arch", "tiny", "--people-per-batch", "4", "--images-per-person", "3", "--optimizer",
                               "adam", "--learning-rate", "0.001", "--average", "0.9", "--threads", "2"}),
                more);
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

TEST_CASE("a whole training is a function of its seed and thread count, to the bit", "[program]") {
  const ScratchFolder scratch;
  // Weights, averages and the optimiser's memory as the checkpoint has them, and the log without its times.
  const auto outcome = [&](const std::vector<std::string>& more) {
    const fs::path log = scratch / "l.jsonl";
    fs::remove(log);
    const auto arguments = joined({"--steps", "4", "--people-per-batch", "4", "--images-per-person", "3", "--average",
                                   "0.9", "--schedule", "cosine", "--warmup", "0.2", "--log", log, "--quiet"},
                                  more);
    REQUIRE(run(resume(scratch / "m.fnm", arguments)).status == 0);
    const auto checkpoint = load_model(scratch / "m.fnm.checkpoint");
    std::string all = fingerprint(scratch / "m.fnm") + checkpoint.fingerprint;
    for (const auto& tensor : checkpoint.extras.tensors) {
      all.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    }
    for (auto line : log_of(log)) {
      line.erase("images_per_s");
      line.erase("seconds");
      all += line.dump();
    }
    return all;
  };
  const auto with = [&](const char* arch, const char* norm, const char* precision, const char* threads,
                        const char* optimizer, const char* seed) {
    return outcome({"--arch", arch, "--norm", norm, "--precision", precision, "--threads", threads, "--optimizer",
                    optimizer, "--learning-rate", "0.005", "--seed", seed});
  };
  const auto check = [&](const char* arch, const char* norm, const char* precision, const char* threads,
                         const char* optimizer) {
    INFO(arch << ", " << norm << ", " << precision << ", threads " << threads << ", " << optimizer);
    const auto first = with(arch, norm, precision, threads, optimizer, "1");
    CHECK((first == with(arch, norm, precision, threads, optimizer, "1")));
    CHECK((first != with(arch, norm, precision, threads, optimizer, "2")));
  };
  check("tiny", "batch", "f32", "1", "adagrad");
  check("tiny", "lrn", "f32", "2", "sgd");
  check("tiny", "batch", "automatic", "2", "adam");
  check("tiny", "lrn", "automatic", "3", "adagrad");
  check("nn4", "batch", "automatic", "2", "adam");
}

TEST_CASE("steps, a checkpoint and more steps give the weights of all steps in one go, to the bit", "[program]") {
  const ScratchFolder scratch;
  for (const char* precision : {"f32", "automatic"}) {
    REQUIRE(run(train(scratch / "whole.fnm", {"--steps", "8", "--precision", precision})).status == 0);
    REQUIRE(run(train(scratch / "half.fnm", {"--steps", "4", "--precision", precision, "--log", scratch / "l.jsonl"}))
                .status == 0);
    // Lines that are none of a log's are not kept.
    const std::string deep = std::string(1000000, '[') + std::string(1000000, ']');
    write_text(scratch / "l.jsonl", content_of(scratch / "l.jsonl") + "{\"step\": \"many\"}\n[1]\nno JSON\n{\"a\":" +
                                        deep + ",\"step\":1,\"b\":2}\n");
    REQUIRE(run(resume(scratch / "rest.fnm",
                       {"--steps", "8", "--resume", scratch / "half.fnm.checkpoint", "--log", scratch / "l.jsonl"}))
                .status == 0);
    CHECK(fingerprint(scratch / "whole.fnm") == fingerprint(scratch / "rest.fnm"));
    CHECK(fingerprint(scratch / "whole.fnm") != fingerprint(scratch / "half.fnm"));
    CHECK(log_of(scratch / "l.jsonl").size() == 8);
  }
  // Other images than those it was trained on would give other batches.
  write_text(scratch / "list.txt", "person_0001\nperson_0002\nperson_0003\nperson_0004\nperson_0005\n");
  const auto other = run(resume(scratch / "x.fnm", {"--steps", "8", "--resume", scratch / "half.fnm.checkpoint",
                                                    "--people", scratch / "list.txt"}));
  CHECK(other.status == 2);
  CHECK(other.says("other images"));
  const auto none = run(resume(scratch / "x.fnm", {"--steps", "8", "--resume", scratch / "whole.fnm"}));
  CHECK(none.status == 4);
  CHECK(none.says("no checkpoint"));
  const auto deaf = run(resume(scratch / "x.fnm", {"--resume", scratch / "half.fnm.checkpoint", "--alpha", "0.3"}));
  CHECK(deaf.status == 2);
  CHECK(deaf.says("--alpha"));
  // The landmarks belong to the data.
  CHECK(run({"train", world().faces, "-o", scratch / "x.fnm", "--resume", scratch / "half.fnm.checkpoint"}).status ==
        2);
  // The new end alone counts.
  REQUIRE(
      run(resume(scratch / "more.fnm", {"--minutes", "0.001", "--resume", scratch / "whole.fnm.checkpoint"})).status ==
      0);
}

TEST_CASE("Ctrl-C saves and says how to go on; that command leads to the same weights", "[program]") {
  const ScratchFolder scratch;
  const fs::path folder = scratch / "a folder";
  fs::create_directory(folder);
  const auto arguments = [&](const fs::path& model, const std::string& steps) {
    return train(model, {"--schedule", "cosine", "--warmup", "0.1", "--steps", steps, "--log", folder / "l.jsonl"});
  };
  const auto stopped = run({.arguments = arguments(folder / "m.fnm", "400"), .interrupt_when = [&] {
                              return fs::exists(folder / "l.jsonl") && log_of(folder / "l.jsonl").size() >= 3;
                            }});
  REQUIRE(stopped.status == 130);
  CHECK(!fs::exists(folder / "m.fnm"));
  const auto line = stopped.err.find("  facenet train ");
  REQUIRE(line != std::string::npos);
  std::string command = stopped.err.substr(line + 2 + std::string("facenet").size());
  command = std::getenv("FACENET_PROGRAM") + command.substr(0, command.find('\n')) + " 2> /dev/null";
  CHECK(std::system(command.c_str()) == 0);
  REQUIRE(run(arguments(folder / "whole.fnm", "400")).status == 0);
  CHECK(fingerprint(folder / "m.fnm") == fingerprint(folder / "whole.fnm"));
}

TEST_CASE("kill -9 leaves a checkpoint that can be loaded", "[program]") {
  const ScratchFolder scratch;
  const fs::path checkpoint = scratch / "m.fnm.checkpoint";
  for (const std::uintmax_t writes : {1U, 2U, 5U}) {
    fs::remove(checkpoint);
    std::uintmax_t seen = 0;
    fs::file_time_type last{};
    const auto killed =
        run({.arguments = train(scratch / "m.fnm", {"--steps", "1000000", "--checkpoint-every", "0.0001", "--quiet"}),
             .interrupt_when =
                 [&] {
                   std::error_code none;
                   const auto time = fs::last_write_time(checkpoint, none);
                   if (!none && time != last) ++seen;
                   if (!none) last = time;
                   return seen >= writes;
                 },
             .signal = SIGKILL});
    CHECK(killed.status == 128 + SIGKILL);
    CHECK(run({"info", "-m", checkpoint}).status == 0);
    CHECK(run(train(scratch / "n.fnm", {"--steps", "1"})).status == 0);
  }
}

TEST_CASE("fine-tuning starts from a model and keeps what is frozen", "[program]") {
  const ScratchFolder scratch;
  const auto tuned = run(train(scratch / "t.fnm", {"--steps", "2", "--from", world().aligned, "--freeze", "conv*"}));
  REQUIRE(tuned.status == 0);
  CHECK(fingerprint(scratch / "t.fnm") != fingerprint(world().aligned));
  const auto before = load_model(world().aligned).model.graph.parameters();
  const auto after = load_model(scratch / "t.fnm").model.graph.parameters();
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto a = before[i]->value.floats();
    const auto b = after[i]->value.floats();
    INFO(before[i]->name);
    if (before[i]->name.starts_with("conv")) CHECK(std::equal(a.begin(), a.end(), b.begin()));
  }
  const auto nothing = run(train(scratch / "t.fnm", {"--steps", "2", "--freeze", "nosuchlayer*"}));
  CHECK(nothing.status == 2);
  CHECK(nothing.says("nosuchlayer*"));
}

TEST_CASE("fine-tuning is tested on other people on the way, stops in time, and gives the best state", "[program]") {
  const ScratchFolder scratch;
  // A rate that wrecks the model at once: every test after the first is worse.
  const auto tuned = run(resume(scratch / "t.fnm", {"--steps",
                                                    "40",
                                                    "--from",
                                                    world().aligned,
                                                    "--people-per-batch",
                                                    "4",
                                                    "--images-per-person",
                                                    "3",
                                                    "--optimizer",
                                                    "adam",
                                                    "--learning-rate",
                                                    "0.3",
                                                    "--freeze-batch-norm",
                                                    "--eval",
                                                    world().faces,
                                                    "--eval-every",
                                                    "2",
                                                    "--patience",
                                                    "3",
                                                    "--eval-pixels",
                                                    "24",
                                                    "--eval-jpeg-quality",
                                                    "40",
                                                    "--log",
                                                    scratch / "l.jsonl"}));
  INFO(tuned.err);
  REQUIRE(tuned.status == 0);
  CHECK(tuned.says("before: people not trained on: AUC"));
  CHECK(tuned.says("after step 2: people not trained on: AUC"));
  CHECK(tuned.says("no better"));
  const auto log = log_of(scratch / "l.jsonl");
  CHECK(log.size() < 40);
  CHECK(!log[0].contains("eval_auc"));
  CHECK(log[1].contains("eval_auc"));
  const auto rates = run(train(scratch / "r.fnm", {"--steps", "1", "--from", world().aligned, "--rates", "*=0"}));
  REQUIRE(rates.status == 0);
  const auto before = load_model(world().aligned).model.graph.parameters();
  const auto after = load_model(scratch / "r.fnm").model.graph.parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i]->buffer) continue;
    const auto a = before[i]->value.floats();
    CHECK(std::equal(a.begin(), a.end(), after[i]->value.floats().begin()));
  }
  for (const char* wrong : {"conv", "conv=x", "=1", "conv*=-1", "nosuchlayer=1"}) {
    CHECK(run(train(scratch / "w.fnm", {"--steps", "1", "--rates", wrong})).status == 2);
  }
  CHECK(run(train(scratch / "w.fnm", {"--steps", "1", "--patience", "2"})).status == 2);
  CHECK(run(train(scratch / "w.fnm", {"--steps", "1", "--eval-every", "2"})).status == 2);
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
  CHECK(lone.status == 4);
  CHECK(lone.says("two images"));
  CHECK(lone.says("lone"));

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
  // People to calibrate on are looked for before the training, not after it.
  CHECK(status(train(scratch / "m.fnm", {"--steps", "1000000", "--eval", "/nonexistent"})) == 4);
  CHECK(fs::exists(scratch / "m.fnm"));
}

}  // namespace facenet::test
