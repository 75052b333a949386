// The triplet loss and its gradient with respect to the embeddings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <facenet/export.hpp>
#include <facenet/train/triplet_miner.hpp>

namespace facenet {

/// What the sum of the triplets' losses is divided by.
enum class TripletReduction {
  mean_selected,  ///< the triplets selected, those with no loss included
  mean_active,    ///< the triplets with a positive loss
  sum,            ///< nothing: the paper's equation 3
};

/// The loss of one batch, its gradient, and what it is made of.
struct TripletLossResult {
  double loss = 0;
  std::int64_t selected = 0;    ///< triplets that entered the loss; for Mining::all those with a positive loss
  std::int64_t active = 0;      ///< of them, with a positive loss
  double active_fraction = 0;   ///< active / selected; for Mining::all active / all triplets of the batch
  double mean_positive = 0;     ///< mean d(a,p) over the triplets selected
  double mean_negative = 0;     ///< mean d(a,n) over the triplets selected
  std::vector<float> gradient;  ///< [n,d]: d loss / d embeddings
};

/// loss = sum over triplets of max(0, d(a,p) - d(a,n) + alpha), d squared L2 (paper, section 3.1, equation 3), divided
/// as `reduction` says. No triplet at all is a valid batch: loss 0, gradient zeros. Immutable and thread-safe; the bits
/// do not depend on the number of threads.
class FACENET_API TripletLoss {
 public:
  /// Margin and divisor.
  struct Parameters {
    float alpha = 0.2F;  ///< the margin, in squared L2
    TripletReduction reduction = TripletReduction::mean_selected;
  };

  TripletLoss() = default;
  /// InvalidArgument when alpha is negative or not finite.
  explicit TripletLoss(const Parameters& parameters);

  const Parameters& parameters() const { return parameters_; }

  /// `embeddings` [n,d], `distances` [n,n] of the same embeddings, `selection` mined from them. The gradient is that of
  /// the loss as a function of the embeddings given (the triplets held fixed): where they are unit vectors, the
  /// normalisation before them has its own backward. InvalidArgument when sizes or rows do not fit.
  TripletLossResult compute(std::span<const float> embeddings, std::size_t n, std::size_t d,
                            std::span<const float> distances, const TripletSelection& selection) const;

 private:
  Parameters parameters_;
};

}  // namespace facenet
