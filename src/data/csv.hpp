// The landmarks file: the readers of it and of CSV are public.
#pragma once

#include <string>

#include <facenet/csv.hpp>
#include <facenet/dataset.hpp>

namespace facenet {

/// The header line that read_landmarks understands.
std::string landmarks_header();

}  // namespace facenet
