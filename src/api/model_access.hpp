// The inside of Model, for those of the library that make or run one.
#pragma once

#include <mutex>
#include <string>

#include <facenet/model.hpp>

#include "infer/int8_calibration.hpp"
#include "infer/plan_cache.hpp"
#include "io/model_file.hpp"

namespace facenet {

/// Immutable; parameters of `data.graph` are never written after construction.
struct Model::Impl {
  /// An empty `known_fingerprint` is computed when first asked for.
  explicit Impl(ModelData model, std::string known_fingerprint = {});

  const ModelData data;
  const ModelContract contract;
  const std::optional<Calibration> calibration;
  const std::optional<Int8Calibration> int8;
  const std::optional<Int8Info> int8_info;
  const PlanCache plans;

  const std::string& fingerprint() const;

 private:
  mutable std::once_flag once_;
  mutable std::string fingerprint_;
};

/// A model of data that nobody changes afterwards: clone the graph of a training that goes on. InvalidArgument when the
/// graph does not turn images into embeddings, FormatError when the calibration is none.
Model make_model(ModelData data, std::string known_fingerprint = {});

inline const ModelData& model_data(const Model& model) { return model.impl().data; }

}  // namespace facenet
