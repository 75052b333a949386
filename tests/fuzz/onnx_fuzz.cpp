// libFuzzer's door to ONNX import: any bytes give a model or one of our errors.
#include <cstddef>
#include <cstdint>

#include <facenet/error.hpp>

#include "io/importers.hpp"
#include "io/onnx_import.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const facenet::ImportOptions options{.mean = std::array<float, 3>{127.5F, 127.5F, 127.5F}, .input_size = 0};
  facenet::ImportSource source{{data, data + size}, "fuzz", std::nullopt};
  try {
    facenet::read_onnx(source, options);
  } catch (const facenet::Error&) {
  }
  return 0;
}
