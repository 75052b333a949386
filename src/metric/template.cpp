// Several images of one person as one embedding.
#include "facenet/template.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "facenet/error.hpp"

namespace facenet {
namespace {

constexpr std::size_t kOutlierImages = 4;
constexpr float kOutlierFactor = 3;
constexpr float kOutlierFloor = 0.5F;

double length(std::span<const float> row) {
  double sum = 0;
  for (const float value : row) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

std::vector<float> unit_mean(const Embeddings& images, std::span<const float> weights,
                             std::span<const std::size_t> which) {
  std::vector<double> sum(images.dimension);
  for (const std::size_t row : which) {
    const double weight = (weights.empty() ? 1 : static_cast<double>(weights[row])) / length(images[row]);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * static_cast<double>(images[row][i]);
  }
  const double norm = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
  // Opposite images have no mean: any of them is as good.
  if (norm < 1e-6) return {images[which[0]].begin(), images[which[0]].end()};
  std::vector<float> mean(sum.size());
  for (std::size_t i = 0; i < sum.size(); ++i) mean[i] = static_cast<float>(sum[i] / norm);
  return mean;
}

void check(const Embeddings& images, std::span<const float> weights) {
  const auto fail = [](const std::string& why) { throw InvalidArgument("template_of: " + why); };
  if (images.size() == 0) fail("no images; give one or more of the person");
  for (std::size_t i = 0; i < images.size(); ++i) {
    const double norm = length(images[i]);
    if (!(norm > 0 && norm < 1e15)) fail("row " + std::to_string(i) + " is zero or not finite");
  }
  if (weights.empty()) return;
  if (weights.size() != images.size()) {
    fail(std::to_string(weights.size()) + " weights for " + std::to_string(images.size()) + " images");
  }
  float sum = 0;
  for (const float weight : weights) {
    if (!(weight >= 0 && weight < 1e15F)) fail("a weight is negative or not finite");
    sum += weight;
  }
  if (!(sum > 0)) fail("all weights are zero");
}

}  // namespace

std::vector<float> template_of(const Embeddings& images, std::span<const float> weights) {
  check(images, weights);
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (weights.empty() || weights[i] > 0) which.push_back(i);
  }
  const std::vector<float> mean = unit_mean(images, weights, which);
  if (which.size() < kOutlierImages) return mean;
  std::vector<float> distances;
  for (const std::size_t row : which) distances.push_back(squared_distance(images[row], mean));
  std::vector<float> sorted = distances;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const float limit = std::max(kOutlierFactor * *middle, kOutlierFloor);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (distances[i] <= limit) kept.push_back(which[i]);
  }
  return kept.size() == which.size() ? mean : unit_mean(images, weights, kept);
}

}  // namespace facenet
