// What the library runs on: threads, instruction set, oneDNN.
#pragma once

#include <string>

#include <facenet/export.hpp>

namespace facenet {

/// The machine as the library sees it.
struct SystemInfo {
  std::string onednn;        ///< version of oneDNN in use, "3.2.0"
  std::string isa;           ///< instruction set that its kernels use, e.g. "AVX-512 with VNNI"
  bool native_bf16 = false;  ///< whether the processor multiplies bfloat16 itself
  bool native_f16 = false;   ///< whether the processor multiplies float16 itself (AVX512_FP16)
  bool native_int8 = false;  ///< whether it multiplies bytes and sums them in one instruction (VNNI)
  int threads = 1;           ///< cores this process may use: affinity and cgroup's quota
};

/// Any thread may call it.
FACENET_API SystemInfo system_info();

/// How many threads the library's loops use when they are called from this thread (and only from it); at least 1.
/// Without a call it is OpenMP's own default.
FACENET_API void set_threads(int threads);

}  // namespace facenet
