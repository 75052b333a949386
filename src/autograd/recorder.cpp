// Shape checks that name the layer.
#include "autograd/recorder.hpp"

#include <facenet/error.hpp>

namespace facenet {

Shape checked_shape(const std::string& layer, const Operator& op, std::span<const Shape> src) {
  try {
    return op.shape(src);
  } catch (const InvalidArgument& error) {
    throw InvalidArgument("layer '" + layer + "': " + error.what());
  }
}

}  // namespace facenet
