// Templates: means of unit vectors, what is left out of them, and what is refused.
#include "facenet/template.hpp"

#include <cmath>

#include "catch.hpp"
#include "facenet/error.hpp"

using namespace facenet;

TEST_CASE("a template is the mean of unit vectors, by weight, whatever their length") {
  const auto mean = template_of({2, {1, 0, 0, 5}});
  REQUIRE(mean[0] == Approx(std::sqrt(0.5)));
  REQUIRE(mean[1] == Approx(std::sqrt(0.5)));
  const auto weighed = template_of({2, {1, 0, 0, 5}}, std::vector<float>{3, 4});
  REQUIRE(weighed[0] == Approx(0.6));
  REQUIRE(weighed[1] == Approx(0.8));
  REQUIRE(template_of({2, {1, 0, 0, 5}}, std::vector<float>{0, 1})[1] == 1);
  REQUIRE(template_of({2, {1, 0, -1, 0}}) == std::vector<float>{1, 0});  // no mean: one of them
}

TEST_CASE("a template leaves out somebody else among four images or more") {
  const Embeddings four{2, {1, 0, 1, 0.1F, 1, -0.1F, -1, 0}};
  REQUIRE(template_of(four)[0] == Approx(1).margin(1e-6));
  const auto three = template_of({2, {1, 0, 1, 0.1F, 0, 1}});
  REQUIRE(three[1] > 0.3F);  // of three, nobody can say who is wrong
  const auto spread = template_of({2, {1, 0, 1, 0.3F, 1, -0.3F, 1, 0.5F}});
  REQUIRE(spread[1] > 0.05F);  // a little different is no outlier
}

TEST_CASE("what gives no template is refused") {
  REQUIRE_THROWS_AS(template_of({}), InvalidArgument);
  REQUIRE_THROWS_AS(template_of({2, {0, 0}}), InvalidArgument);
  REQUIRE_THROWS_AS(template_of({2, {NAN, 0}}), InvalidArgument);
  REQUIRE_THROWS_AS(template_of({2, {1, 0}}, std::vector<float>{1, 1}), InvalidArgument);
  REQUIRE_THROWS_AS(template_of({2, {1, 0}}, std::vector<float>{-1}), InvalidArgument);
  REQUIRE_THROWS_AS(template_of({2, {1, 0, 0, 1}}, std::vector<float>{0, 0}), InvalidArgument);
}
