// A blocked product of all with all, of which only what joins two sets is kept.
#include "cluster/components.hpp"

#include <algorithm>

#include "base/threads.hpp"
#include "cluster/scan_panels.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kQueries = 48;  // of one block of the matrix product
constexpr std::int64_t kMost = 64;     // blocks between two looks at what they found

// Rounding may make an average of distances a little smaller than the least of them.
float with_margin(float limit, const Panels& panels) {
  float longest = 0;
  for (std::int64_t i = 0; i < panels.size(); ++i) longest = std::max(longest, panels.bias(i));
  return limit + 1e-4F * longest;
}

}  // namespace

std::vector<std::vector<std::int32_t>> components(const Embeddings& items, const Links& links, float limit,
                                                  Watch& watch, double share) {
  const auto n = static_cast<std::int64_t>(items.size());
  const auto dimension = static_cast<std::int64_t>(items.dimension);
  const Panels panels(items.values, n, dimension);
  const float near = with_margin(limit, panels);
  DisjointSets sets(items.size());
  for (const auto& [bundle, item] : links.same) sets.join(bundle, item);
  std::vector<std::int32_t> root(items.size());  // as of the last look
  const std::int64_t blocks = (n + kQueries - 1) / kQueries;
  std::int64_t step = 0;
  for (std::int64_t done = 0; done < blocks; done += step) {
    watch.at(share * static_cast<double>(done) / static_cast<double>(blocks));
    step = std::min(std::clamp(done, std::int64_t{2}, kMost), blocks - done);
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(n); ++i) root[static_cast<std::size_t>(i)] = sets.root(i);
    std::vector<std::vector<ItemPair>> found(static_cast<std::size_t>(step));
    parallel_for(step, [&](std::int64_t block) {
      const std::int64_t begin = (done + block) * kQueries;
      const std::int64_t count = std::min(kQueries, n - begin);
      // Pairs are looked at once: panels before this block's have had their turn.
      scan_panels(panels, begin / kPanelRows, items.values.data() + begin * dimension, panels.biases() + begin, count,
                  std::vector<float>(static_cast<std::size_t>(count), near),
                  [&](std::int64_t query, std::int64_t other, float, float&) {
                    const auto item = static_cast<std::size_t>(begin + query);
                    if (root[static_cast<std::size_t>(other)] == root[item]) return;
                    found[static_cast<std::size_t>(block)].emplace_back(static_cast<std::int32_t>(item),
                                                                        static_cast<std::int32_t>(other));
                  });
    });
    for (const auto& pairs : found) {
      for (const auto& [a, b] : pairs) sets.join(a, b);
    }
  }
  std::vector<std::int32_t> number(items.size(), -1);
  std::vector<std::vector<std::int32_t>> result;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(n); ++i) {
    std::int32_t& own = number[static_cast<std::size_t>(sets.root(i))];
    if (own < 0) {
      own = static_cast<std::int32_t>(result.size());
      result.emplace_back();
    }
    result[static_cast<std::size_t>(own)].push_back(i);
  }
  return result;
}

}  // namespace facenet
