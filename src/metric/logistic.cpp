// Platt's fit.
#include "metric/logistic.hpp"

#include <cmath>
#include <span>

namespace facenet {
namespace {

// log(1 + exp(z)) without overflow.
double softplus(double z) { return z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z)); }

// One kind of pairs: their common target probability, and the weight of each, so that both kinds weigh the same.
struct Kind {
  const std::vector<CountedDistance>& distances;
  double target;
  double weight;
};

// Cross-entropy of the targets, with z = slope * d + offset = -logit(probability).
double cost(std::span<const Kind> kinds, const LogisticLine& line) {
  double sum = 0;
  for (const Kind& kind : kinds) {
    for (const CountedDistance& counted : kind.distances) {
      const double z = line.slope * static_cast<double>(counted.distance) + line.offset;
      sum += kind.weight * counted.weight * (softplus(z) - (1 - kind.target) * z);
    }
  }
  return sum;
}

double total(const std::vector<CountedDistance>& pairs) {
  double sum = 0;
  for (const CountedDistance& counted : pairs) sum += counted.weight;
  return sum;
}

}  // namespace

// Newton's method with halved steps (Lin, Lin and Weng 2007) on Platt's smoothed targets, which keep the slope finite
// when a threshold separates the pairs without a mistake.
LogisticLine fit_logistic(const std::vector<CountedDistance>& same_pairs,
                          const std::vector<CountedDistance>& different_pairs) {
  const double same = total(same_pairs);
  const double different = total(different_pairs);
  const Kind kinds[] = {{same_pairs, (same + 1) / (same + 2), 0.5 / same},
                        {different_pairs, 1 / (different + 2), 0.5 / different}};
  LogisticLine line;
  double current = cost(kinds, line);
  for (int iteration = 0; iteration < 100; ++iteration) {
    double gradient[2] = {};
    double hessian[3] = {1e-12, 0, 1e-12};  // slope-slope, slope-offset, offset-offset
    for (const Kind& kind : kinds) {
      for (const CountedDistance& counted : kind.distances) {
        const auto d = static_cast<double>(counted.distance);
        const double not_same = 1 / (1 + std::exp(-(line.slope * d + line.offset)));
        const double difference = kind.weight * counted.weight * (not_same - (1 - kind.target));
        const double curvature = kind.weight * counted.weight * not_same * (1 - not_same);
        gradient[0] += difference * d;
        gradient[1] += difference;
        hessian[0] += curvature * d * d;
        hessian[1] += curvature * d;
        hessian[2] += curvature;
      }
    }
    if (std::abs(gradient[0]) < 1e-9 && std::abs(gradient[1]) < 1e-9) break;
    const double determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
    const LogisticLine step{-(hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
                            -(hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant};
    double length = 1;
    for (; length > 1e-10; length /= 2) {
      const LogisticLine next{line.slope + length * step.slope, line.offset + length * step.offset};
      const double reached = cost(kinds, next);
      if (reached < current) {
        line = next;
        current = reached;
        break;
      }
    }
    if (length <= 1e-10) break;
  }
  return line;
}

}  // namespace facenet
