// What the facenet program reads of its own earlier runs: the results that an interrupted command has kept, and the log
// of a training.
#ifdef FACENET_HAVE_PROGRAM
#include <sstream>

#include <facenet/error.hpp>

#include "../../examples/facenet/journal_entries.hpp"
#include "../../examples/facenet/training_log.hpp"
#include "through_file.hpp"
#endif
#include "targets.hpp"

namespace facenet::fuzz {

#ifdef FACENET_HAVE_PROGRAM
namespace {

namespace program = facenet::program;
using Input = std::span<const std::uint8_t>;

constexpr std::size_t kDimension = 3;

// Photographs that are not there: each time of the same size and age.
const program::Input kEmbedded{"/nowhere/embedded.jpg", ""};
const program::Input kDetected{"/nowhere/detected.jpg", ""};

// A journal in the temporary folder.
class Kept {
 public:
  explicit Kept(const std::string& name) : partial_("." + name + ".partial") {
    common_.command = "embed";
    common_.quiet = true;
  }
  const OneFile& file() const { return partial_; }
  program::Journal journal() const {
    auto output = partial_.path();
    return {common_, output.replace_extension().string()};
  }

 private:
  program::Common common_;
  OneFile partial_;
};

std::vector<Bytes> journals() {
  DetectedFace found;
  found.box = {1, 2, 30.5F, 40};
  found.confidence = 0.75F;
  found.turned = 90;
  const std::vector<program::Face> faces{{kEmbedded, 0, found.box, Landmarks{}, found, 2.5F},
                                         {kEmbedded, 1, found.box, std::nullopt, found, 3}};
  const std::vector<float> rows{1, 0, 0, 0.6F, -0.8F, 0};
  const Kept kept("seed");
  return {kept.file().made_by([&](const auto& path) {
    std::filesystem::remove(path);
    auto journal = kept.journal();
    journal.open("seed");
    journal.add(kEmbedded, program::entry_of(faces, rows));
    journal.add(kDetected, program::entry_of(std::vector{found, found}));
    journal.keep();
  })};
}

void read_journal(Input bytes) {
  static const Kept kept("damaged");
  kept.file().with(bytes);
  auto journal = kept.journal();
  journal.open("seed");
  bool known = false;
  if (const auto entry = journal.find(kEmbedded)) {
    const auto faces = program::embedded_in(*entry, kEmbedded, kDimension, true);
    if (faces && faces->rows.size() != faces->faces.size() * kDimension) std::abort();
    known = faces.has_value();
  }
  if (const auto entry = journal.find(kDetected)) known = program::found_in(*entry).has_value() || known;
  if (!known) throw FormatError("nothing is known");  // the program looks at the photographs again
}

std::vector<Bytes> logs() {
  return {bytes_of("{\"step\":1,\"loss\":0.25,\"health\":\"ok\"}\n{\"step\":2,\"loss\":null}\nnone\n{\"step\":3}\n")};
}

void read_log(Input bytes) {
  std::istringstream log(std::string(bytes.begin(), bytes.end()));
  if (program::lines_until(log, 2).empty()) throw FormatError("no line of a step");
}

constexpr Target kTargets[] = {{"partial", journals, read_journal}, {"training-log", logs, read_log}};

}  // namespace

std::span<const Target> program_targets() { return kTargets; }
#else
std::span<const Target> program_targets() { return {}; }
#endif

}  // namespace facenet::fuzz
