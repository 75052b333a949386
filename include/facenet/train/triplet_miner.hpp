// Choosing triplets (anchor, positive, negative) from the distances within one batch of embeddings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <facenet/export.hpp>

namespace facenet {

/// Squared L2 distances between all rows of `embeddings` [n,d]: [n,n] row by row, symmetric to the bit, zero on the
/// diagonal, never negative. Rows need not be of unit length. One matrix product; the bits do not depend on the number
/// of threads. InvalidArgument names the first row that holds a NaN or an infinity.
FACENET_API std::vector<float> pairwise_squared_distances(std::span<const float> embeddings, std::size_t n,
                                                          std::size_t d);

/// Mean squared distance of the rows of `embeddings` [n,d] to their mean. For unit vectors it is 1 - |mean|^2: near 1
/// when the batch spreads over the sphere, 0 when the network has collapsed to a point. 0 for an empty batch.
FACENET_API double embedding_variance(std::span<const float> embeddings, std::size_t n, std::size_t d);

/// How the negatives of the anchor-positive pairs are chosen. Every ordered pair of two different rows with the same
/// label is an anchor-positive pair, as in section 3.2 of the paper.
enum class Mining {
  /// A negative further than the positive and within the margin, d(a,p) < d(a,n) < d(a,p) + alpha, at random among
  /// those. Where there is none: if every negative is beyond the margin, no triplet, for its loss is zero; otherwise
  /// the furthest of the negatives that are no further than the positive, the one that violates least.
  semi_hard,
  hardest,  ///< the nearest negative, for every pair
  all,      ///< every triplet with a positive loss; never held as a list
  random,   ///< any negative, for every pair
};

/// "semi-hard", "hardest", "all", "random". InvalidArgument for another name.
FACENET_API Mining mining_from_name(std::string_view name);
FACENET_API std::string_view name_of(Mining mining);

/// Rows of a batch.
struct Triplet {
  std::int32_t anchor = 0;
  std::int32_t positive = 0;
  std::int32_t negative = 0;
  friend bool operator==(const Triplet&, const Triplet&) = default;
};

/// What a miner chose from one batch.
struct TripletSelection {
  std::vector<Triplet> triplets;  ///< ordered by anchor, then positive; empty for Mining::all
  /// Mining::all only: the labels. All triplets of the batch are meant, and TripletLoss sums them without a list.
  std::vector<std::int32_t> all_of;
  std::int64_t pairs = 0;  ///< anchor-positive pairs in the batch that have any negative
};

/// Chooses triplets. Stateless and thread-safe: the choice is a function of the parameters and the arguments, whatever
/// the number of threads.
class FACENET_API TripletMiner {
 public:
  /// What is chosen, and how.
  struct Parameters {
    Mining strategy = Mining::semi_hard;
    float alpha = 0.2F;      ///< the margin, in squared L2
    std::uint64_t seed = 1;  ///< of the random choices
  };

  TripletMiner() = default;
  /// InvalidArgument when alpha is negative or not finite.
  explicit TripletMiner(const Parameters& parameters);

  const Parameters& parameters() const { return parameters_; }

  /// `distances` [n,n] as from pairwise_squared_distances; `labels` [n], one number for each person (a face of somebody
  /// with no other image in the batch has a label of its own, and serves as a negative only). `step` varies the random
  /// choices from batch to batch. A batch without any pair, or without any negative, gives an empty selection.
  TripletSelection mine(std::span<const float> distances, std::span<const std::int32_t> labels,
                        std::uint64_t step = 0) const;

 private:
  Parameters parameters_;
};

}  // namespace facenet
