// The faces of a list of pairs: where they lie, their embeddings in a file, and whose they are.
#pragma once

#include <cstdint>
#include <span>
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

/// Those of the images with these names, among faces whose paths may begin anywhere: a name is the end of one of them.
PairRows find_rows(const std::vector<std::string>& names, const Faces& faces, Failures& failures);

/// Numbers for the two people of each pair, where folders do not tell: files that some pairs say are one person are,
/// and the others are each another. FormatError for pairs that contradict each other.
std::vector<std::pair<std::int32_t, std::int32_t>> people_of(std::span<const FacePair> pairs);

}  // namespace facenet::program
