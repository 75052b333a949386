// People with their embeddings, in memory, and who among them an embedding shows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/export.hpp>
#include <facenet/verifier.hpp>

namespace facenet {

/// A person and the number of their embeddings.
struct Person {
  std::string name;
  std::int64_t embeddings = 0;
};

/// One of the people nearest to an embedding.
struct Candidate {
  std::string name;
  float distance = 0;                   ///< squared L2, to the nearest of the person's embeddings
  std::optional<double> probability{};  ///< of being this person, where the verifier is calibrated
};

/// Who an embedding shows.
struct Identity {
  std::optional<std::string> name{};    ///< absent: unknown, as nobody is within the threshold
  float distance = 0;                   ///< of the nearest candidate; infinite when the gallery is empty
  std::optional<double> probability{};  ///< of the nearest candidate
  std::vector<Candidate> candidates{};  ///< by rising distance, then by name
};

/// Exact search. Any number of threads may search at once; adding, removing and renaming wait for them and exclude each
/// other. An answer is that of one moment. Movable, not copyable; a gallery moved from may only be assigned or
/// destroyed.
class FACENET_API Gallery {
 public:
  /// Without a decision: `search` works, `identify` throws.
  Gallery();
  /// `verifier` decides whether the nearest person is near enough.
  explicit Gallery(Verifier verifier);
  ~Gallery();
  Gallery(Gallery&&) noexcept;
  Gallery& operator=(Gallery&&) noexcept;

  /// Adds an embedding of a person, who is made if new. The first embedding sets the dimension. InvalidArgument when
  /// the name is empty, the dimension is another, or a number is not finite.
  void add(const std::string& name, std::span<const float> embedding);
  /// Removes a person with all their embeddings; how many there were, 0 for a stranger.
  std::int64_t remove(const std::string& name);
  /// InvalidArgument when `from` is a stranger, or `to` is empty or already there.
  void rename(const std::string& from, const std::string& to);

  /// Embeddings, over all people.
  std::int64_t size() const;
  /// By name.
  std::vector<Person> people() const;

  /// The k nearest people to an embedding. InvalidArgument when k < 1, the dimension is another, or a number is not
  /// finite. An empty gallery has no candidates.
  std::vector<Candidate> search(std::span<const float> embedding, std::int32_t k = 5) const;
  /// The nearest person when the verifier takes the distance for the same person, else unknown; with the k nearest
  /// people. Errors as `search`, and InvalidArgument without a verifier.
  Identity identify(std::span<const float> embedding, std::int32_t k = 5) const;
  /// The same for each row, by one matrix product; the same answers as one by one.
  std::vector<Identity> identify(const Embeddings& embeddings, std::int32_t k = 5) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace facenet
