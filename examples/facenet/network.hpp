// A network by its name, as init, info, bench and train take it.
#pragma once

#include <facenet/model.hpp>

#include "common.hpp"

namespace facenet::program {

struct Network {
  std::string norm = "batch";
  int embedding_size = 128;
};

/// --norm and --embedding-size.
void add_network_options(CLI::App& app, Network& network);
/// With initial weights. UsageError suggests the nearest name for one that is unknown.
Model create(const std::string& architecture, const Network& network, std::uint64_t seed);
/// "nn4, tiny"
std::string architecture_list();

/// By its name; UsageError suggests the nearest one.
Precision precision_of(const std::string& name);

}  // namespace facenet::program
