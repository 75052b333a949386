// What is kept and gone on with: galleries and what lies beside them, checkpoints, calibrations.
#include <facenet/error.hpp>
#include <facenet/gallery.hpp>
#include <facenet/image.hpp>
#include <facenet/train/training.hpp>

#include "../unit/gallery/people.hpp"
#include "api/int8_json.hpp"
#include "api/training_options.hpp"
#include "io/importers.hpp"
#include "io/model_file.hpp"
#include "metric/calibration.hpp"
#include "onnx_file.hpp"
#include "through_file.hpp"

namespace facenet::fuzz {
namespace {

using Input = std::span<const std::uint8_t>;

std::string_view text_of(Input bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

#ifdef FACENET_HAVE_SQLITE
using Access = GalleryAccess;

std::vector<Enrolment> some_people() {
  std::vector<Enrolment> images;
  for (std::uint64_t i = 0; i < 12; ++i) {
    images.push_back(test::enrolment("person " + std::to_string(i / 3), test::face_of(8, i / 3, i), "1.jpg"));
    images.back().quality = 0.5F;
    images.back().landmarks = Landmarks{};
  }
  return images;
}

Bytes gallery_file() {
  const OneFile file(".seed.gallery");
  return file.made_by([](const auto& path) {
    std::filesystem::remove(path);
    Gallery gallery = Gallery::create(path, {std::string(64, 'a'), 8});
    gallery.add(some_people());
    gallery.calibrate(0.5);
  });
}

void use(const Gallery& gallery) {
  gallery.people();
  gallery.images();
  gallery.calibration();
  gallery.search(test::unit(static_cast<std::size_t>(std::max<std::int64_t>(1, gallery.model().dimension)), 1));
  gallery.check();
}

void change(Gallery gallery) {
  use(gallery);
  Enrolment image = test::enrolment("new", test::unit(static_cast<std::size_t>(gallery.model().dimension), 2));
  gallery.add(std::span(&image, 1));
  if (!gallery.people().empty()) gallery.remove(gallery.people().front().name);
}

std::vector<Bytes> galleries() { return {gallery_file()}; }
void read_gallery(Input bytes) {
  static const OneFile file(".gallery");
  static const OneFile journal(".gallery-journal");
  std::filesystem::remove(journal.path());
  use(Gallery::open(file.with(bytes), {}, Access::read_only));
}
void change_gallery(Input bytes) {
  static const OneFile file(".changed");
  static const OneFile journal(".changed-journal");
  std::filesystem::remove(journal.path());
  change(Gallery::open(file.with(bytes), {}));
}

// What a killed process has left beside a good gallery: the bytes are the journal.
std::vector<Bytes> journals() {
  const Bytes file = gallery_file();
  Bytes journal{0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 1, 0,  0,
                0,    0,    0,    0,    0,    9,    0,    0,    2, 0, 0, 0, 16, 0};
  journal.resize(512);
  journal.resize(515);
  journal.push_back(2);
  std::uint32_t sum = 0;  // as SQLite sums up a page: every 200th byte, from the end
  const Input page = Input(file).subspan(4096, 4096);
  for (std::size_t i = 4096 - 200; i > 0 && i < 4096; i -= 200) sum += page[i];
  for (const std::uint8_t byte : page) journal.push_back(byte);
  for (int shift = 24; shift >= 0; shift -= 8) journal.push_back(static_cast<std::uint8_t>(sum >> unsigned(shift)));
  return {journal};
}
void read_journal(Input bytes) {
  static const Bytes good = gallery_file();
  static const OneFile file(".killed");
  static const OneFile journal(".killed-journal");
  for (const Access access : {Access::read_only, Access::read_write}) {
    file.with(good);
    journal.with(bytes);
    try {
      use(Gallery::open(file.path(), {}, access));
    } catch (const Error&) {
      if (access == Access::read_write) throw;
    }
  }
}
#endif

#ifdef FACENET_HAVE_ONNX
// Two people with two photographs each, of the few pixels that the network wants.
class Faces {
 public:
  Faces() {
    for (const char* name : {"Ada/1.png", "Ada/2.png", "Bob/1.png", "Bob/2.png"}) {
      std::filesystem::create_directories((folder_ / name).parent_path());
      Image image(8, 8);
      for (std::size_t i = 0; i < image.pixels().size(); ++i) {
        image.data()[i] = static_cast<std::uint8_t>(static_cast<int>(i) * (name[0] - name[4]));
      }
      const Bytes png = image.encode_png();
      write_file(folder_ / name, {reinterpret_cast<const char*>(png.data()), png.size()});
    }
  }
  ~Faces() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Faces(const Faces&) = delete;
  Faces& operator=(const Faces&) = delete;
  TrainingData data() const {
    TrainingData data;
    data.folder = folder_;
    return data;
  }

 private:
  std::filesystem::path folder_ = scratch_name(".faces");
};

std::vector<Bytes> checkpoints() {
  const Faces faces;
  const OneFile start(".start");
  save_model(start.path(), import_source({test::OnnxFile().bytes(), "'seed'", std::nullopt}, {}));
  std::vector<Bytes> files;
  for (const char* optimizer : {"adagrad", "adam"}) {
    const OneFile file(".checkpoint");
    TrainingOptions options;
    options.steps = 2;
    options.people_per_batch = 2;
    options.images_per_person = 2;
    options.optimizer = optimizer;
    options.average = optimizer == std::string("adam") ? 0.5F : 0;
    options.precision = "f32";
    options.threads = 1;
    const Training training(Model::load(start.path()), faces.data(), options);
    files.push_back(file.made_by([&](const auto& path) { training.save_checkpoint(path); }));
  }
  return files;
}
void resume(Input bytes) {
  static const Faces faces;
  static const OneFile file(".resumed");
  Training::resume(file.with(bytes), faces.data()).progress();
}
#endif

std::vector<Bytes> option_texts() {
  TrainingOptions options;
  options.steps = 3;
  options.rates = "conv*=0.1";
  return {bytes_of(json_text(options_to_json(options)))};
}
void read_options(Input bytes) { options_from_json(parse_json(text_of(bytes), "fuzz"), "fuzz"); }

std::vector<Bytes> calibrations() {
  return {bytes_of(R"({"threshold": 1.25, "slope": -3.5, "offset": 2, "data": "pairs", "same_pairs": 30,)"
                   R"("different_pairs": 40, "far": 0.001, "points": [{"far": 0.1, "threshold": 1.5, "val": 0.9}]})")};
}
void read_calibration(Input bytes) { calibration_from_json(parse_json(text_of(bytes), "fuzz")); }

std::vector<Bytes> ranges() {
  return {bytes_of(R"({"images": 32, "data": "x", "cosine": 0.9987, "in_f32": ["conv1"], "ranges": {"conv2": 3.25}})")};
}
void read_ranges(Input bytes) { int8_from_json(parse_json(text_of(bytes), "fuzz")); }

constexpr Target kTargets[] = {
#ifdef FACENET_HAVE_SQLITE
    {"gallery", galleries, read_gallery},
    {"gallery-change", galleries, change_gallery},
    {"gallery-journal", journals, read_journal},
#endif
#ifdef FACENET_HAVE_ONNX
    {"checkpoint", checkpoints, resume},
#endif
    {"training-options", option_texts, read_options},
    {"calibration", calibrations, read_calibration},
    {"int8-ranges", ranges, read_ranges}};

}  // namespace

std::span<const Target> state_targets() { return kTargets; }

}  // namespace facenet::fuzz
