// How long a network's embeddings are, of faces that stand for others.
#include <algorithm>
#include <cmath>

#include <facenet/calibration.hpp>
#include <facenet/error.hpp>

namespace facenet {

std::optional<float> reference_norm(std::span<const float> norms) {
  constexpr std::size_t kFewest = 20;
  if (!std::all_of(norms.begin(), norms.end(), [](float norm) { return std::isfinite(norm); })) {
    throw InvalidArgument("the length of an embedding is not finite");
  }
  if (norms.size() < kFewest) return std::nullopt;
  std::vector<float> sorted(norms.begin(), norms.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t twentieth = sorted.size() / 20;
  const float high = sorted[sorted.size() - 1 - twentieth];
  if (!(high > sorted[twentieth] * 1.001F)) return std::nullopt;  // of one length, up to rounding
  return high;
}

}  // namespace facenet
