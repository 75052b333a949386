// Embeddings in the plane, to be looked at. Pure and thread-safe; the same input and options give the same places.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// [N] x, y.
using PlanePoints = std::vector<std::array<float, 2>>;

/// The two directions of largest variance. InvalidArgument when a number is not finite.
FACENET_API PlanePoints project_pca(const Embeddings& embeddings);

/// How t-SNE looks for places.
struct TsneOptions {
  double perplexity = 30;  ///< how many neighbours a face has, about; at most a third of the faces are used
  int iterations = 1000;
};

/// Called with the share done, 0 to 1.
using ProjectionProgress = std::function<void(double)>;

/// t-SNE (van der Maaten and Hinton 2008), exact: neighbours stay neighbours; how far apart groups are and how large
/// means nothing. Starts from project_pca. N^2 operations in each iteration on the threads of the calling thread, and
/// N^2 floats: at most 10,000 faces. InvalidArgument for more, when an option is out of range or a number not finite;
/// Interrupted when stopped.
FACENET_API PlanePoints project_tsne(const Embeddings& embeddings, const TsneOptions& options = {},
                                     const ProjectionProgress& progress = {}, const std::stop_token& stop = {});

/// Moves points apart until squares of that `side` around them hardly overlap, each as little as it takes.
FACENET_API PlanePoints spread_apart(PlanePoints points, float side);

}  // namespace facenet
