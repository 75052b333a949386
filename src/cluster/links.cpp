// Checks of what a person said: bundles, and the chain that leads to a contradiction.
#include "cluster/links.hpp"

#include <map>
#include <string>
#include <unordered_map>

#include "facenet/error.hpp"

namespace facenet {
namespace {

std::string name_of_item(const Constraints& constraints, std::int32_t item) {
  const auto i = static_cast<std::size_t>(item);
  return i < constraints.names.size() ? "'" + constraints.names[i] + "'" : "item " + std::to_string(item);
}

// The shortest way from one item to another by what is said to be the same.
std::vector<std::int32_t> chain_between(const Constraints& constraints, std::int32_t from, std::int32_t to) {
  std::map<std::int32_t, std::vector<std::int32_t>> neighbours;
  for (const auto& [a, b] : constraints.same) {
    neighbours[a].push_back(b);
    neighbours[b].push_back(a);
  }
  std::map<std::int32_t, std::int32_t> before{{to, to}};
  std::vector<std::int32_t> queue{to};
  for (std::size_t head = 0; head < queue.size() && !before.contains(from); ++head) {
    for (const std::int32_t next : neighbours[queue[head]]) {
      if (before.emplace(next, queue[head]).second) queue.push_back(next);
    }
  }
  std::vector<std::int32_t> chain{from};
  while (chain.back() != to) chain.push_back(before.at(chain.back()));
  return chain;
}

void require_items(const Constraints& constraints, std::size_t items) {
  const auto require = [&](std::int32_t item) {
    if (item < 0 || static_cast<std::size_t>(item) >= items) {
      throw InvalidArgument("constraints: there is no item " + std::to_string(item) + "; there are " +
                            std::to_string(items));
    }
  };
  for (const auto* pairs : {&constraints.same, &constraints.different}) {
    for (const auto& [a, b] : *pairs) {
      require(a);
      require(b);
    }
  }
  for (const std::int32_t item : constraints.not_a_face) require(item);
}

}  // namespace

void Constraints::keep_together(std::span<const std::int32_t> labels) {
  std::unordered_map<std::int32_t, std::int32_t> first;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) continue;
    const auto item = static_cast<std::int32_t>(i);
    if (const auto [found, is_first] = first.try_emplace(labels[i], item); !is_first) {
      same.emplace_back(found->second, item);
    }
  }
}

Links checked_links(const Constraints& constraints, std::size_t items) {
  require_items(constraints, items);
  std::vector<bool> face(items, true);
  for (const std::int32_t item : constraints.not_a_face) face[static_cast<std::size_t>(item)] = false;
  const auto is_face = [&](std::int32_t item) { return face[static_cast<std::size_t>(item)]; };
  DisjointSets bundles(items);
  for (const auto& [a, b] : constraints.same) {
    if (!is_face(a) || !is_face(b)) {
      const std::int32_t none = is_face(a) ? b : a;
      throw InvalidArgument("constraints contradict each other: " + name_of_item(constraints, none) +
                            " is said to be no face, and to be the same person as " +
                            name_of_item(constraints, none == a ? b : a) + "; take one of the two back");
    }
    bundles.join(a, b);
  }
  std::set<ItemPair> different;
  for (const auto& [a, b] : constraints.different) {
    const ItemPair pair = std::minmax({bundles.root(a), bundles.root(b)});
    if (pair.first == pair.second) {
      std::string chain;
      for (const std::int32_t item : chain_between(constraints, a, b)) {
        chain += (chain.empty() ? "" : " = ") + name_of_item(constraints, item);
      }
      throw InvalidArgument("constraints contradict each other: " + name_of_item(constraints, a) + " and " +
                            name_of_item(constraints, b) + " are said to be different people, and the same: " + chain +
                            "; take one of these back");
    }
    if (is_face(a) && is_face(b)) different.insert(pair);
  }
  Links links;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(items); ++i) {
    if (const std::int32_t bundle = bundles.root(i); bundle != i) links.same.emplace_back(bundle, i);
  }
  links.different.assign(different.begin(), different.end());
  return links;
}

std::vector<std::int32_t> bundle_numbers(const Links& links, std::size_t items) {
  std::vector<std::int32_t> numbers(items, 0);
  for (const auto& [bundle, item] : links.same) numbers[static_cast<std::size_t>(item)] = bundle - item;  // below 0
  std::int32_t next = 0;
  for (std::size_t i = 0; i < items; ++i) {
    const std::int32_t back = numbers[i];
    numbers[i] = back < 0 ? numbers[i - static_cast<std::size_t>(-back)] : next++;
  }
  return numbers;
}

}  // namespace facenet
