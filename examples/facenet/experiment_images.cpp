// facenet experiment jpeg and pixels: a network on photographs made worse (paper, section 5.2 and Table 4).
#include <algorithm>
#include <map>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "experiment.hpp"

namespace facenet::program {
namespace {

std::optional<double> in_paper(const std::map<std::int64_t, double>& table, std::int64_t setting) {
  const auto found = table.find(setting);
  return found == table.end() ? std::nullopt : std::optional(found->second);
}

// VAL by JPEG quality, and by number of pixels.
const std::map<std::int64_t, double> kJpeg{{10, 0.673}, {20, 0.814}, {30, 0.839},
                                           {50, 0.855}, {70, 0.861}, {90, 0.865}};
const std::map<std::int64_t, double> kPixels{
    {1600, 0.378}, {6400, 0.795}, {14400, 0.845}, {25600, 0.857}, {65536, 0.864}};

std::string count(std::int64_t value) { return grouped(value); }

}  // namespace

int experiment_images(const Common& common, const ExperimentOptions& options, bool jpeg, Output& output) {
  require_arguments(common, 1, 1, "the experiment alone; its test by --lfw DIR, --pairs F.csv, ...");
  if (!options.test.embeddings.empty())
    throw UsageError("--embeddings: the faces themselves are needed, to change them");
  const auto settings =
      jpeg ? parse_counts("--qualities", options.qualities.empty() ? "10,20,30,50,70,90" : options.qualities)
           : parse_counts("--sides", options.sides.empty() ? "40,80,120,160,256" : options.sides);
  for (const auto setting : settings) {
    if (setting > (jpeg ? 100 : 16384)) throw UsageError(std::to_string(setting) + " is too much");
  }
  const Test test = open_test(options.test);
  if (!test.has_pairs()) throw UsageError("a list of pairs is needed; there is no pairs.txt");
  const Model model = Model::load(model_path(common));
  const int side = std::max(model.input_width(), model.input_height());

  ExperimentTable table;
  table.experiment = jpeg ? "jpeg" : "pixels";
  table.heading = jpeg ? "JPEG quality" : "Image size";
  table.source = jpeg ? "Schroff et al. 2015, Table 4, left" : "Schroff et al. 2015, Table 4, right";
  table.setting = jpeg ? "JPEG quality" : "pixels";
  table.key = jpeg ? "quality" : "pixels";
  table.data = printable(model_path(common)) + " (" + model.fingerprint().substr(0, 16) + ") on " + test.data;
  table.logarithmic = !jpeg;

  Failures failures;
  std::size_t images = 0;
  std::optional<Verification> untouched;
  const auto measure = [&](const Degradation& degradation, const std::string& what) {
    say(common, what + " ...");
    TestOptions with = options.test;
    with.faces.degradation = degradation;
    Failures own;
    const Scored scored = score(common, with, test, own);
    images = scored.images;
    if (scored.pairs.empty()) {
      own.report(scored.images);
      throw FormatError("no pair could be embedded");
    }
    if (failures.empty()) failures = own;  // the same ones each time
    return evaluate_verification(scored.pairs);
  };
  for (const auto setting : settings) {
    ExperimentRow row;
    if (jpeg) {
      row.setting = count(setting);
      row.x = static_cast<double>(setting);
      row.paper = in_paper(kJpeg, setting);
      row.here = measure({.jpeg_quality = static_cast<int>(setting)}, "JPEG quality " + row.setting);
    } else {
      row.setting = count(setting * setting) + " (" + count(setting) + "x" + count(setting) + ")";
      row.x = static_cast<double>(setting * setting);
      row.paper = in_paper(kPixels, setting * setting);
      if (setting < side) {
        row.here = measure({.pixels = static_cast<int>(setting)}, row.setting + " pixels");
      } else {
        // The network sees no more than its input: larger photographs are made that small anyway.
        if (!untouched) untouched = measure({}, "all pixels of the input");
        row.here = untouched;
        row.note = "as " + std::to_string(side) + "x" + std::to_string(side) + ", all that the network sees";
      }
    }
    table.rows.push_back(std::move(row));
  }
  if (jpeg) {
    ExperimentRow row;
    row.setting = "none";
    row.here = measure({}, "as they are");
    row.note = "as they are";
    table.rows.push_back(std::move(row));
  }
  give(common, table, options.report, output);
  return failures.report(images);
}

}  // namespace facenet::program
