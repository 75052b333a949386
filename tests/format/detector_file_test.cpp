// Detector files: round trip, damage, confusion with models.
#include "io/detector_file.hpp"

#include <fstream>

#include <facenet/detector.hpp>
#include <facenet/error.hpp>
#include <facenet/model.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "detector.hpp"

namespace facenet {
namespace {

bool same(const StateDict& a, const StateDict& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    const auto p = x.second.floats();
    const auto q = y.second.floats();
    return x.first == y.first && x.second.shape() == y.second.shape() && std::equal(p.begin(), p.end(), q.begin());
  });
}

}  // namespace

TEST_CASE("detector file: what was saved is loaded") {
  const test::ScratchFolder folder;
  const auto data = test::random_mtcnn(3);
  save_detector(folder / "d.fnm", data);
  const auto loaded = load_detector(folder / "d.fnm");
  CHECK(same(loaded.pnet, data.pnet));
  CHECK(same(loaded.rnet, data.rnet));
  CHECK(same(loaded.onet, data.onet));
  CHECK(loaded.licence == data.licence);
  CHECK(loaded.data_notes == data.data_notes);
  Detector::load(folder / "d.fnm").save(folder / "e.fnm");
  CHECK(read_file(folder / "e.fnm") == read_file(folder / "d.fnm"));
}

TEST_CASE("detector file: damage is found") {
  const test::ScratchFolder folder;
  save_detector(folder / "d.fnm", test::random_mtcnn(3));
  const auto bytes = read_file(folder / "d.fnm");
  const auto write = [&](const std::vector<std::uint8_t>& content) {
    std::ofstream stream(folder / "x.fnm", std::ios::binary);
    stream.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  };
  for (std::size_t i = 0; i < bytes.size(); i += 40'009) {
    auto changed = bytes;
    changed[i] ^= 0x10U;
    write(changed);
    INFO(i);
    CHECK_THROWS_AS(Detector::load(folder / "x.fnm"), FormatError);
  }
  write({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2)});
  CHECK_THROWS_AS(Detector::load(folder / "x.fnm"), FormatError);
  CHECK_THROWS_AS(Detector::load(folder / "absent.fnm"), IoError);
}

TEST_CASE("detector file: networks that do not fit, models and detectors confused") {
  const test::ScratchFolder folder;
  auto data = test::random_mtcnn(3);
  data.rnet.erase("conv2.bias");
  save_detector(folder / "d.fnm", data);
  CHECK_THROWS_WITH(Detector::load(folder / "d.fnm"), test::Contains("R-Net wants a tensor 'conv2.bias'"));
  data = test::random_mtcnn(3);
  data.pnet["conv3.weight"] = data.pnet["conv2.weight"];
  save_detector(folder / "d.fnm", data);
  CHECK_THROWS_WITH(Detector::load(folder / "d.fnm"), test::Contains("'conv3.weight' is [16,10,3,3]"));
  data = test::random_mtcnn(3);
  data.onet["conv9.weight"] = data.onet["conv2.weight"];
  save_detector(folder / "d.fnm", data);
  CHECK_THROWS_WITH(Detector::load(folder / "d.fnm"), test::Contains("O-Net has no tensor 'conv9.weight'"));

  save_detector(folder / "d.fnm", test::random_mtcnn(3));
  CHECK_THROWS_WITH(Model::load(folder / "d.fnm"), test::Contains("--detector"));
  Model::create("tiny").save(folder / "m.fnm");
  CHECK_THROWS_WITH(Detector::load(folder / "m.fnm"), test::Contains("--model"));
}

}  // namespace facenet
