// facenet info: the program and the machine.
#include <facenet/runtime.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"
#include "output.hpp"

namespace facenet::program {
namespace {

int show_system(const Common& common) {
  const SystemInfo system = system_info();
  Output output(common, {Kind::text, Kind::json});
  output.single();
  if (output.json()) {
    output.object({{"version", version()},
                   {"build", build_description()},
                   {"onednn", system.onednn},
                   {"isa", system.isa},
                   {"native_bf16", system.native_bf16},
                   {"threads", common.threads}});
  } else {
    output.write("version  " + std::string(version()) + "\nbuild    " + build_description() + "\noneDNN   " +
                 system.onednn + "\nISA      " + system.isa + "\nthreads  " + std::to_string(common.threads) + "\n");
  }
  output.finish();
  return kDone;
}

}  // namespace

Run setup_info(CLI::App& app, Common& common) {
  add_output_options(app, common, "Write to this file: .txt, .json", false);
  return [&common] {
    require_arguments(common, 0, 0, "nothing");
    return show_system(common);
  };
}

}  // namespace facenet::program
