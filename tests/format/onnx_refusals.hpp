// ONNX files that must be refused, and with which words.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "io/importers.hpp"
#include "io/model_file.hpp"
#include "onnx_file.hpp"

namespace facenet::test {

using Change = std::function<void(OnnxFile&)>;

inline ModelData read(const OnnxFile& file, const ImportOptions& options = {}) {
  return import_source({file.bytes(), "'x.onnx'", std::nullopt}, options);
}

inline std::string message_of(const Change& change) {
  OnnxFile file;
  change(file);
  try {
    read(file);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "taken";
}

struct Refused {
  std::string words;
  Change change;
};

inline void check(std::initializer_list<Refused> cases) {
  for (const auto& each : cases) {
    const std::string message = message_of(each.change);
    INFO(each.words << "\n" << message);
    CHECK(message.find(each.words) != std::string::npos);
    CHECK(message.find("'x.onnx'") == 0);
  }
}

inline void external(onnx::TensorProto& tensor, const std::string& location, const std::string& offset = "0",
                     const std::string& length = "") {
  tensor.clear_float_data();
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto put = [&](const std::string& key, const std::string& value) {
    auto& entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  };
  put("location", location);
  put("offset", offset);
  if (!length.empty()) put("length", length);
}

}  // namespace facenet::test
