// The list of fuzz targets.
#include "targets.hpp"

namespace facenet::fuzz {

std::vector<Target> targets() {
  std::vector<Target> all;
  for (const auto& some :
       {image_targets(), network_targets(), array_targets(), table_targets(), state_targets(), program_targets()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace facenet::fuzz
