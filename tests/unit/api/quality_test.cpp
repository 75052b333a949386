// Whether quality tells which faces will be mistaken: error versus reject, on photographs of LFW as they are, and made
// small and blurred.
#ifdef FACENET_HAVE_ONNX
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include <facenet/evaluation.hpp>
#include <facenet/import.hpp>
#include <facenet/recognizer.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "detector.hpp"

namespace facenet {
namespace {

namespace fs = std::filesystem;

constexpr double kFar = 1e-3;

struct Photograph {
  fs::path path;
  std::int32_t person;
};

// Up to `most` photographs of each of those people of some folds who have two or more; `every`: of so many people one.
std::vector<Photograph> photographs(const fs::path& lfw, int first_fold, int last_fold, std::size_t most, int every) {
  std::vector<Photograph> list;
  std::ifstream file(lfw / "people.txt");
  std::string name;
  std::getline(file, name);  // the number of folds
  int fold = 0, person = 0;
  for (std::string line; std::getline(file, line);) {
    const auto tab = line.find('\t');
    if (tab == line.npos) {
      ++fold;
      continue;
    }
    if (fold < first_fold || fold > last_fold || std::stoi(line.substr(tab + 1)) < 2) continue;
    if (person++ % every != 0) continue;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(lfw / "images" / line.substr(0, tab))) files.push_back(entry);
    std::sort(files.begin(), files.end());
    if (files.size() > most) files.resize(most);
    for (const auto& path : files) list.push_back({path, person});
  }
  return list;
}

// Smaller, down to two fifths, and half of them blurred; in the same way each time.
Image worse(const Image& image, unsigned seed) {
  std::mt19937 random(seed);
  const auto draw = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(random()) / 4294967295.0;
  };
  const auto side = [&](double scale) { return std::max(12, static_cast<int>(std::lround(image.width() * scale))); };
  const double scale = std::pow(2.0, -draw(0, 1.3));
  const int small = side(scale);
  if (random() % 2 == 0) return image.resized(small, small);
  const int blurred = side(scale / draw(1, 3));
  return image.resized(blurred, blurred).resized(small, small);
}

// Of each photograph the face in its centre.
using Found = std::vector<std::optional<RecognizedFace>>;

Found recognized(const std::vector<Photograph>& list, const Model& model, const Detector& detector, bool degrade) {
  Found found(list.size());
  const std::size_t workers = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < workers; ++first) {
    threads.emplace_back([&, first] {
      Recognizer recognizer(
          model, detector.with({.minimum_size = 20, .choice = FaceChoice::centre, .turned = false, .threads = 1}),
          {.threads = 1});
      for (std::size_t i = first; i < list.size(); i += workers) {
        const Image image = Image::open(list[i].path);
        auto faces = recognizer.recognize(degrade ? worse(image, static_cast<unsigned>(i)) : image);
        if (!faces.empty()) found[i] = std::move(faces[0]);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return found;
}

struct Measure {
  const char* name;
  float (*of)(const RecognizedFace&);
};
const Measure kMeasures[] = {
    {"norm", [](const RecognizedFace& f) { return f.norm; }},
    {"quality", [](const RecognizedFace& f) { return f.quality.score; }},
    {"seen",  // before a network is asked
     [](const RecognizedFace& f) {
       return f.confidence * std::cbrt(f.quality.size * f.quality.sharpness * f.quality.pose);
     }},
    {"size", [](const RecognizedFace& f) { return f.quality.size; }},
    {"sharpness", [](const RecognizedFace& f) { return f.quality.sharpness; }},
    {"pose", [](const RecognizedFace& f) { return f.quality.pose; }},
    {"confidence", [](const RecognizedFace& f) { return f.confidence; }},
};

// All same pairs, and of different people the photographs some places further in the list. The threshold is that of
// FAR 1e-3 among them.
struct Pairs {
  std::vector<ScoredPair> scored;
  std::vector<std::pair<std::size_t, std::size_t>> which;
  float threshold = 0;
};

Pairs pairs_of(const std::vector<Photograph>& list, const Found& found, std::size_t shifts) {
  Pairs pairs;
  const auto add = [&](std::size_t a, std::size_t b) {
    if (!found[a] || !found[b]) return;
    const bool same = list[a].person == list[b].person;
    pairs.scored.push_back({squared_distance(found[a]->embedding, found[b]->embedding), same, 1});
    pairs.which.emplace_back(a, b);
  };
  for (std::size_t a = 0; a < list.size(); ++a) {
    for (std::size_t b = a + 1; b < list.size() && list[b].person == list[a].person; ++b) add(a, b);
    for (std::size_t k = 0; k < shifts; ++k) {
      const std::size_t b = (a + 20 + 7 * k) % list.size();
      if (list[b].person != list[a].person) add(a, b);
    }
  }
  pairs.threshold = evaluate_verification(pairs.scored, {.far = {kFar}}).val.at(0).threshold;
  return pairs;
}

// Prints the table; gives, for each measure, the share of false rejects left when a fifth is left out.
std::map<std::string, double> table_of(const char* title, const Pairs& pairs, const Found& found) {
  const std::vector<double> shares{0, 0.02, 0.05, 0.1, 0.2, 0.3};
  std::map<std::string, double> left;
  std::string text = std::string(title) + ": false rejects (%) at FAR 0.001, the worst same pairs left out\n" +
                     "left out   0 %    2 %    5 %   10 %   20 %   30 %\n";
  for (const auto& measure : kMeasures) {
    std::vector<float> quality;
    for (const auto& [a, b] : pairs.which) {
      quality.push_back(std::min(measure.of(*found[a]), measure.of(*found[b])));
    }
    char cell[32];
    std::snprintf(cell, sizeof cell, "%-10s", measure.name);
    text += cell;
    const auto points = error_versus_reject(pairs.scored, quality, pairs.threshold, shares);
    for (const auto& point : points) {
      std::snprintf(cell, sizeof cell, "%6.2f ", 100 * point.false_rejects);
      text += cell;
    }
    text += "\n";
    left[measure.name] = points[4].false_rejects / points[0].false_rejects;
  }
  const auto same = std::count_if(pairs.scored.begin(), pairs.scored.end(), [](const auto& p) { return p.same; });
  std::fprintf(stderr, "%s%lld same and %lld different pairs\n", text.c_str(), static_cast<long long>(same),
               static_cast<long long>(pairs.scored.size()) - same);
  return left;
}

std::map<std::string, double> measured(const char* title, int first_fold, int last_fold, std::size_t most, int every,
                                       bool degrade) {
  const auto detector = test::shared_detector();
  if (!detector) return {};
  const auto data = *test::shared_data();
  const auto list = photographs(data / "lfw", first_fold, last_fold, most, every);
  const Model model =
      import_model(data / "models/mobilefacenet-y1.onnx", {.template_name = "arcface-112", .licence = "test"});
  // How long embeddings are is known from other people, of folds 1 to 4, and good photographs.
  std::vector<float> norms;
  for (const auto& face : recognized(photographs(data / "lfw", 1, 4, 2, 4), model, *detector, false)) {
    if (face) norms.push_back(face->norm);
  }
  Calibration calibration;
  calibration.norm = reference_norm(norms);
  const Found found = recognized(list, model.with_calibration(calibration), *detector, degrade);
  return table_of(title, pairs_of(list, found, 60), found);
}

}  // namespace

TEST_CASE("quality: faces that are small and blurred are those that are mistaken") {
  const auto left = measured("a fifth of the people of folds 5 to 8, made worse", 5, 8, 4, 5, true);
  if (left.empty()) return;
  CHECK(left.at("quality") < 0.5);
  CHECK(left.at("seen") < 0.6);
  CHECK(left.at("sharpness") < 0.6);
  CHECK(left.at("norm") < 0.5);
}

// The tables of docs/guide.md: minutes.
TEST_CASE("quality measured on LFW", "[.measure]") {
  measured("LFW, folds 5 to 8", 5, 8, 12, 1, false);
  measured("LFW, folds 5 to 8, made worse", 5, 8, 12, 1, true);
}

}  // namespace facenet
#endif
