// facenet: the program. The table of commands, and what is the same for all: parsing, help, suggestions, exit status.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <new>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/runtime.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"

namespace facenet::program {
namespace {

struct Command {
  const char* name;
  const char* summary;
  const char* usage;    ///< what follows the command's name
  const char* example;  ///< one that works as it stands, given the files
  Run (*setup)(CLI::App& app, Common& common);
};

constexpr Command kCommands[] = {
    {"info", "Version and machine; a network's or a model file's table and contract", "[ARCH | -m M] [options]",
     "facenet info nn4", setup_info},
    {"init", "Make a model file with a network's initial weights", "ARCH -o M [options]",
     "facenet init nn4 -o start.fnm --norm batch --embedding-size 128", setup_init},
    {"generate", "Draw faces to train and test with", "DIR [options]",
     "facenet generate faces --people 100 --images 10 --size 96", setup_generate},
    {"train", "Make a model from a folder of people; fine-tune one; go on with either", "DATA -o M [options]",
     "facenet train faces -o face.fnm --arch tiny --minutes 2", setup_train},
    {"detect", "Find faces in photographs, and say how good they are", "INPUT... [options]",
     "facenet detect --detector mtcnn.fnm photos/ --csv -o faces.csv", setup_detect},
    {"embed", "Turn photographs of faces into embeddings", "INPUT... -o F.npy [options]",
     "facenet embed -m face.fnm photos/ -o photos.npy", setup_embed},
    {"verify", "Say whether two photographs, or folders of one person each, show the same person", "A B [options]",
     "facenet verify -m face.fnm first.jpg second.jpg --threshold 1.1", setup_verify},
    {"identify", "Say who the people in photographs are, or that they are unknown", "INPUT... --gallery G [options]",
     "facenet identify -m face.fnm new.jpg --gallery people/ --threshold 1.1", setup_identify},
    {"gallery", "Keep people in a file: enrol, remove, rename, merge, list, check, migrate, calibrate, evaluate",
     "create|add|remove|rename|merge|note|list|check|migrate|calibrate G [options], or evaluate [options]",
     "facenet gallery create people.gallery -m face.fnm\n"
     "  facenet gallery add people.gallery -m face.fnm --folder people/",
     setup_gallery},
    {"cluster", "Group photographs so that each group is one person", "INPUT... | --embeddings F.npy [options]",
     "facenet cluster -m face.fnm photos/ --threshold 1.1 --csv -o groups.csv --report groups.html", setup_cluster},
    {"eval", "Measure verification by a published protocol, or on pairs of your own",
     "--lfw DIR | --pairs F.csv --root DIR | --cfp DIR | --ytf DIR | --ijb DIR | --bin F [options]",
     "facenet eval -m face.fnm --lfw lfw --report lfw.html", setup_eval},
    {"calibrate", "Put thresholds with their evidence into a model, from people it was not trained on",
     "--folder ROOT | --lfw DIR | --pairs F.csv, -o M2 [options]",
     "facenet calibrate -m face.fnm --folder people/ --far 0.001 -o calibrated.fnm --report calibration.html",
     setup_calibrate},
    {"import", "Make a model file of another framework's network", "FILE -o M [options]",
     "facenet import mobilefacenet.onnx -o face.fnm --template arcface-112 --mean 127.5 --scale 1/128 --licence "
     "research",
     setup_import},
    {"export", "Write a model as an ONNX file, for other programs to run", "-m M -o N.onnx [options]",
     "facenet export -m face.fnm -o face.onnx", setup_export},
    {"quantise", "Prepare a model for int8, measured on faces", "INPUT... -m M -o M2 [options]",
     "facenet quantise -m face.fnm photos/ -o face8.fnm", setup_quantise},
    {"bench", "Measure speed on this machine, beside its peak", "[-m M | --arch ARCH] [options]",
     "facenet bench --arch nn4 --batch 1,32", setup_bench},
    {"experiment", "Repeat the paper's experiments on data of your own; draw a map of faces",
     "jpeg|pixels --lfw DIR | dims|data|flops DATA | map INPUT... [options]",
     "facenet experiment dims faces --sizes 32,128 --minutes 1", setup_experiment},
};

std::string overview() {
  std::string text =
      "Example:\n"
      "  facenet generate faces --people 60 --images 12\n"
      "  facenet train faces -o face.fnm --arch tiny --minutes 2\n"
      "  facenet verify -m face.fnm faces/person_0001/0001.png faces/person_0001/0002.png\n\n"
      "Face embeddings after FaceNet (Schroff, Kalenichenko, Philbin, CVPR 2015).\n\n"
      "Usage: facenet COMMAND [options] [INPUT...]\n\nCommands:\n";
  for (const auto& command : kCommands) {
    std::string name = command.name;
    name.resize(10, ' ');
    text += "  " + name + " " + command.summary + "\n";
  }
  return text +
         "\nfacenet COMMAND --help tells all about a command.\n"
         "An INPUT is an image file, a folder (with all folders in it), or - for a list of paths on standard "
         "input.\nExit status: 0 done; 1 a fault of the program; 2 wrong usage; 3 done, but some inputs failed; "
         "4 a file is\nmissing, unreadable, unwritable or not what it should be; 130 interrupted.\n";
}

std::string help_of(const Command& command, const CLI::App& app) {
  std::string text = std::string("Example:\n  ") + command.example + "\n\n" + command.summary + ".\n\nUsage: facenet " +
                     command.name + " " + command.usage + "\n";
  return text + CLI::Formatter().make_groups(&app, CLI::AppFormatMode::Normal);
}

// --people_per_batch is --people-per-batch: other tools write underscores. A value after = stays as it is.
void accept_underscores(std::string& argument) {
  if (!argument.starts_with("--")) return;
  const auto end = argument.begin() + static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
  std::replace(argument.begin(), end, '_', '-');
}

[[noreturn]] void unknown_option(const std::string& given, const CLI::App& app) {
  const std::string option = given.substr(0, given.find('='));
  std::vector<std::string> names;
  for (const auto* known : app.get_options()) {
    for (const auto& name : known->get_lnames()) names.push_back(name);
  }
  std::string text = "there is no option '" + printable(option) + "'";
  if (option.starts_with("--")) {
    if (const auto near = nearest_name(option.substr(2), names); !near.empty()) {
      text += "; did you mean --" + near + "?";
    }
  }
  throw UsageError(text + " (a file of that name goes after --)");
}

int run_command(const Command& command, std::vector<std::string> arguments) {
  Common common;
  common.command = command.name;
  common.command_line = "facenet " + common.command;
  for (const auto& argument : arguments) common.command_line += " " + quoted(argument);
  bool help = false;
  bool version = false;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();  // what is no option is ours: CLI11 would take brackets in file names for lists
  const Run run = command.setup(app, common);
  app.add_option("--threads", common.threads, "Threads to use (all that this process may)")->type_name("N");
  app.add_flag("--quiet", common.quiet, "No words but errors");
  app.add_flag("--verbose", common.verbose, "More words");
  app.add_flag("--version", version, "The version");
  app.add_flag("-h,--help", help, "This text");

  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> before(arguments.begin(), mark);
  for (auto& argument : before) accept_underscores(argument);
  std::reverse(before.begin(), before.end());  // as CLI11 wants them
  try {
    app.parse(before);
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  if (help) {
    std::fputs(help_of(command, app).c_str(), stdout);
    return kDone;
  }
  if (version) {
    std::printf("facenet %s\n", facenet::version());
    return kDone;
  }
  common.arguments = app.remaining();
  for (const auto& argument : common.arguments) {
    if (argument.size() > 1 && argument.front() == '-') unknown_option(argument, app);
  }
  if (mark != arguments.end()) common.arguments.insert(common.arguments.end(), mark + 1, arguments.end());
  if (app.count("--threads") > 0 && (common.threads < 1 || common.threads > 1024)) {
    throw UsageError("--threads wants a number from 1 to 1024");
  }
  if (common.threads == 0) common.threads = system_info().threads;
  set_threads(common.threads);
  return run();
}

int run_program(const std::vector<std::string>& arguments) {
  const std::string first = arguments.empty() ? "" : arguments[0];
  if (first.empty()) {
    std::fputs(overview().c_str(), stderr);
    return kWrongUsage;
  }
  if (first == "--version") {
    std::printf("facenet %s\n", version());
    return kDone;
  }
  if (first == "-h" || first == "--help" || (first == "help" && arguments.size() == 1)) {
    std::fputs(overview().c_str(), stdout);
    return kDone;
  }
  const bool help = first == "help";
  const std::string& name = help ? arguments[1] : first;
  std::vector<std::string> names;
  for (const auto& command : kCommands) {
    names.emplace_back(command.name);
    if (name != command.name) continue;
    return run_command(command, help ? std::vector<std::string>{"--help"}
                                     : std::vector<std::string>(arguments.begin() + 1, arguments.end()));
  }
  std::string text = "there is no command '" + printable(name) + "'";
  if (name.starts_with("-")) text += ": the command comes first, then its options";
  if (const auto near = nearest_name(name, names); !near.empty()) text += "; did you mean '" + near + "'?";
  throw UsageError(text);
}

}  // namespace
}  // namespace facenet::program

int main(int argc, char** argv) {
  using namespace facenet::program;
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  std::string program = "facenet";
  for (const auto& command : kCommands) {
    if (!arguments.empty() && arguments[0] == command.name) program += " " + arguments[0];
  }
  const auto complain = [&](const char* words) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), for_terminal(words).c_str());
  };
  try {
    catch_interrupts();
    return run_program(arguments);
  } catch (const UsageError& error) {
    complain(error.what());
    std::fprintf(stderr, "%s --help shows an example.\n", program.c_str());
    return kWrongUsage;
  } catch (const facenet::InvalidArgument& error) {
    complain(error.what());
    return kWrongUsage;
  } catch (const facenet::Interrupted& error) {
    complain(error.what());
    return kInterrupted;
  } catch (const facenet::Error& error) {  // IoError, FormatError
    complain(error.what());
    return kFileFault;
  } catch (const std::bad_alloc&) {
    complain("there is not enough memory for this; use fewer or smaller inputs, or a smaller --batch");
    return kOurFault;
  } catch (const std::exception& error) {
    complain(error.what());
    std::fprintf(stderr, "This is a fault of the program. Please report it with the output of facenet info.\n");
    return kOurFault;
  }
}
