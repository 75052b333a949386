// facenet init: a model file with a network's initial weights.
#include <memory>

#include <facenet/files.hpp>

#include "commands.hpp"
#include "network.hpp"
#include "output.hpp"

namespace facenet::program {

Run setup_init(CLI::App& app, Common& common) {
  const auto network = std::make_shared<Network>();
  app.add_option("-o,--output", common.output, "The model file to write")->type_name("FILE");
  add_network_options(app, *network);
  add_seed_option(app, common);
  return [network, &common] {
    require_arguments(common, 1, 1, "a network: " + architecture_list());
    if (common.output.empty()) throw UsageError("give -o FILE, the model file to write");
    require_writable(common.output);
    const Model model = create(common.arguments[0], *network, common.seed);
    model.save(common.output);
    say(common, "wrote " + printable(common.output) + ": " + common.arguments[0] + ", " + grouped(model.parameters()) +
                    " parameters, fingerprint " + model.fingerprint().substr(0, 16) +
                    "\nIts weights are random: train it before you use it.");
    return static_cast<int>(kDone);
  };
}

}  // namespace facenet::program
