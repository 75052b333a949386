// The tables and the page that cluster writes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <facenet/clusterer.hpp>
#include <facenet/constraints.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/model.hpp>

#include "faces.hpp"
#include "output.hpp"

namespace facenet::program {

/// What the rows are called in constraints.
std::vector<FaceName> names_of(const Faces& faces);

/// A row for each group, for people.
void write_table(Output& output, const Faces& faces, const Clustering& clustering);

/// A row for each face.
void write_rows(Output& output, const Faces& faces, std::span<const std::int32_t> labels,
                std::span<const float> outlier);

/// A row for each group: its most typical face, how well it holds together, and how doubtful its most doubtful face is.
void write_groups(Output& output, const std::vector<FaceName>& names, const Clustering& clustering);

/// Questions as a constraints file: a person fills in the relation.
void write_suggestions(const std::string& file, const std::vector<FaceName>& names,
                       const std::vector<Suggestion>& suggestions);

/// Against the people that the faces are of, without those said to be no face.
ClusteringScores scores_of(const Clustering& clustering, const std::vector<std::int32_t>& people);
std::string scores_text(const std::string& name, const PrecisionRecall& score);

void write_report(const Common& common, const std::string& file, const Faces& faces, const Clustering& clustering,
                  const std::optional<ClusteringScores>& scores, const std::optional<Model>& model,
                  const std::string& how);

}  // namespace facenet::program
