// People of a test compared by name with those of the training.
#include "shared_people.hpp"

#include <facenet/files.hpp>

namespace facenet::program {
namespace {

std::string count(std::size_t n) { return grouped(static_cast<std::int64_t>(n)); }

}  // namespace

SharedPeople shared_people(const std::optional<Model>& model, const std::set<std::string>& people) {
  SharedPeople result;
  for (const auto& name : people) {
    if (name.empty()) continue;
    ++result.people;
    if (model && model->trained_on(name)) result.shared.push_back(name);
  }
  if (model) result.trained = model->trained_people();
  return result;
}

void warn_of(const Common& common, const SharedPeople& people) {
  if (people.shared.empty()) return;
  constexpr std::size_t kNamed = 5;
  std::string names;
  for (std::size_t i = 0; i < people.shared.size() && i < kNamed; ++i) {
    names += (i > 0 ? ", " : "") + printable(people.shared[i]);
  }
  if (people.shared.size() > kNamed) names += ", ...";
  warn(common, count(people.shared.size()) + " of the " + count(people.people) +
                   " people tested have the name of somebody the model was trained on (" + names +
                   "): if they are the same people, it looks better here than it is");
}

std::vector<std::vector<std::string>> rows_of(const SharedPeople& people) {
  if (people.trained == 0) return {};
  if (people.people == 0) return {{"also trained on", "not known: the test names nobody"}};
  return {{"also trained on", count(people.shared.size()) + " of its " + count(people.people) + " people, by name"}};
}

Json json_of(const SharedPeople& people) {
  const bool known = people.trained > 0 && people.people > 0;
  return {{"tested", people.people}, {"shared", known ? Json(people.shared.size()) : Json()}, {"names", people.shared}};
}

}  // namespace facenet::program
