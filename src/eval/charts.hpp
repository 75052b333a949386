// The charts of the report, as SVG whose colours are the page's.
#pragma once

#include <span>
#include <string>

#include "facenet/evaluation.hpp"

namespace facenet {

/// VAL over FAR, with the intervals of the supported points; FAR logarithmic or linear.
std::string roc_svg(std::span<const ScoredPair> pairs, const Verification& result, bool logarithmic);

/// The distances of same and of different pairs, as shares of each kind, with the threshold.
std::string histogram_svg(std::span<const ScoredPair> pairs, const Verification& result);

}  // namespace facenet
