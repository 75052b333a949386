// The search for the partition with the shortest code: moves of nodes, aggregation, refinement.
#include "cluster/map_equation.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

#include "base/random.hpp"

namespace facenet {
namespace {

constexpr double kGain = 1e-13;  // bits; less is rounding
constexpr int kRounds = 10;

double plogp(double p) { return p > 0 ? p * std::log2(p) : 0; }

// Groups of a network's nodes, and what the map equation needs to know of each:
//   L = plogp(sum of exits) - 2 sum plogp(exit) + sum plogp(exit + visit) - sum over nodes of plogp(visit)
class Partition {
 public:
  Partition(const FlowNetwork& network, std::vector<std::int32_t> labels)
      : network_(network),
        labels_(std::move(labels)),
        exit_(labels_.size()),
        visit_(labels_.size()),
        members_(labels_.size()),
        flow_to_(labels_.size()) {
    for (std::int32_t node = 0; node < network.nodes(); ++node) {
      const auto group = static_cast<std::size_t>(label(node));
      visit_[group] += network.visit[static_cast<std::size_t>(node)];
      ++members_[group];
      for (std::int64_t e = first(node); e < last(node); ++e) {
        if (label(target(e)) != label(node)) exit_[group] += flow(e);
      }
    }
    exits_ = std::accumulate(exit_.begin(), exit_.end(), 0.0);
    for (std::size_t group = members_.size(); group-- > 0;) {
      if (members_[group] == 0) empty_.push_back(static_cast<std::int32_t>(group));
    }
  }

  double length() const {
    double sum = plogp(exits_);
    for (std::size_t group = 0; group < exit_.size(); ++group) {
      sum += plogp(exit_[group] + visit_[group]) - 2 * plogp(exit_[group]);
    }
    for (const double visit : network_.visit) sum -= plogp(visit);
    return sum;
  }

  // Moves nodes while that shortens the code; true when any moved. With `within`, only to the group of a neighbour that
  // has the same number there.
  bool move(Random& random, Watch& watch, double done, const std::vector<std::int32_t>* within = nullptr) {
    std::vector<std::int32_t> order(labels_.size());
    std::iota(order.begin(), order.end(), 0);
    random.shuffle(std::span(order));
    std::deque<std::int32_t> queue(order.begin(), order.end());
    std::vector<char> queued(labels_.size(), 1);
    bool any = false;
    for (std::int64_t step = 0; !queue.empty(); ++step) {
      if (step % 4096 == 0) watch.at(done);
      const std::int32_t node = queue.front();
      queue.pop_front();
      queued[static_cast<std::size_t>(node)] = 0;
      if (!move(node, within)) continue;
      any = true;
      for (std::int64_t e = first(node); e < last(node); ++e) {
        char& waits = queued[static_cast<std::size_t>(target(e))];
        if (waits != 0 || label(target(e)) == label(node)) continue;
        queue.push_back(target(e));
        waits = 1;
      }
    }
    return any;
  }

  const std::vector<std::int32_t>& labels() const { return labels_; }

 private:
  std::int64_t first(std::int32_t node) const { return network_.begin[static_cast<std::size_t>(node)]; }
  std::int64_t last(std::int32_t node) const { return network_.begin[static_cast<std::size_t>(node) + 1]; }
  std::int32_t target(std::int64_t edge) const { return network_.target[static_cast<std::size_t>(edge)]; }
  double flow(std::int64_t edge) const { return static_cast<double>(network_.flow[static_cast<std::size_t>(edge)]); }
  std::int32_t label(std::int32_t node) const { return labels_[static_cast<std::size_t>(node)]; }

  bool allowed(std::int32_t node, std::int32_t group) const {
    const auto& others = network_.apart.of(node);
    return std::none_of(others.begin(), others.end(), [&](std::int32_t other) { return label(other) == group; });
  }

  // To the best group, if another one is better.
  bool move(std::int32_t node, const std::vector<std::int32_t>* within) {
    touched_.clear();
    double all = 0;
    for (std::int64_t e = first(node); e < last(node); ++e) {
      all += flow(e);
      if (within != nullptr &&
          within->at(static_cast<std::size_t>(target(e))) != within->at(static_cast<std::size_t>(node)))
        continue;
      const std::int32_t group = label(target(e));
      double& to = flow_to_[static_cast<std::size_t>(group)];
      if (to == 0) touched_.push_back(group);
      to += flow(e);
    }
    const std::int32_t own = label(node);
    const auto o = static_cast<std::size_t>(own);
    const double visit = network_.visit[static_cast<std::size_t>(node)];
    const double left_exit = exit_[o] - all + 2 * flow_to_[o];
    const double left = 2 * plogp(exit_[o]) - 2 * plogp(left_exit) - plogp(exit_[o] + visit_[o]) +
                        plogp(left_exit + visit_[o] - visit) - plogp(exits_);
    double best = -kGain;
    std::int32_t to = own;
    const auto consider = [&](std::int32_t group) {
      const auto g = static_cast<std::size_t>(group);
      const double joined_exit = exit_[g] + all - 2 * flow_to_[g];
      const double change = left + 2 * plogp(exit_[g]) - 2 * plogp(joined_exit) - plogp(exit_[g] + visit_[g]) +
                            plogp(joined_exit + visit_[g] + visit) +
                            plogp(exits_ + left_exit - exit_[o] + joined_exit - exit_[g]);
      if (change < best && allowed(node, group)) {
        best = change;
        to = group;
      }
    };
    for (const std::int32_t group : touched_) {
      if (group != own) consider(group);
    }
    if (members_[o] > 1 && !empty_.empty()) consider(empty_.back());
    if (to != own) {
      const auto t = static_cast<std::size_t>(to);
      const double joined_exit = exit_[t] + all - 2 * flow_to_[t];
      exits_ += left_exit - exit_[o] + joined_exit - exit_[t];
      exit_[o] = std::max(0.0, left_exit);
      exit_[t] = std::max(0.0, joined_exit);
      visit_[o] -= visit;
      visit_[t] += visit;
      if (members_[t]++ == 0) empty_.pop_back();
      if (--members_[o] == 0) {
        empty_.push_back(own);
        exits_ -= exit_[o];
        exit_[o] = visit_[o] = 0;
      }
      labels_[static_cast<std::size_t>(node)] = to;
    }
    for (const std::int32_t group : touched_) flow_to_[static_cast<std::size_t>(group)] = 0;
    return to != own;
  }

  const FlowNetwork& network_;
  std::vector<std::int32_t> labels_;
  std::vector<double> exit_;           // of each group: how often the walker leaves it
  std::vector<double> visit_;          // and is in it
  std::vector<std::int32_t> members_;  // and its nodes
  double exits_ = 0;
  std::vector<std::int32_t> empty_;    // groups without nodes
  std::vector<double> flow_to_;        // of the node at hand, to each group
  std::vector<std::int32_t> touched_;  // groups to which it has any
};

std::vector<std::int32_t> one_each(std::int32_t nodes) {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(nodes));
  std::iota(labels.begin(), labels.end(), 0);
  return labels;
}

// Renumbers from 0 by first appearance; how many there are.
std::int32_t renumber(std::vector<std::int32_t>& labels) {
  std::vector<std::int32_t> numbers(labels.size(), -1);
  std::int32_t next = 0;
  for (std::int32_t& label : labels) {
    std::int32_t& number = numbers[static_cast<std::size_t>(label)];
    if (number < 0) number = next++;
    label = number;
  }
  return next;
}

class Search {
 public:
  Search(const FlowNetwork& network, std::uint64_t seed, Watch& watch, double from)
      : network_(network), random_(seed), watch_(watch), from_(from), labels_(one_each(network.nodes())) {}

  std::vector<std::int32_t> run() {
    climb(network_, labels_);
    double length = code_length(network_, labels_);
    for (round_ = 1; round_ < kRounds; ++round_) {
      move_parts();
      climb(network_, labels_);
      const double shorter = code_length(network_, labels_);
      if (length - shorter <= 1e-7 * length) break;
      length = shorter;
    }
    return labels_;
  }

 private:
  double done() const { return from_ + (1 - from_) * round_ / kRounds; }

  // Moves nodes from where they are, then their groups, then groups of these.
  void climb(const FlowNetwork& network, std::vector<std::int32_t>& labels) {
    Partition nodes(network, labels);
    nodes.move(random_, watch_, done());
    labels = nodes.labels();
    std::int32_t count = renumber(labels);
    FlowNetwork level = aggregated(network, labels, count);
    while (true) {
      Partition groups(level, one_each(count));
      if (!groups.move(random_, watch_, done())) return;
      std::vector<std::int32_t> found = groups.labels();
      count = renumber(found);
      for (std::int32_t& label : labels) label = found[static_cast<std::size_t>(label)];
      level = aggregated(level, found, count);
    }
  }

  // Divides each group into parts as if it were alone, and moves the parts.
  void move_parts() {
    Partition divided(network_, one_each(network_.nodes()));
    divided.move(random_, watch_, done(), &labels_);
    std::vector<std::int32_t> parts = divided.labels();
    const std::int32_t count = renumber(parts);
    std::vector<std::int32_t> groups(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < parts.size(); ++i) groups[static_cast<std::size_t>(parts[i])] = labels_[i];
    renumber(groups);
    climb(aggregated(network_, parts, count), groups);
    for (std::size_t i = 0; i < parts.size(); ++i) labels_[i] = groups[static_cast<std::size_t>(parts[i])];
  }

  const FlowNetwork& network_;
  Random random_;
  Watch& watch_;
  double from_;
  int round_ = 0;
  std::vector<std::int32_t> labels_;
};

// Falls from one to hardly anything at the limit, which still is an edge.
double weight(float distance, float limit) {
  return limit > 0 ? 1 - static_cast<double>(distance) / static_cast<double>(limit) + 0.001 : 1;
}

}  // namespace

FlowNetwork flow_network(const Neighbours& neighbours, float limit) {
  // i is in the list of j as well.
  const auto mutual = [&](std::size_t i, const Neighbour& j) {
    const auto& list = neighbours[static_cast<std::size_t>(j.item)];
    return std::binary_search(list.begin(), list.end(), Neighbour{static_cast<std::int32_t>(i), j.distance});
  };
  FlowNetwork network;
  const std::size_t n = neighbours.size();
  network.begin.resize(n + 1);
  for (std::size_t i = 0; i < n; ++i) {
    network.begin[i + 1] += static_cast<std::int64_t>(neighbours[i].size());
    for (const Neighbour& j : neighbours[i]) {
      if (!mutual(i, j)) ++network.begin[static_cast<std::size_t>(j.item) + 1];
    }
  }
  std::partial_sum(network.begin.begin(), network.begin.end(), network.begin.begin());
  std::vector<std::int64_t> at(network.begin.begin(), network.begin.end() - 1);
  network.target.resize(static_cast<std::size_t>(network.begin.back()));
  network.flow.resize(network.target.size());
  network.visit.resize(n);
  double total = 0;
  const auto add = [&](std::size_t from, std::size_t to, double w) {
    const auto edge = static_cast<std::size_t>(at[from]++);
    network.target[edge] = static_cast<std::int32_t>(to);
    network.flow[edge] = static_cast<float>(w);
    total += w;
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (const Neighbour& j : neighbours[i]) {
      const double w = weight(j.distance, limit);
      const auto to = static_cast<std::size_t>(j.item);
      add(i, to, w);
      if (!mutual(i, j)) add(to, i, w);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::int64_t e = network.begin[i]; e < network.begin[i + 1]; ++e) {
      float& flow = network.flow[static_cast<std::size_t>(e)];
      flow = static_cast<float>(static_cast<double>(flow) / total);
      network.visit[i] += static_cast<double>(flow);
    }
  }
  return network;
}

FlowNetwork aggregated(const FlowNetwork& network, std::span<const std::int32_t> labels, std::int32_t groups) {
  FlowNetwork result;
  const auto count = static_cast<std::size_t>(groups);
  std::vector<std::size_t> start(count + 1);
  for (const std::int32_t label : labels) ++start[static_cast<std::size_t>(label) + 1];
  std::partial_sum(start.begin(), start.end(), start.begin());
  std::vector<std::size_t> members(labels.size());  // group by group
  std::vector<std::size_t> at(start.begin(), start.end() - 1);
  for (std::size_t i = 0; i < labels.size(); ++i) members[at[static_cast<std::size_t>(labels[i])]++] = i;
  result.visit.resize(count);
  result.begin.push_back(0);
  std::vector<double> flow_to(count);
  std::vector<std::int32_t> touched;
  for (std::size_t group = 0; group < count; ++group) {
    touched.clear();
    for (std::size_t m = start[group]; m < start[group + 1]; ++m) {
      const std::size_t node = members[m];
      result.visit[group] += network.visit[node];
      for (auto e = static_cast<std::size_t>(network.begin[node]);
           e < static_cast<std::size_t>(network.begin[node + 1]); ++e) {
        const std::int32_t other = labels[static_cast<std::size_t>(network.target[e])];
        if (other == static_cast<std::int32_t>(group)) continue;
        double& to = flow_to[static_cast<std::size_t>(other)];
        if (to == 0) touched.push_back(other);
        to += static_cast<double>(network.flow[e]);
      }
    }
    std::sort(touched.begin(), touched.end());
    for (const std::int32_t other : touched) {
      result.target.push_back(other);
      result.flow.push_back(static_cast<float>(flow_to[static_cast<std::size_t>(other)]));
      flow_to[static_cast<std::size_t>(other)] = 0;
    }
    result.begin.push_back(static_cast<std::int64_t>(result.target.size()));
  }
  network.apart.each([&](std::int32_t a, std::int32_t b) {
    result.apart.add(labels[static_cast<std::size_t>(a)], labels[static_cast<std::size_t>(b)]);
  });
  return result;
}

double code_length(const FlowNetwork& network, std::span<const std::int32_t> labels) {
  return Partition(network, {labels.begin(), labels.end()}).length();
}

std::vector<std::int32_t> shortest_code(const FlowNetwork& network, std::uint64_t seed, Watch& watch, double from) {
  return Search(network, seed, watch, from).run();
}

}  // namespace facenet
