// Model files: written and read again, cut off, damaged, of another version, on a full disk.
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "io/graph_json.hpp"
#include "io/model_file.hpp"
#include "io/safetensors.hpp"
#include "models/architectures.hpp"

namespace facenet {
namespace {

ModelData tiny_model() {
  ModelData model{models::make_architecture("tiny", {}), {}, "tiny", "CC0", "made up", R"({"steps":3})", ""};
  model.contract.template_name = "arcface";
  model.contract.template_points = {1.5F, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  model.contract.crop_fraction = 0.8F;
  model.calibration = R"({"threshold": 1.25})";
  return model;
}

void write_bytes(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  // Not write_file, which waits for the disk: there are hundreds of these.
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// True when loading refuses the bytes with a FormatError; false when it takes them; any other error fails the test.
bool refused(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  write_bytes(path, bytes);
  try {
    load_model(path);
    return false;
  } catch (const FormatError& error) {
    CHECK(std::string(error.what()).find(path.filename().string()) != std::string::npos);
    return true;
  }
}

std::size_t data_offset(std::span<const std::uint8_t> bytes) {
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  return sizeof header + static_cast<std::size_t>(header);
}

// Writes the model again with one metadata string changed, without the protection of the checksum of save_model.
void save_with(const std::filesystem::path& path, const std::filesystem::path& to, const std::string& key,
               const std::string& value) {
  SafetensorsFile file = read_safetensors(path);
  file.metadata[key] = value;
  write_safetensors(to, file);
}

std::string message_of(const std::filesystem::path& path) {
  try {
    load_model(path);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a model file gives back what was stored, and the same bytes each time") {
  const test::ScratchFolder scratch;
  const ModelData model = tiny_model();
  save_model(scratch / "a.fnm", model);
  const LoadedModel loaded = load_model(scratch / "a.fnm");
  CHECK(loaded.fingerprint == fingerprint_of(model));
  CHECK(loaded.fingerprint == fingerprint_of(loaded.model));
  CHECK(loaded.model.architecture == "tiny");
  CHECK(loaded.model.licence == "CC0");
  CHECK(loaded.model.data_notes == "made up");
  CHECK(loaded.model.training == R"({"steps":3})");
  CHECK(loaded.model.calibration == R"({"threshold":1.25})");
  CHECK(loaded.model.contract.template_name == "arcface");
  CHECK(loaded.model.contract.template_points == model.contract.template_points);
  CHECK(loaded.model.contract.crop_fraction == 0.8F);
  CHECK(graph_to_json(loaded.model.graph) == graph_to_json(model.graph));
  const auto before = model.graph.parameters();
  const auto after = loaded.model.graph.parameters();
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto a = before[i]->value.floats();
    const auto b = after[i]->value.floats();
    CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    CHECK(before[i]->buffer == after[i]->buffer);
    CHECK(before[i]->decay == after[i]->decay);
  }
  save_model(scratch / "b.fnm", loaded.model);
  CHECK(read_file(scratch / "a.fnm") == read_file(scratch / "b.fnm"));
}

TEST_CASE("a margin of boxes is kept, and one that cannot be is refused") {
  const test::ScratchFolder scratch;
  ModelData model = tiny_model();
  const std::string aligned = fingerprint_of(model);
  model.contract.template_points.reset();
  model.contract.template_name.clear();
  const std::string centred = fingerprint_of(model);
  model.contract.margin = 14;
  CHECK(fingerprint_of(model) != centred);
  save_model(scratch / "a.fnm", model);
  CHECK(load_model(scratch / "a.fnm").model.contract.margin == 14);
  for (const float wrong : {-1.0F, 64.0F}) {
    model.contract.margin = wrong;
    CHECK_THROWS_AS(save_model(scratch / "b.fnm", model), InvalidArgument);
  }
  model = tiny_model();
  model.contract.margin = 14;  // beside a template
  CHECK_THROWS_AS(save_model(scratch / "b.fnm", model), InvalidArgument);
  model.contract.margin.reset();
  CHECK(fingerprint_of(model) == aligned);
}

TEST_CASE("the fingerprint is of what changes embeddings, and of nothing else") {
  ModelData model = tiny_model();
  const std::string before = fingerprint_of(model);
  model.licence = "another";
  model.calibration = "";
  CHECK(fingerprint_of(model) == before);
  model.contract.crop_fraction = 0.9F;
  CHECK(fingerprint_of(model) != before);
  model.contract.crop_fraction = 0.8F;
  model.graph.parameters()[3]->value.floats()[0] += 1;
  CHECK(fingerprint_of(model) != before);
}

TEST_CASE("a model file cut off at every KiB is refused") {
  const test::ScratchFolder scratch;
  save_model(scratch / "a.fnm", tiny_model());
  const auto bytes = read_file(scratch / "a.fnm");
  for (std::size_t size = 0; size < bytes.size(); size += 1024) {
    INFO("cut off at " << size);
    REQUIRE(refused(scratch / "cut.fnm", std::span(bytes).first(size)));
  }
  REQUIRE(refused(scratch / "cut.fnm", std::span(bytes).first(bytes.size() - 1)));
  auto longer = bytes;
  longer.push_back(0);
  REQUIRE(refused(scratch / "cut.fnm", longer));
}

TEST_CASE("a flipped bit in a model file is noticed, in the header as in the weights") {
  const test::ScratchFolder scratch;
  save_model(scratch / "a.fnm", tiny_model());
  auto bytes = read_file(scratch / "a.fnm");
  const std::size_t data = data_offset(bytes);
  const std::string fingerprint = load_model(scratch / "a.fnm").fingerprint;
  std::size_t harmless = 0;
  const auto flip = [&](std::size_t at, unsigned bit) {
    INFO("bit " << bit << " of byte " << at);
    bytes[at] ^= static_cast<std::uint8_t>(1U << bit);
    if (!refused(scratch / "flipped.fnm", bytes)) {
      // Nothing but the white space that fills the header up may change without notice.
      ++harmless;
      REQUIRE(at < data);
      REQUIRE(at + 8 >= data);
      REQUIRE(load_model(scratch / "flipped.fnm").fingerprint == fingerprint);
    }
    bytes[at] ^= static_cast<std::uint8_t>(1U << bit);
  };
  for (std::size_t at = 0; at < data; at += at < 8 ? 1 : 41) flip(at, static_cast<unsigned>(at % 8));
  for (std::size_t at = data - 8; at < data; ++at) flip(at, 3);
  for (std::size_t at = data; at < bytes.size(); at += 9973) flip(at, static_cast<unsigned>(at % 8));
  flip(bytes.size() - 1, 0);
  CHECK(harmless <= 8);
}

TEST_CASE("a model file of another version, and a file that is no model, are refused with words") {
  const test::ScratchFolder scratch;
  save_model(scratch / "a.fnm", tiny_model());
  save_with(scratch / "a.fnm", scratch / "b.fnm", "facenet.format", "2");
  CHECK(message_of(scratch / "b.fnm").find("version 2") != std::string::npos);
  CHECK(message_of(scratch / "b.fnm").find("reads version 1") != std::string::npos);
  SafetensorsFile other;
  const Tensor tensor = Tensor::zeros(TensorSpec{{2, 3}});
  other.tensors.push_back(NamedTensor::of("x", tensor));
  write_safetensors(scratch / "other.safetensors", other);
  CHECK(message_of(scratch / "other.safetensors").find("not a FaceNetLib model") != std::string::npos);
  write_file(scratch / "empty.fnm", "");
  CHECK(message_of(scratch / "empty.fnm").find("empty.fnm") != std::string::npos);
  CHECK_THROWS_AS(load_model(scratch / "absent.fnm"), IoError);
  CHECK_THROWS_AS(load_model(scratch.path()), IoError);
}

TEST_CASE("what cannot be stored is refused before a file is touched") {
  const test::ScratchFolder scratch;
  ModelData model = tiny_model();
  model.contract.crop_fraction = 1.5F;
  CHECK_THROWS_AS(save_model(scratch / "a.fnm", model), InvalidArgument);
  model = tiny_model();
  model.calibration = "not json";
  CHECK_THROWS_AS(save_model(scratch / "a.fnm", model), InvalidArgument);
  CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("an unwritable place is an IoError, and leaves nothing behind") {
  const test::ScratchFolder scratch;
  CHECK_THROWS_AS(save_model(scratch / "no" / "such" / "folder.fnm", tiny_model()), IoError);
  CHECK_THROWS_AS(save_model(scratch.path(), tiny_model()), IoError);
  CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("a full disk is an IoError, and the former file stays whole") {
  const test::ScratchFolder scratch;
  const std::filesystem::path disk = scratch / "disk";
  std::filesystem::create_directory(disk);
  if (::geteuid() != 0 || ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=256k") != 0) {
    std::fprintf(stderr, "SKIPPED: needs the right to mount a small tmpfs\n");
    return;
  }
  write_file(disk / "model.fnm", "former content");
  CHECK_THROWS_AS(save_model(disk / "model.fnm", tiny_model()), IoError);
  const auto kept = read_file(disk / "model.fnm");
  CHECK(std::string(kept.begin(), kept.end()) == "former content");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(disk)) ++files;
  CHECK(files == 1);
  ::umount(disk.c_str());
}

}  // namespace facenet
