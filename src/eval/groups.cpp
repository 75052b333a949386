// Results for each group of pairs: who is served worse.
#include <algorithm>
#include <map>
#include <set>

#include "eval/rates.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"

namespace facenet {
namespace {

using Thresholds = std::map<std::int32_t, float>;

GroupResult judged(const std::string& name, const std::vector<ScoredPair>& pairs, const Thresholds& thresholds) {
  GroupResult group;
  group.group = name;
  group.pairs = static_cast<std::int64_t>(pairs.size());
  std::set<std::int32_t> people;
  std::vector<JudgedPair> all;
  std::vector<JudgedPair> kinds[2];
  for (const ScoredPair& pair : pairs) {
    const auto threshold = thresholds.find(pair.fold);
    if (threshold == thresholds.end()) {
      throw InvalidArgument("evaluate_groups: fold " + std::to_string(pair.fold) + " was not evaluated");
    }
    const bool accepted = pair.distance <= threshold->second;
    const JudgedPair one{accepted != pair.same, pair.person_a, pair.person_b};
    all.push_back(one);
    kinds[pair.same ? 1 : 0].push_back(one);
    group.same_pairs += pair.same ? 1 : 0;
    for (const auto person : {pair.person_a, pair.person_b}) {
      if (person >= 0) people.insert(person);
    }
  }
  group.people = static_cast<std::int64_t>(people.size());
  const Rate wrong = wrong_rate(all);
  group.accuracy = {1 - wrong.value, 1 - wrong.high, 1 - wrong.low, wrong.pairs};
  group.false_accepts = wrong_rate(kinds[0]);
  group.false_rejects = wrong_rate(kinds[1]);
  if (!kinds[0].empty() && !kinds[1].empty()) group.auc = area_under_roc(sort_distances(pairs, "evaluate_groups"));
  return group;
}

}  // namespace

std::vector<GroupResult> evaluate_groups(std::span<const ScoredPair> pairs, std::span<const std::string> groups,
                                         const Verification& verification) {
  if (groups.size() != pairs.size()) {
    throw InvalidArgument("evaluate_groups: " + std::to_string(groups.size()) + " group names for " +
                          std::to_string(pairs.size()) + " pairs");
  }
  Thresholds thresholds;
  for (const FoldResult& fold : verification.folds) thresholds[fold.fold] = fold.threshold;
  std::map<std::string, std::vector<ScoredPair>> members;
  for (std::size_t i = 0; i < pairs.size(); ++i) members[groups[i]].push_back(pairs[i]);
  std::vector<GroupResult> results;
  for (const auto& [name, own] : members) results.push_back(judged(name, own, thresholds));
  return results;
}

}  // namespace facenet
