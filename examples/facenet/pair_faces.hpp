// The faces of a list of pairs: where they lie, their embeddings, and whose they are.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <facenet/evaluation.hpp>

#include "faces.hpp"

namespace facenet::program {

/// LFW's pairs.txt. It names no ending: that of the first image that is there.
PairList read_lfw(const std::filesystem::path& file, const std::filesystem::path& root);

/// The images that the pairs need, each once, in order.
std::vector<std::string> names_of(const PairList& list);

/// Rows of embeddings by the names that the pairs use.
using PairRows = std::unordered_map<std::string, std::size_t>;

/// Of the files root/name, with the norm of each row.
PairRows embed_pairs(const Common& common, const Model& model, const PairList& list, const std::filesystem::path& root,
                     const FaceOptions& options, Embeddings& embeddings, std::vector<float>& norms, Failures& failures);
/// Of the images with these names, from a file. Its paths may begin anywhere: a name is the end of one of them.
PairRows find_rows(const std::vector<std::string>& names, const std::string& file, Embeddings& embeddings,
                   Failures& failures);

/// Numbers for the two people of each pair: by the folders, where these agree with what the list says; otherwise files
/// that some pairs say are one person are, and the others are each another.
std::vector<std::pair<std::int32_t, std::int32_t>> people_of(const PairList& list);

}  // namespace facenet::program
