// From a folder, a list of people and landmarks to a dataset.
#include "api/training_data.hpp"

#include <facenet/error.hpp>

#include "io/model_file.hpp"

namespace facenet {
namespace {

DatasetOptions dataset_options(const ModelData& model, const TrainingData& data) {
  const ImageInput input = image_input_of(model.graph);
  DatasetOptions options;
  options.size = {input.width, input.height};
  options.skip_bad = data.skip_bad;
  if (data.landmarks && !model.contract.template_points) {
    throw InvalidArgument("the model has no template to align faces to: it takes no landmarks");
  }
  if (data.landmarks) options.face_template = FaceTemplate{input.width, input.height, *model.contract.template_points};
  options.crop = model.contract.crop_fraction;
  return options;
}

FolderIndex folder_index(const TrainingData& data) {
  if (!data.people) return index_folder(data.folder);
  return index_folder(data.folder, read_people_list(*data.people, data.folder));
}

}  // namespace

FaceDataset open_dataset(const ModelData& model, const TrainingData& data, const Training::Progress& progress,
                         const std::stop_token& stop) {
  std::optional<LandmarkTable> landmarks;
  if (data.landmarks) landmarks = read_landmarks(*data.landmarks);
  return FaceDataset(folder_index(data), landmarks ? &*landmarks : nullptr, dataset_options(model, data), progress,
                     stop);
}

}  // namespace facenet
