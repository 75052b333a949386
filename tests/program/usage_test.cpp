// What is the same for every command: help, suggestions, spellings, exit status, where words and data go.
#include <filesystem>
#include <iostream>
#include <sstream>

#include <facenet/version.hpp>

#include "catch.hpp"
#include "program.hpp"

namespace facenet::test {

TEST_CASE("the program says its version, and how it is used", "[program]") {
  const auto version = run({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out == std::string("facenet ") + facenet::version() + "\n");
  CHECK(run({"info", "--version"}).out == version.out);

  const auto help = run({"--help"});
  CHECK(help.status == 0);
  CHECK(help.out.find("Example:") == 0);
  CHECK(help.err.empty());

  const auto nothing = run(std::vector<std::string>{});
  CHECK(nothing.status == 2);
  CHECK(nothing.out.empty());
  CHECK(nothing.says("Usage: facenet COMMAND"));
}

TEST_CASE("every command's help begins with an example of that command", "[program]") {
  const auto overview = run({"--help"}).out;
  int commands = 0;
  std::istringstream lines(overview.substr(overview.find("Commands:\n") + 10));
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    const std::string name = line.substr(2, line.find(' ', 2) - 2);
    INFO(name);
    const auto help = run({name, "--help"});
    CHECK(help.status == 0);
    CHECK(help.out.find("Example:\n  facenet " + name + " ") == 0);
    CHECK(run({"help", name}).out == help.out);
    ++commands;
  }
  CHECK(commands >= 1);
}

TEST_CASE("what is unknown suggests what is nearest, with status 2", "[program]") {
  const auto command = run({"inof"});
  CHECK(command.status == 2);
  CHECK(command.says("did you mean 'info'?"));
  const auto far = run({"xylophone"});
  CHECK(far.status == 2);
  CHECK_FALSE(far.says("did you mean"));

  const auto option = run({"info", "--thread", "1"});
  CHECK(option.status == 2);
  CHECK(option.says("did you mean --threads?"));
  CHECK(run({"info", "--threads", "many"}).status == 2);
  CHECK(run({"info", "--threads", "0"}).status == 2);
  CHECK(run({"info", "--threads"}).status == 2);
}

TEST_CASE("info says what the program is and runs on", "[program]") {
  const auto json = run({"info", "--json", "--threads", "3"});
  REQUIRE(json.status == 0);
  const auto info = json.object();
  CHECK(info.at("version") == facenet::version());
  CHECK(info.at("threads") == 3);
  CHECK(info.at("onednn").get<std::string>().find('3') == 0);
  CHECK_FALSE(info.at("isa").get<std::string>().empty());

  const auto text = run({"info"});
  CHECK(text.status == 0);
  for (const char* word : {"version", "build", "oneDNN", "ISA", "threads"}) {
    CHECK(text.out.find(word) != std::string::npos);
  }
}

TEST_CASE("a file is there whole or not at all, and its ending says its kind", "[program]") {
  const ScratchFolder scratch;
  const std::string file = scratch / "info.json";
  CHECK(run({"info", "-o", file}).status == 0);
  CHECK(nlohmann::json::parse(content_of(file)).contains("isa"));

  CHECK(run({"info", "-o", scratch / "info.xyz"}).status == 2);
  CHECK(run({"info", "-o", scratch / "missing/info.json"}).status == 4);
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"info.json"});
}

TEST_CASE("progress stays on one line of the terminal, and is gone at the end", "[program]") {
  if (!std::filesystem::exists("/dev/pts/ptmx")) {
    std::cerr << "SKIPPED: no terminals are mounted at /dev/pts, as in a bare chroot\n";
    return;
  }
  const ScratchFolder scratch;
  ProgramCall call{{"generate", scratch / "f", "--people", "2", "--images", "2", "--size", "16"}};
  call.columns = 40;
  const auto result = run(call);
  REQUIRE(result.status == 0);
  REQUIRE(result.says("\rdrawing faces ["));
  std::size_t at = 0;
  for (std::size_t end = 0; (end = result.err.find("\x1b[K", at)) != std::string::npos; at = end + 3) {
    CHECK(end - result.err.rfind('\r', end) - 1 <= 39);
  }
  CHECK(result.says("\r\x1b[Kdrew 4 faces"));
}

}  // namespace facenet::test
