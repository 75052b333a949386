// Several images of one person as one embedding.
#pragma once

#include <span>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// The mean of the images' unit vectors, of unit length. Of four images or more those are left out that lie three times
/// as far from it as half of them do, but none within a squared distance of 0.5. `weights` [N], such as quality, say
/// how much each counts; empty: all the same. Any thread may call it. InvalidArgument without images, when a row is
/// zero or not finite, or when the weights are not as many, negative, or all zero.
FACENET_API std::vector<float> template_of(const Embeddings& images, std::span<const float> weights = {});

}  // namespace facenet
