// {"images": 32, "data": "...", "cosine": 0.9987, "in_f32": ["conv1"], "ranges": {"conv1": 3.25, ...}}
#include "api/int8_json.hpp"

#include <facenet/error.hpp>

namespace facenet {

Json int8_to_json(const Int8Calibration& c) {
  Json json{{"images", c.images}, {"data", c.data}, {"cosine", c.cosine}, {"in_f32", Json::array()}};
  for (const auto& name : c.ranges.in_f32) json["in_f32"].push_back(name);
  json["ranges"] = Json::object();
  for (const auto& [name, largest] : c.ranges.largest) json["ranges"][name] = largest;
  return json;
}

Int8Calibration int8_from_json(const Json& json) {
  const std::string what = "the model's int8 ranges";
  Int8Calibration c;
  c.images = static_cast<int>(
      checked_integer(member(json, "images", Json::value_t::number_unsigned, what), 1, 1024, what + ": images"));
  c.data = member(json, "data", Json::value_t::string, what).get<std::string>();
  c.cosine = static_cast<double>(checked_float(member(json, "cosine", Json::value_t::number_float, what), what));
  for (const auto& name : member(json, "in_f32", Json::value_t::array, what)) {
    if (!name.is_string()) throw FormatError(what + ": a layer's name is no text");
    c.ranges.in_f32.insert(name.get<std::string>());
  }
  for (const auto& [name, value] : member(json, "ranges", Json::value_t::object, what).items()) {
    const float largest = checked_float(value, what + ": " + name);
    if (!(largest >= 0)) throw FormatError(what + ": the range of '" + name + "' is negative");
    c.ranges.largest.emplace(name, largest);
  }
  return c;
}

}  // namespace facenet
