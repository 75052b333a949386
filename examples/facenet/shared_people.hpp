// People of a test whom the model was trained on: what it says of them flatters.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <facenet/model.hpp>

#include "output.hpp"

namespace facenet::program {

struct SharedPeople {
  std::size_t people = 0;           ///< of the test whose names are known
  std::size_t trained = 0;          ///< people the model was trained on; 0: its file names none
  std::vector<std::string> shared;  ///< those of the test who have the name of one of them
};

SharedPeople shared_people(const std::optional<Model>& model, const std::set<std::string>& people);
/// Says so where there are any.
void warn_of(const Common& common, const SharedPeople& people);
/// A name and its value for a table; no row where the model file names nobody.
std::vector<std::vector<std::string>> rows_of(const SharedPeople& people);
Json json_of(const SharedPeople& people);

}  // namespace facenet::program
