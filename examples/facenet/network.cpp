// A network by its name.
#include "network.hpp"

#include <algorithm>

#include <facenet/dataset.hpp>
#include <facenet/runtime.hpp>

#include "output.hpp"

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
  require_name("--precision", name, {"f32", "bf16", "f16", "int8", "automatic"});
  return precision_from_name(name);
}

std::vector<Image> drawn_faces(const Model& model, int people, int images, std::uint64_t seed) {
  std::vector<Image> faces;
  const int size = std::max({model.input_width(), model.input_height(), 16});
  const auto first = seed * 1'000'003;
  for (int person = 0; person < people; ++person) {
    for (int image = 0; image < images; ++image) {
      faces.push_back(
          generate_face(first + static_cast<std::uint64_t>(person), static_cast<std::uint64_t>(image), size).image);
    }
  }
  return faces;
}

std::string int8_text(const Int8Info& info) {
  return "ranges measured on " + info.data + "; smallest cosine with float32 " + fixed(info.cosine, 4) + ", " +
         std::to_string(info.in_f32.size()) + " convolution(s) stay in float32";
}

Model prepared_for(Precision precision, const Model& model, const Common& common) {
  if (precision != Precision::int8 || model.int8()) return model;
  Model prepared = model.with_int8(drawn_faces(model, 16, 4, common.seed), "64 drawn faces of 16 people");
  say(common, "int8: " + int8_text(*prepared.int8()));
  if (!system_info().native_int8) say(common, "int8: this processor has no VNNI; it computes with bytes, but slowly");
  return prepared;
}

std::string architecture_list() {
  std::string list;
  for (const auto& name : Model::architectures()) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace facenet::program
