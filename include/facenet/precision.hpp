// Precision: the numbers that a network computes with.
#pragma once

#include <cstdint>
#include <string_view>

#include <facenet/export.hpp>

namespace facenet {

/// Of activations. A model's weights are float32 in every case, and so is what sums, normalises and embeds.
enum class Precision : std::uint8_t {
  automatic,  ///< f32, bf16 or f16, never int8; who offers it says how it is chosen
  f32,        ///< float32
  bf16,       ///< bfloat16 with float32 sums, where the processor computes with it
  f16,        ///< float32, multiplied in float16 where that takes less time; where the processor does so; for embedding
  int8        ///< bytes with a scale for each layer's results; for embedding, not for training
};

/// "automatic", "f32", "bf16", "f16", "int8". Any thread may call it.
FACENET_API std::string_view name_of(Precision precision);
/// The precision of this name; InvalidArgument lists the names when there is none.
FACENET_API Precision precision_from_name(std::string_view name);

}  // namespace facenet
