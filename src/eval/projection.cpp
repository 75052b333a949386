// PCA and exact t-SNE.
#include <facenet/projection.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>
#include <facenet/error.hpp>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "metric/panels.hpp"

namespace facenet {
namespace {

constexpr std::size_t kMostFaces = 10'000;

// p(j|i) of one row: the width of the Gaussian by bisection, so that the row's entropy is that of `perplexity` equally
// likely neighbours.
void neighbour_shares(std::span<float> row, std::size_t own, double perplexity) {
  const double wanted = std::log(perplexity);
  double nearest = std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (j != own) nearest = std::min(nearest, static_cast<double>(row[j]));
  }
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  double beta = 1;
  double sum = 1;
  for (int step = 0; step < 60; ++step) {
    sum = 0;
    double weighted = 0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (j == own) continue;
      const double d = static_cast<double>(row[j]) - nearest;
      const double p = std::exp(-beta * d);
      sum += p;
      weighted += p * d;
    }
    const double entropy = std::log(sum) + beta * weighted / sum;
    if (std::abs(entropy - wanted) < 1e-5) break;
    (entropy > wanted ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
  }
  for (std::size_t j = 0; j < row.size(); ++j) {
    row[j] = j == own ? 0 : static_cast<float>(std::exp(-beta * (static_cast<double>(row[j]) - nearest)) / sum);
  }
}

// [N,N] of joint probabilities, symmetric, with the sum 1.
std::vector<float> joint_shares(const Embeddings& embeddings, double perplexity) {
  const std::size_t n = embeddings.size();
  std::vector<float> shares(n * n);
  parallel_for(static_cast<std::int64_t>(n), [&](std::int64_t at) {
    const auto i = static_cast<std::size_t>(at);
    const std::span<float> row(shares.data() + i * n, n);
    for (std::size_t j = 0; j < n; ++j) row[j] = squared_distance(embeddings[i], embeddings[j]);
    neighbour_shares(row, i, perplexity);
  });
  const float scale = 0.5F / static_cast<float>(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const float both = (shares[i * n + j] + shares[j * n + i]) * scale;
      shares[i * n + j] = shares[j * n + i] = both;
    }
  }
  return shares;
}

struct Descent {
  const std::vector<float>& shares;
  PlanePoints points;
  PlanePoints gradient;
  PlanePoints speed;
  PlanePoints gain;
  std::vector<double> sums;

  Descent(const std::vector<float>& p, PlanePoints start)
      : shares(p),
        points(std::move(start)),
        gradient(points.size()),
        speed(points.size()),
        gain(points.size(), {1, 1}),
        sums(points.size()) {}

  // 4 sum_j (exaggeration p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2), with q by Student's t.
  void compute_gradient(float exaggeration) {
    const std::size_t n = points.size();
    parallel_for(static_cast<std::int64_t>(n), [&](std::int64_t at) {
      const auto i = static_cast<std::size_t>(at);
      double sum = -1;  // its own share is none
      for (std::size_t j = 0; j < n; ++j) {
        const float dx = points[i][0] - points[j][0];
        const float dy = points[i][1] - points[j][1];
        sum += static_cast<double>(1 / (1 + dx * dx + dy * dy));
      }
      sums[i] = sum;
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    const auto scale = static_cast<float>(1 / total);
    parallel_for(static_cast<std::int64_t>(n), [&](std::int64_t at) {
      const auto i = static_cast<std::size_t>(at);
      const float* p = shares.data() + i * n;
      float gx = 0;
      float gy = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const float dx = points[i][0] - points[j][0];
        const float dy = points[i][1] - points[j][1];
        const float t = 1 / (1 + dx * dx + dy * dy);
        const float force = (exaggeration * p[j] - t * scale) * t;
        gx += force * dx;
        gy += force * dy;
      }
      gradient[i] = {4 * gx, 4 * gy};
    });
  }

  // With momentum, and a gain of each coordinate's own (Jacobs 1988).
  void step(float rate, float momentum) {
    std::array<double, 2> mean{};
    for (std::size_t i = 0; i < points.size(); ++i) {
      for (std::size_t k = 0; k < 2; ++k) {
        const bool turned = (gradient[i][k] > 0) == (speed[i][k] > 0);
        gain[i][k] = std::max(0.01F, turned ? gain[i][k] * 0.8F : gain[i][k] + 0.2F);
        speed[i][k] = momentum * speed[i][k] - rate * gain[i][k] * gradient[i][k];
        points[i][k] += speed[i][k];
        mean[k] += static_cast<double>(points[i][k]) / static_cast<double>(points.size());
      }
    }
    for (auto& point : points) {
      for (std::size_t k = 0; k < 2; ++k) point[k] -= static_cast<float>(mean[k]);
    }
  }
};

}  // namespace

PlanePoints project_pca(const Embeddings& embeddings) {
  const std::size_t n = embeddings.size();
  const std::size_t d = embeddings.dimension;
  require_finite_rows(embeddings.values, n, d, "project_pca");
  PlanePoints points(n);
  if (n < 2) return points;
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> rows(embeddings.values.data(), static_cast<Eigen::Index>(n),
                                      static_cast<Eigen::Index>(d));
  const Eigen::MatrixXd centred = rows.cast<double>().rowwise() - rows.cast<double>().colwise().mean();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(centred.transpose() * centred);
  for (std::size_t k = 0; k < std::min<std::size_t>(2, d); ++k) {
    Eigen::VectorXd direction = solver.eigenvectors().col(static_cast<Eigen::Index>(d - 1 - k));
    Eigen::Index largest = 0;
    direction.cwiseAbs().maxCoeff(&largest);
    if (direction[largest] < 0) direction = -direction;  // eigenvectors have no sign: take one
    const Eigen::VectorXd places = centred * direction;
    for (std::size_t i = 0; i < n; ++i) points[i][k] = static_cast<float>(places[static_cast<Eigen::Index>(i)]);
  }
  return points;
}

PlanePoints project_tsne(const Embeddings& embeddings, const TsneOptions& options, const ProjectionProgress& progress,
                         const std::stop_token& stop) {
  const std::size_t n = embeddings.size();
  if (!(options.perplexity >= 1) || options.iterations < 1) {
    throw InvalidArgument("project_tsne: needs a perplexity from 1 and an iteration");
  }
  if (n > kMostFaces) {
    throw InvalidArgument("project_tsne: " + std::to_string(n) + " faces; it looks at all pairs of at most " +
                          std::to_string(kMostFaces) + ". Take fewer, or project_pca");
  }
  PlanePoints start = project_pca(embeddings);
  if (n < 4) return start;
  const double perplexity = std::min(options.perplexity, static_cast<double>(n - 1) / 3);
  const auto shares = joint_shares(embeddings, perplexity);
  double squares = 0;
  for (const auto& point : start) squares += static_cast<double>(point[0]) * static_cast<double>(point[0]);
  const double spread = std::sqrt(squares / static_cast<double>(n));
  Random random(1, 0x75e3);  // what lies on one point could never part
  for (auto& point : start) {
    for (float& value : point) {
      value =
          static_cast<float>((spread > 0 ? static_cast<double>(value) / spread : 0) * 1e-4 + 1e-6 * random.normal());
    }
  }
  Descent descent(shares, std::move(start));
  constexpr float kExaggeration = 12;
  const int early = std::min(250, options.iterations / 4);
  const float rate = std::max(50.0F, static_cast<float>(n) / kExaggeration);
  for (int iteration = 0; iteration < options.iterations; ++iteration) {
    if (stop.stop_requested()) throw Interrupted("project_tsne: stopped");
    descent.compute_gradient(iteration < early ? kExaggeration : 1);
    descent.step(rate, iteration < early ? 0.5F : 0.8F);
    if (progress && iteration % 10 == 9) progress(static_cast<double>(iteration + 1) / options.iterations);
  }
  return descent.points;
}

PlanePoints spread_apart(PlanePoints points, float side) {
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    bool moved = false;
    for (std::size_t i = 0; i < points.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const std::array<float, 2> apart{points[i][0] - points[j][0], points[i][1] - points[j][1]};
        if (std::abs(apart[0]) >= side || std::abs(apart[1]) >= side) continue;
        const std::size_t k = std::abs(apart[0]) > std::abs(apart[1]) ? 0 : 1;  // the nearer way out
        const float push = (side - std::abs(apart[k])) / 4;
        const float way = apart[k] < 0 ? -push : push;
        points[i][k] += way;
        points[j][k] -= way;
        moved = moved || push > side / 50;
      }
    }
    if (!moved) break;
  }
  return points;
}

}  // namespace facenet
