// The commands: each `setup_` adds a command's options to `app`, and what it returns runs the command after parsing.
#pragma once

#include <functional>

#include "common.hpp"

namespace facenet::program {

using Run = std::function<int()>;

Run setup_info(CLI::App& app, Common& common);
Run setup_init(CLI::App& app, Common& common);
Run setup_generate(CLI::App& app, Common& common);
Run setup_train(CLI::App& app, Common& common);
Run setup_import(CLI::App& app, Common& common);
Run setup_export(CLI::App& app, Common& common);
Run setup_detect(CLI::App& app, Common& common);
Run setup_quantise(CLI::App& app, Common& common);
Run setup_embed(CLI::App& app, Common& common);
Run setup_verify(CLI::App& app, Common& common);
Run setup_identify(CLI::App& app, Common& common);
Run setup_gallery(CLI::App& app, Common& common);
Run setup_calibrate(CLI::App& app, Common& common);
Run setup_cluster(CLI::App& app, Common& common);
Run setup_eval(CLI::App& app, Common& common);
Run setup_bench(CLI::App& app, Common& common);
Run setup_experiment(CLI::App& app, Common& common);

}  // namespace facenet::program
