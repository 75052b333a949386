// Thresholds and probabilities from pairs of known truth, and their JSON.
#include "metric/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "facenet/error.hpp"
#include "metric/operating_points.hpp"

namespace facenet {
namespace {

double share(std::int64_t part, std::size_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

// log(1 + exp(z)) without overflow.
double softplus(double z) { return z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z)); }

struct Line {
  double slope = 0;
  double offset = 0;
};

// One kind of pairs: their common target probability, and the weight of each, so that both kinds weigh the same.
struct Kind {
  const std::vector<float>& distances;
  double target;
  double weight;
};

// Cross-entropy of the targets, with z = slope * d + offset = -logit(probability).
double cost(std::span<const Kind> kinds, const Line& line) {
  double sum = 0;
  for (const Kind& kind : kinds) {
    for (const float distance : kind.distances) {
      const double z = line.slope * static_cast<double>(distance) + line.offset;
      sum += kind.weight * (softplus(z) - (1 - kind.target) * z);
    }
  }
  return sum;
}

// Newton's method with halved steps (Lin, Lin and Weng 2007) on Platt's smoothed targets, which keep the slope finite
// when a threshold separates the pairs without a mistake.
Line fit(const SortedDistances& sorted) {
  const auto same = static_cast<double>(sorted.same.size());
  const auto different = static_cast<double>(sorted.different.size());
  const Kind kinds[] = {{sorted.same, (same + 1) / (same + 2), 0.5 / same},
                        {sorted.different, 1 / (different + 2), 0.5 / different}};
  Line line;
  double current = cost(kinds, line);
  for (int iteration = 0; iteration < 100; ++iteration) {
    double gradient[2] = {};
    double hessian[3] = {1e-12, 0, 1e-12};  // slope-slope, slope-offset, offset-offset
    for (const Kind& kind : kinds) {
      for (const float value : kind.distances) {
        const auto d = static_cast<double>(value);
        const double not_same = 1 / (1 + std::exp(-(line.slope * d + line.offset)));
        const double difference = kind.weight * (not_same - (1 - kind.target));
        const double curvature = kind.weight * not_same * (1 - not_same);
        gradient[0] += difference * d;
        gradient[1] += difference;
        hessian[0] += curvature * d * d;
        hessian[1] += curvature * d;
        hessian[2] += curvature;
      }
    }
    if (std::abs(gradient[0]) < 1e-9 && std::abs(gradient[1]) < 1e-9) break;
    const double determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
    const Line step{-(hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
                    -(hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant};
    double length = 1;
    for (; length > 1e-10; length /= 2) {
      const Line next{line.slope + length * step.slope, line.offset + length * step.offset};
      const double reached = cost(kinds, next);
      if (reached < current) {
        line = next;
        current = reached;
        break;
      }
    }
    if (length <= 1e-10) break;
  }
  return line;
}

template <typename T>
T value_of(const nlohmann::json& json, const char* key) {
  const auto fail = [key](const char* why) { throw FormatError(std::string("calibration: '") + key + "' " + why); };
  const auto found = json.is_object() ? json.find(key) : json.end();
  if (!json.is_object() || found == json.end()) fail("is missing");
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) fail("is not a text");
  } else if constexpr (std::is_integral_v<T>) {
    if (!found->is_number_integer() || found->template get<double>() < 0) fail("is not a count");
  } else {
    if (!found->is_number() || !std::isfinite(found->template get<T>())) fail("is not a finite number");
  }
  return found->template get<T>();
}

}  // namespace

Calibration calibrate(std::span<const ScoredPair> pairs, std::string data, std::optional<double> far) {
  const SortedDistances sorted = sort_distances(pairs, "calibrate");
  Calibration result;
  result.data = std::move(data);
  result.same_pairs = static_cast<std::int64_t>(sorted.same.size());
  result.different_pairs = static_cast<std::int64_t>(sorted.different.size());
  result.far = far;
  if (far) {
    if (!(*far > 0 && *far <= 1)) throw InvalidArgument("calibrate: FAR " + std::to_string(*far) + " not in (0, 1]");
    if (!far_supported(sorted, *far)) {
      throw InvalidArgument("calibrate: " + std::to_string(result.different_pairs) +
                            " pairs of different people cannot show a FAR of " + nlohmann::json(*far).dump() +
                            "; give at least " + std::to_string(static_cast<std::int64_t>(std::ceil(1 / *far))) +
                            " or a larger FAR");
    }
    result.threshold = threshold_at_far(sorted, *far);
  } else {
    result.threshold = best_threshold(sorted);
  }
  const Line line = fit(sorted);
  result.slope = line.slope;
  result.offset = line.offset;
  for (double decade = 0.1; far_supported(sorted, 5 * decade); decade /= 10) {
    for (const double step : {5.0, 2.0, 1.0}) {
      const double rate = step * decade;
      if (!far_supported(sorted, rate)) break;
      const float threshold = threshold_at_far(sorted, rate);
      result.points.push_back({rate, threshold, share(accepted(sorted.same, threshold), sorted.same.size())});
    }
  }
  return result;
}

nlohmann::json calibration_to_json(const Calibration& calibration) {
  nlohmann::json json{{"threshold", calibration.threshold},   {"slope", calibration.slope},
                      {"offset", calibration.offset},         {"data", calibration.data},
                      {"same_pairs", calibration.same_pairs}, {"different_pairs", calibration.different_pairs},
                      {"points", nlohmann::json::array()}};
  if (calibration.far) json["far"] = *calibration.far;
  for (const OperatingPoint& point : calibration.points) {
    json["points"].push_back({{"far", point.far}, {"threshold", point.threshold}, {"val", point.val}});
  }
  return json;
}

Calibration calibration_from_json(const nlohmann::json& json) {
  Calibration result;
  result.threshold = value_of<float>(json, "threshold");
  result.slope = value_of<double>(json, "slope");
  result.offset = value_of<double>(json, "offset");
  result.data = value_of<std::string>(json, "data");
  result.same_pairs = value_of<std::int64_t>(json, "same_pairs");
  result.different_pairs = value_of<std::int64_t>(json, "different_pairs");
  if (json.contains("far")) result.far = value_of<double>(json, "far");
  const auto points = json.find("points");
  if (points == json.end() || !points->is_array()) throw FormatError("calibration: 'points' is not a list");
  for (const auto& point : *points) {
    result.points.push_back(
        {value_of<double>(point, "far"), value_of<float>(point, "threshold"), value_of<double>(point, "val")});
  }
  return result;
}

}  // namespace facenet
