// Checks that several of the public functions make.
#include "cluster/checks.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "facenet/error.hpp"
#include "metric/panels.hpp"

namespace facenet {

void require_faces(const Embeddings& embeddings, const char* what) {
  const std::size_t n = embeddings.size();
  require_finite_rows(embeddings.values, n, embeddings.dimension, what);
  for (std::size_t i = 0; i < n; ++i) {
    if (std::all_of(embeddings[i].begin(), embeddings[i].end(), [](float value) { return value == 0; })) {
      throw InvalidArgument(std::string(what) + ": row " + std::to_string(i) + " of " + std::to_string(n) +
                            " is all zeros, which is no embedding of a face; leave it out");
    }
  }
}

void require_clustering(const Clustering& clustering, std::size_t items, const char* what) {
  std::vector<std::int32_t> sizes(clustering.sizes.size(), 0);
  bool whole = clustering.labels.size() == items && clustering.medoids.size() == sizes.size();
  for (const std::int32_t label : clustering.labels) {
    if (label < Clustering::kNotAFace || label >= clustering.clusters()) whole = false;
    if (whole && label >= 0) ++sizes[static_cast<std::size_t>(label)];
  }
  if (!whole || sizes != clustering.sizes || std::count(sizes.begin(), sizes.end(), 0) > 0) {
    throw InvalidArgument(std::string(what) + ": a clustering of " + std::to_string(clustering.labels.size()) +
                          " items is not that of " + std::to_string(items) + " embeddings, or its labels and sizes " +
                          "do not agree");
  }
}

}  // namespace facenet
