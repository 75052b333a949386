// A folder of people, opened as a model sees it.
#pragma once

#include <facenet/train/training.hpp>

#include "api/model_access.hpp"
#include "data/dataset.hpp"

namespace facenet {

FaceDataset open_dataset(const ModelData& model, const TrainingData& data, const Training::Progress& progress,
                         const std::stop_token& stop);

}  // namespace facenet
