// A network by its name.
#include "network.hpp"

namespace facenet::program {

void add_network_options(CLI::App& app, Network& network) {
  app.add_option("--norm", network.norm, "batch (default), or lrn: the paper's local response normalisation")
      ->type_name("KIND");
  app.add_option("--embedding-size", network.embedding_size, "Numbers in an embedding (128)")->type_name("D");
}

Model create(const std::string& architecture, const Network& network, std::uint64_t seed) {
  require_name("ARCH", architecture, Model::architectures());
  require_name("--norm", network.norm, {"batch", "lrn"});
  return Model::create(architecture, {.norm = network.norm == "lrn" ? NetworkNorm::lrn : NetworkNorm::batch,
                                      .embedding_size = network.embedding_size,
                                      .seed = seed});
}

Precision precision_of(const std::string& name) {
  require_name("--precision", name, {"f32", "bf16", "automatic"});
  return precision_from_name(name);
}

std::string architecture_list() {
  std::string list;
  for (const auto& name : Model::architectures()) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace facenet::program
