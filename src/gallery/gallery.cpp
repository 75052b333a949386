// The gallery in memory: rows in panels that grow by doubling, and exact search.
#include "facenet/gallery.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "base/threads.hpp"
#include "facenet/error.hpp"
#include "metric/panels.hpp"

namespace facenet {

struct Gallery::Impl {
  // A writer holds the gate while it waits, so that a stream of readers cannot keep it out for ever.
  mutable std::mutex gate;
  mutable std::shared_mutex mutex;
  std::optional<Verifier> verifier;
  std::map<std::string, std::int32_t> numbers;  // of the people, by name
  std::vector<std::string> names;               // by number; empty: removed, to be used again
  std::vector<std::int32_t> person;             // of each row
  Embeddings rows;
  Panels panels{0, 0};  // rows, and room for more

  std::shared_lock<std::shared_mutex> reading() const {
    const std::lock_guard waiting(gate);
    return std::shared_lock(mutex);
  }
  std::unique_lock<std::shared_mutex> writing() const {
    const std::lock_guard waiting(gate);
    return std::unique_lock(mutex);
  }

  void grow(std::size_t capacity) {
    Panels larger(static_cast<std::int64_t>(capacity), static_cast<std::int64_t>(rows.dimension));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      larger.set(static_cast<std::int64_t>(i), rows[i].data(), squared_norms(rows[i], 1, larger.dimension())[0]);
    }
    panels = std::move(larger);
  }

  void check(const Embeddings& queries, std::int32_t k) const {
    if (k < 1) throw InvalidArgument("Gallery: k is " + std::to_string(k) + "; ask for one candidate or more");
    require_finite_rows(queries.values, queries.size(), queries.dimension, "Gallery, the embeddings to identify");
    if (rows.size() > 0 && queries.size() > 0 && queries.dimension != rows.dimension) {
      throw InvalidArgument("Gallery: holds embeddings of dimension " + std::to_string(rows.dimension) +
                            ", asked for " + std::to_string(queries.dimension) +
                            "; both must come from the same model");
    }
  }

  // The k nearest people by a row of distances.
  std::vector<Candidate> nearest(const float* distances, std::int32_t k) const {
    std::vector<float> least(names.size(), std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < person.size(); ++i) {
      float& own = least[static_cast<std::size_t>(person[i])];
      own = std::min(own, distances[i]);
    }
    std::vector<std::size_t> order;
    for (std::size_t p = 0; p < names.size(); ++p) {
      if (!names[p].empty()) order.push_back(p);
    }
    const auto count = static_cast<std::ptrdiff_t>(std::min(order.size(), static_cast<std::size_t>(k)));
    std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](std::size_t a, std::size_t b) {
      return least[a] != least[b] ? least[a] < least[b] : names[a] < names[b];
    });
    std::vector<Candidate> result;
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const std::size_t p = order[static_cast<std::size_t>(i)];
      result.push_back({names[p], least[p], verifier ? verifier->decide(least[p]).probability : std::nullopt});
    }
    return result;
  }

  std::vector<std::vector<Candidate>> search(const Embeddings& queries, std::int32_t k) const {
    std::vector<std::vector<Candidate>> results(queries.size());
    if (rows.size() == 0) return results;
    const auto n = static_cast<std::int64_t>(queries.size());
    const auto dimension = static_cast<std::int64_t>(queries.dimension);
    const std::vector<float> norms = squared_norms(queries.values, n, dimension);
    const std::int64_t used = (static_cast<std::int64_t>(rows.size()) + Panels::kWidth - 1) / Panels::kWidth;
    constexpr std::int64_t kBlock = 12;
    parallel_for((n + kBlock - 1) / kBlock, [&](std::int64_t block) {
      const std::int64_t begin = block * kBlock;
      const std::int64_t count = std::min(kBlock, n - begin);
      const std::int64_t stride = used * Panels::kWidth;
      std::vector<float> distances(static_cast<std::size_t>(count * stride));
      panels.distances(queries.values.data() + begin * dimension, norms.data() + begin, count, 0, used,
                       distances.data(), stride);
      for (std::int64_t i = 0; i < count; ++i) {
        results[static_cast<std::size_t>(begin + i)] = nearest(distances.data() + i * stride, k);
      }
    });
    return results;
  }
};

Gallery::Gallery() : impl_(std::make_unique<Impl>()) {}
Gallery::Gallery(Verifier verifier) : Gallery() { impl_->verifier = std::move(verifier); }
Gallery::~Gallery() = default;
Gallery::Gallery(Gallery&&) noexcept = default;
Gallery& Gallery::operator=(Gallery&&) noexcept = default;

void Gallery::add(const std::string& name, std::span<const float> embedding) {
  if (name.empty()) throw InvalidArgument("Gallery: a person needs a name");
  require_finite_rows(embedding, 1, embedding.size(), "Gallery, the embedding to add");
  const auto lock = impl_->writing();
  Impl& g = *impl_;
  if (g.rows.size() > 0 && g.rows.dimension != embedding.size()) {
    throw InvalidArgument("Gallery: holds embeddings of dimension " + std::to_string(g.rows.dimension) + ", '" + name +
                          "' has one of " + std::to_string(embedding.size()) + "; all must come from the same model");
  }
  if (g.rows.size() == 0) g.rows.dimension = embedding.size();
  if (static_cast<std::int64_t>(g.rows.size()) >= g.panels.size() || g.rows.size() == 0) {
    g.grow(std::max<std::size_t>(64, 2 * g.rows.size()));
  }
  auto known = g.numbers.find(name);
  if (known == g.numbers.end()) {
    auto slot = std::find_if(g.names.begin(), g.names.end(), [](const std::string& n) { return n.empty(); });
    if (slot == g.names.end()) slot = g.names.insert(slot, std::string());
    known = g.numbers.emplace(name, static_cast<std::int32_t>(slot - g.names.begin())).first;
    *slot = name;
  }
  const auto row = static_cast<std::int64_t>(g.rows.size());
  g.rows.append(embedding);
  g.person.push_back(known->second);
  g.panels.set(row, embedding.data(), squared_norms(embedding, 1, g.panels.dimension())[0]);
}

std::int64_t Gallery::remove(const std::string& name) {
  const auto lock = impl_->writing();
  Impl& g = *impl_;
  const auto known = g.numbers.find(name);
  if (known == g.numbers.end()) return 0;
  const std::int32_t number = known->second;
  Embeddings kept{g.rows.dimension, {}};
  std::vector<std::int32_t> person;
  for (std::size_t i = 0; i < g.rows.size(); ++i) {
    if (g.person[i] == number) continue;
    kept.append(g.rows[i]);
    person.push_back(g.person[i]);
  }
  const std::size_t removed = g.rows.size() - kept.size();
  g.rows = std::move(kept);
  g.person = std::move(person);
  g.names[static_cast<std::size_t>(number)].clear();
  g.numbers.erase(known);
  g.grow(std::max<std::size_t>(64, 2 * g.rows.size()));
  return static_cast<std::int64_t>(removed);
}

void Gallery::rename(const std::string& from, const std::string& to) {
  const auto lock = impl_->writing();
  Impl& g = *impl_;
  const auto known = g.numbers.find(from);
  if (known == g.numbers.end()) throw InvalidArgument("Gallery: nobody is called '" + from + "'");
  if (to.empty()) throw InvalidArgument("Gallery: a person needs a name");
  if (from == to) return;
  if (g.numbers.contains(to)) throw InvalidArgument("Gallery: somebody else is already called '" + to + "'");
  const std::int32_t number = known->second;
  g.numbers.erase(known);
  g.numbers.emplace(to, number);
  g.names[static_cast<std::size_t>(number)] = to;
}

std::int64_t Gallery::size() const {
  const auto lock = impl_->reading();
  return static_cast<std::int64_t>(impl_->rows.size());
}

std::vector<Person> Gallery::people() const {
  const auto lock = impl_->reading();
  std::vector<std::int64_t> counts(impl_->names.size());
  for (const std::int32_t number : impl_->person) ++counts[static_cast<std::size_t>(number)];
  std::vector<Person> result;
  for (const auto& [name, number] : impl_->numbers) result.push_back({name, counts[static_cast<std::size_t>(number)]});
  return result;
}

std::vector<Candidate> Gallery::search(std::span<const float> embedding, std::int32_t k) const {
  const Embeddings one{embedding.size(), {embedding.begin(), embedding.end()}};
  if (embedding.empty()) throw InvalidArgument("Gallery: the embedding is empty");
  const auto lock = impl_->reading();
  impl_->check(one, k);
  return impl_->search(one, k)[0];
}

Identity Gallery::identify(std::span<const float> embedding, std::int32_t k) const {
  if (embedding.empty()) throw InvalidArgument("Gallery: the embedding is empty");
  return identify(Embeddings{embedding.size(), {embedding.begin(), embedding.end()}}, k)[0];
}

std::vector<Identity> Gallery::identify(const Embeddings& embeddings, std::int32_t k) const {
  const auto lock = impl_->reading();
  if (!impl_->verifier) {
    throw InvalidArgument(
        "Gallery: cannot tell a person from a stranger without a threshold; make it with a Verifier, or take search");
  }
  impl_->check(embeddings, k);
  std::vector<Identity> results;
  for (auto& candidates : impl_->search(embeddings, k)) {
    Identity identity;
    identity.distance = std::numeric_limits<float>::infinity();
    if (!candidates.empty()) {
      identity.distance = candidates[0].distance;
      identity.probability = candidates[0].probability;
      if (identity.distance <= impl_->verifier->threshold()) identity.name = candidates[0].name;
    }
    identity.candidates = std::move(candidates);
    results.push_back(std::move(identity));
  }
  return results;
}

}  // namespace facenet
