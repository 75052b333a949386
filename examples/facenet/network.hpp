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
/// Drawn faces of the model's input size, `people` times `images`.
std::vector<Image> drawn_faces(const Model& model, int people, int images, std::uint64_t seed);
/// On what a model's int8 was measured, and what it gave.
std::string int8_text(const Int8Info& info);
/// The model as a precision wants it: for int8, one that is not prepared for it is, on 64 drawn faces, which is said.
Model prepared_for(Precision precision, const Model& model, const Common& common);

}  // namespace facenet::program
