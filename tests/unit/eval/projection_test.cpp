// Embeddings in the plane: groups stay together, and nothing but the input decides.
#include "facenet/projection.hpp"

#include <cmath>

#include "base/random.hpp"
#include "catch.hpp"
#include "facenet/error.hpp"

using namespace facenet;

namespace {

// `groups` far apart from each other in 16 dimensions.
Embeddings grouped(std::size_t groups, std::size_t each) {
  Random random(5);
  Embeddings embeddings;
  for (std::size_t g = 0; g < groups; ++g) {
    for (std::size_t i = 0; i < each; ++i) {
      std::vector<float> row(16);
      for (float& value : row) value = static_cast<float>(0.05 * random.normal());
      row[g] += 1;
      embeddings.append(row);
    }
  }
  return embeddings;
}

float apart(const PlanePoints& points, std::size_t a, std::size_t b) {
  return std::hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]);
}

// The share of points whose nearest point is of their own group.
double kept(const PlanePoints& points, std::size_t each) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::size_t nearest = i == 0 ? 1 : 0;
    for (std::size_t j = 0; j < points.size(); ++j) {
      if (j != i && apart(points, i, j) < apart(points, i, nearest)) nearest = j;
    }
    right += nearest / each == i / each ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(points.size());
}

}  // namespace

TEST_CASE("PCA finds the directions in which points differ most") {
  Embeddings embeddings;
  for (int i = 0; i < 50; ++i) {
    const auto t = static_cast<float>(i - 25);
    embeddings.append(std::vector<float>{1, 2 * t, 0.1F * static_cast<float>(i % 2), t});
  }
  const PlanePoints points = project_pca(embeddings);
  for (std::size_t i = 1; i < points.size(); ++i) {
    CHECK(points[i][0] - points[i - 1][0] == Approx(std::sqrt(5.0)).epsilon(1e-3));
    CHECK(std::abs(points[i][1] - points[i - 1][1]) == Approx(0.1).epsilon(0.01));
  }
  CHECK(project_pca({}).empty());
  CHECK_THROWS_AS(project_pca({2, {1, NAN}}), InvalidArgument);
}

TEST_CASE("t-SNE keeps eight groups apart that two directions cannot") {
  const auto embeddings = grouped(8, 15);
  const PlanePoints points = project_tsne(embeddings, {.perplexity = 10, .iterations = 500});
  CHECK(kept(points, 15) == 1);
  CHECK(kept(project_pca(embeddings), 15) < 1);
  CHECK(project_tsne(embeddings, {.perplexity = 10, .iterations = 500}) == points);
}

TEST_CASE("t-SNE at its limits") {
  CHECK(project_tsne({}).empty());
  CHECK(project_tsne(grouped(1, 3)).size() == 3);
  const Embeddings alike{4, std::vector<float>(40, 0.5F)};
  for (const auto& point : project_tsne(alike, {.iterations = 50})) CHECK(std::isfinite(point[0] + point[1]));
  CHECK_THROWS_AS(project_tsne(grouped(2, 5), {.perplexity = 0}), InvalidArgument);
  CHECK_THROWS_AS(project_tsne(grouped(2, 5), {.iterations = 0}), InvalidArgument);
  CHECK_THROWS_AS(project_tsne({1, std::vector<float>(10'001, 1.0F)}), InvalidArgument);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(project_tsne(grouped(2, 5), {}, {}, stop.get_token()), Interrupted);
}

TEST_CASE("pictures that lie over one another move apart") {
  PlanePoints points;
  for (int i = 0; i < 40; ++i) points.push_back({static_cast<float>(i % 3), static_cast<float>(i % 5) * 0.1F});
  points.push_back({1000, 1000});
  const PlanePoints moved = spread_apart(points, 10);
  for (std::size_t i = 0; i < moved.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      CHECK(std::max(std::abs(moved[i][0] - moved[j][0]), std::abs(moved[i][1] - moved[j][1])) > 7);
    }
  }
  CHECK(moved.back() == points.back());
}
