// Open-set identification: thresholds from strangers, in a gallery and in a test.
#include "gallery/open_set.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <nlohmann/json.hpp>

#include "facenet/error.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kMostProbes = 20000;
constexpr std::int64_t kMostDistances = std::int64_t{2} << 30U;
// A rate meant as k/n must not lose one to rounding.
constexpr double kRounding = 1e-9;

std::string text(double value) { return nlohmann::json(value).dump(); }

double total_weight(const std::vector<WeighedDistance>& distances) {
  double sum = 0;
  for (const auto& each : distances) sum += each.weight;
  return sum;
}

// Enrolled images as probes, and how much each weighs: a person's together weigh one.
struct Probes {
  std::vector<std::size_t> images;
  std::vector<double> weights;
};

Probes choose_probes(const Enrolled& enrolled) {
  const auto n = static_cast<std::int64_t>(enrolled.images().size());
  const std::int64_t most = std::min(kMostProbes, kMostDistances / std::max<std::int64_t>(1, enrolled.comparisons()));
  const std::int64_t count = std::min(n, std::max<std::int64_t>(1, most));
  Probes probes;
  std::vector<double> images(enrolled.people().size());
  for (std::int64_t i = 0; i < count; ++i) {
    probes.images.push_back(static_cast<std::size_t>(i * n / count));
    ++images[enrolled.images()[probes.images.back()].person];
  }
  for (const std::size_t image : probes.images) probes.weights.push_back(1 / images[enrolled.images()[image].person]);
  return probes;
}

// Share of the people with two images or more who are recognised within a threshold, each by the share of their images.
std::optional<double> recognised(const std::vector<WeighedDistance>& mated, float threshold) {
  if (mated.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& probe : mated) sum += probe.distance <= threshold ? probe.weight : 0;
  return sum / total_weight(mated);
}

void require_rate(double fpir) {
  if (!(fpir > 0 && fpir < 1)) {
    throw InvalidArgument("a false positive identification rate is between 0 and 1, not " + text(fpir));
  }
}

}  // namespace

float threshold_at_share(const std::vector<WeighedDistance>& sorted, double share) {
  const double allowed = share * total_weight(sorted) + kRounding;
  double sum = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t next = i;
    double own = 0;
    for (; next < sorted.size() && sorted[next].distance == sorted[i].distance; ++next) own += sorted[next].weight;
    if (sum + own > allowed) return std::nextafter(sorted[i].distance, -std::numeric_limits<float>::infinity());
    sum += own;
    i = next;
  }
  return sorted.empty() ? 0 : sorted.back().distance;
}

OpenSetCalibration calibrate_open_set(const Enrolled& enrolled, double fpir, const Embeddings& strangers,
                                      const std::string& data) {
  require_rate(fpir);
  if (enrolled.images().empty()) throw InvalidArgument("Gallery::calibrate: the gallery is empty; add people first");
  const Probes probes = choose_probes(enrolled);
  const auto left_out = enrolled.leave_out(probes.images);
  std::vector<WeighedDistance> mated;
  std::vector<WeighedDistance> alone;
  for (std::size_t i = 0; i < left_out.size(); ++i) {
    const auto& person = enrolled.people()[enrolled.images()[probes.images[i]].person];
    if (person.rows.size() > 1) mated.push_back({left_out[i].recognised, probes.weights[i]});
    if (std::isfinite(left_out[i].stranger)) alone.push_back({left_out[i].stranger, probes.weights[i]});
  }
  OpenSetCalibration result;
  result.fpir = fpir;
  result.data = data;
  result.comparisons = enrolled.comparisons();
  if (strangers.size() > 0) {
    alone.clear();
    for (const auto& found : enrolled.search(strangers, 1)) alone.push_back({found[0].distance, 1});
    if (data.empty()) result.data = "strangers given";
  } else if (data.empty()) {
    result.data = "the enrolled people, each compared with all others";
  }
  result.probes = static_cast<std::int64_t>(alone.size());
  result.strangers = std::llround(total_weight(alone));
  std::sort(alone.begin(), alone.end(),
            [](const WeighedDistance& a, const WeighedDistance& b) { return a.distance < b.distance; });
  const auto people = static_cast<double>(result.strangers);
  if (fpir * people < 1 - kRounding) {
    throw InvalidArgument("Gallery::calibrate: " + std::to_string(result.strangers) +
                          " strangers cannot show a false positive identification rate of " + text(fpir) +
                          ": it takes at least " + std::to_string(std::llround(std::ceil(1 / fpir - kRounding))) +
                          ". Ask for a larger rate, enrol more people, or give embeddings of other people");
  }
  const auto point = [&](double rate) {
    const float threshold = threshold_at_share(alone, rate);
    return OpenSetThreshold{rate, threshold, recognised(mated, threshold)};
  };
  bool listed = false;
  for (double rate = 0.5; rate * people >= 1 - kRounding; rate *= 0.9) {
    if (!listed && rate <= fpir) {
      if (rate < fpir) result.points.push_back(point(fpir));
      listed = true;
    }
    result.points.push_back(point(rate));
  }
  if (!listed) result.points.push_back(point(fpir));
  std::sort(result.points.begin(), result.points.end(),
            [](const OpenSetThreshold& a, const OpenSetThreshold& b) { return a.fpir > b.fpir; });
  result.threshold = threshold_at_share(alone, fpir);
  return result;
}

float open_set_threshold(const std::optional<OpenSetCalibration>& calibration, std::int64_t comparisons, double fpir) {
  require_rate(fpir);
  if (!calibration) {
    throw InvalidArgument(
        "Gallery: no threshold for strangers: calibrate the gallery (facenet gallery calibrate G --fpir R)");
  }
  double rate = fpir;
  if (comparisons > calibration->comparisons) {
    rate = -std::expm1(std::log1p(-fpir) * static_cast<double>(calibration->comparisons) /
                       static_cast<double>(comparisons));
  }
  const OpenSetThreshold* best = nullptr;
  for (const auto& point : calibration->points) {
    if (point.fpir <= rate * (1 + kRounding) && (best == nullptr || point.fpir > best->fpir)) best = &point;
  }
  if (best == nullptr) {
    throw InvalidArgument(
        "Gallery: calibrated with " + std::to_string(calibration->strangers) +
        " strangers, which cannot show a false positive identification rate of " + text(fpir) +
        (rate < fpir ? " now that the gallery has grown (it takes " + text(rate) + " of the gallery as it was)" : "") +
        ": calibrate it again with more");
  }
  return best->threshold;
}

OpenSet evaluate_open_set(const Embeddings& gallery, std::span<const std::int32_t> gallery_labels,
                          const Embeddings& probes, std::span<const std::int32_t> probe_labels,
                          std::span<const double> fpir, PersonRanking ranking, GallerySearch search) {
  if (gallery_labels.size() != gallery.size() || probe_labels.size() != probes.size()) {
    throw InvalidArgument("evaluate_open_set: needs a label for each embedding");
  }
  if (gallery.size() > 0 && probes.size() > 0 && gallery.dimension != probes.dimension) {
    throw InvalidArgument("evaluate_open_set: gallery of dimension " + std::to_string(gallery.dimension) +
                          ", probes of " + std::to_string(probes.dimension));
  }
  require_directions(gallery, "evaluate_open_set, gallery");
  require_directions(probes, "evaluate_open_set, probes");
  StoredGallery stored;
  std::map<std::int32_t, std::size_t> places;
  for (std::size_t i = 0; i < gallery.size(); ++i) {
    const auto id = static_cast<std::int64_t>(gallery_labels[i]);
    if (places.emplace(gallery_labels[i], stored.people.size()).second) {
      stored.people.push_back({id, std::to_string(id), {}});
    }
    stored.images.push_back({static_cast<std::int64_t>(i), id, {}});
  }
  stored.rows = gallery;
  stored.ranking = ranking;
  const Enrolled enrolled(std::move(stored), search);
  const auto found = enrolled.search(probes, 1);

  OpenSet result;
  result.people = static_cast<std::int64_t>(places.size());
  result.images = static_cast<std::int64_t>(gallery.size());
  std::vector<WeighedDistance> strangers;
  std::vector<float> right;  // distances of the mated probes whose best candidate is their person
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto mate = places.find(probe_labels[i]);
    if (mate == places.end()) {
      ++result.strangers;
      if (!found[i].empty()) strangers.push_back({found[i][0].distance, 1});
    } else {
      ++result.probes;
      if (found[i][0].person == mate->second) right.push_back(found[i][0].distance);
    }
  }
  std::sort(strangers.begin(), strangers.end(),
            [](const WeighedDistance& a, const WeighedDistance& b) { return a.distance < b.distance; });
  const auto n = static_cast<double>(result.probes);
  if (n > 0) result.rank1 = static_cast<double>(right.size()) / n;
  for (const double rate : fpir) {
    OpenSetPoint point;
    point.fpir = rate;
    point.supported = rate > 0 && rate * static_cast<double>(strangers.size()) >= 1 - kRounding && n > 0;
    if (point.supported) {
      point.threshold = threshold_at_share(strangers, rate);
      const auto named = std::count_if(right.begin(), right.end(), [&](float d) { return d <= point.threshold; });
      point.dir = static_cast<double>(named) / n;
      constexpr double z = 1.959963984540054;
      const double middle = point.dir + z * z / (2 * n);
      const double half = z * std::sqrt(point.dir * (1 - point.dir) / n + z * z / (4 * n * n));
      point.low = (middle - half) / (1 + z * z / n);
      point.high = (middle + half) / (1 + z * z / n);
    }
    result.points.push_back(point);
  }
  return result;
}

}  // namespace facenet
