// What is asked of a caller's embeddings and clusterings.
#pragma once

#include "facenet/clusterer.hpp"

namespace facenet {

/// InvalidArgument, beginning with `what`, when a number is not finite or a row is all zeros.
void require_faces(const Embeddings& embeddings, const char* what);

/// InvalidArgument, beginning with `what`, when `clustering` is not of so many items, or does not fit itself.
void require_clustering(const Clustering& clustering, std::size_t items, const char* what);

}  // namespace facenet
