// What the library runs on.
#include <facenet/runtime.hpp>

#include <omp.h>

#include <algorithm>

#include "base/threads.hpp"
#include "kernels/kernel.hpp"

namespace facenet {

SystemInfo system_info() {
  return {kernels::onednn_version(), kernels::instruction_set(), kernels::has_native_bf16(),
          kernels::has_native_f16(), kernels::has_native_int8(), available_threads()};
}

void set_threads(int threads) { omp_set_num_threads(std::max(1, threads)); }

}  // namespace facenet
