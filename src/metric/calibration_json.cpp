// Calibrations in model files.
#include "metric/calibration.hpp"

#include <cmath>

#include "facenet/error.hpp"

namespace facenet {
namespace {

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

void put(nlohmann::json& json, const char* key, const std::optional<Interval>& interval) {
  if (interval) json[key] = {interval->low, interval->high};
}

std::optional<Interval> interval_of(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return std::nullopt;
  const bool sound = found->is_array() && found->size() == 2 && (*found)[0].is_number() && (*found)[1].is_number();
  if (!sound || !std::isfinite((*found)[0].get<double>()) || !std::isfinite((*found)[1].get<double>())) {
    throw FormatError(std::string("calibration: '") + key + "' is not two finite numbers");
  }
  return Interval{(*found)[0].get<double>(), (*found)[1].get<double>()};
}

}  // namespace

nlohmann::json calibration_to_json(const Calibration& calibration) {
  nlohmann::json json{{"threshold", calibration.threshold},   {"slope", calibration.slope},
                      {"offset", calibration.offset},         {"data", calibration.data},
                      {"same_pairs", calibration.same_pairs}, {"different_pairs", calibration.different_pairs},
                      {"people", calibration.people},         {"points", nlohmann::json::array()}};
  if (calibration.far) json["far"] = *calibration.far;
  if (calibration.brier) json["brier"] = *calibration.brier;
  if (calibration.norm) json["norm"] = *calibration.norm;
  for (const OperatingPoint& point : calibration.points) {
    nlohmann::json entry{
        {"far", point.far}, {"threshold", point.threshold}, {"val", point.val}, {"false_accepts", point.false_accepts}};
    put(entry, "far_interval", point.far_interval);
    put(entry, "val_interval", point.val_interval);
    json["points"].push_back(std::move(entry));
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
  // What calibrations did not have before.
  if (json.contains("people")) result.people = value_of<std::int64_t>(json, "people");
  if (json.contains("brier")) result.brier = value_of<double>(json, "brier");
  if (json.contains("norm")) result.norm = value_of<float>(json, "norm");
  if (result.norm && !(*result.norm > 0)) throw FormatError("calibration: 'norm' is not above 0");
  const auto points = json.find("points");
  if (points == json.end() || !points->is_array()) throw FormatError("calibration: 'points' is not a list");
  for (const auto& point : *points) {
    OperatingPoint read{value_of<double>(point, "far"), value_of<float>(point, "threshold"),
                        value_of<double>(point, "val")};
    if (point.contains("false_accepts")) read.false_accepts = value_of<std::int64_t>(point, "false_accepts");
    read.far_interval = interval_of(point, "far_interval");
    read.val_interval = interval_of(point, "val_interval");
    result.points.push_back(read);
  }
  return result;
}

}  // namespace facenet
