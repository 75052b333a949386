// facenet eval --lfw on a folder without a list of pairs, and what it shares with the evaluation of given pairs.
#pragma once

#include <string>

#include <facenet/evaluation.hpp>

#include "faces.hpp"

namespace facenet::program {

/// Verification on pairs made from the folder's people (10 folds that share nobody), identification with one image of
/// each person enrolled, and clustering at the model's calibrated threshold; with `report` or `curves`, files, the
/// curves of all three. The exit status.
int evaluate_folder(const Common& common, const std::string& folder, const FaceOptions& options,
                    const std::string& report, const std::string& curves, Output& output);

Json verification_json(const Verification& result);
/// `more`: rows below.
std::string verification_text(const Verification& result, const std::vector<std::vector<std::string>>& more = {});

}  // namespace facenet::program
