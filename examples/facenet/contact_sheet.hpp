// Clusters shown as a sheet of faces, and scored against the folders that the faces lie in.
#pragma once

#include <optional>
#include <vector>

#include <facenet/clusterer.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/report.hpp>

#include "faces.hpp"

namespace facenet::program {

/// An image's folder is its person: a number for each face.
std::vector<std::int32_t> folder_labels(const Faces& faces);

/// As the network sees the faces, or without an embedder as their files show them.
ReportSheet contact_sheet(const Common& common, const Faces& faces, const Clustering& clustering,
                          const std::optional<Embedder>& embedder);

/// precision, recall and f.
Json scores_json(const PrecisionRecall& score);

}  // namespace facenet::program
