// Boxes: suppression, regression, squares, parts.
#include "detect/boxes.hpp"

#include <limits>

#include "catch.hpp"

namespace facenet::detect {

using Box = std::array<float, 4>;

TEST_CASE("boxes: suppression keeps the best of what overlaps") {
  // The second overlaps the first by 80/120, the third by 50/150; the fourth lies elsewhere.
  const std::vector<Candidate> list{{{0, 0, 10, 10}, 0.8F, {}},
                                    {{2, 0, 12, 10}, 0.9F, {}},
                                    {{7, 0, 17, 10}, 0.7F, {}},
                                    {{50, 50, 60, 60}, 0.95F, {}}};
  CHECK(suppress(list, 0.6F, Overlap::over_union) == std::vector<std::size_t>{3, 1, 2});
  CHECK(suppress(list, 0.3F, Overlap::over_union) == std::vector<std::size_t>{3, 1});
  CHECK(suppress(list, 0.7F, Overlap::over_union) == std::vector<std::size_t>{3, 1, 0, 2});
  CHECK(suppress({}, 0.5F, Overlap::over_union).empty());
}

TEST_CASE("boxes: an overlap of exactly the threshold is kept") {
  const std::vector<Candidate> list{{{0, 0, 4, 4}, 0.9F, {}}, {{0, 0, 4, 2}, 0.8F, {}}};  // 8/16
  CHECK(suppress(list, 0.5F, Overlap::over_union).size() == 2);
  CHECK(suppress(list, 0.49F, Overlap::over_union).size() == 1);
}

TEST_CASE("boxes: a box inside another overlaps the smaller wholly") {
  const std::vector<Candidate> list{{{0, 0, 100, 100}, 0.9F, {}}, {{10, 10, 19, 19}, 0.8F, {}}};
  CHECK(suppress(list, 0.7F, Overlap::over_union).size() == 2);
  CHECK(suppress(list, 0.7F, Overlap::over_smaller).size() == 1);
}

TEST_CASE("boxes: of equal scores the earlier goes first, over the smaller box the later") {
  const std::vector<Candidate> list{{{0, 0, 10, 10}, 1, {}}, {{1, 0, 11, 10}, 1, {}}};
  CHECK(suppress(list, 0.5F, Overlap::over_union) == std::vector<std::size_t>{0});
  CHECK(suppress(list, 0.5F, Overlap::over_smaller) == std::vector<std::size_t>{1});
}

TEST_CASE("boxes: corners move by parts of the sides") {
  const Candidate candidate{{10, 20, 30, 60}, 1, {0.1F, -0.1F, 0.5F, 0.25F}};
  CHECK(shifted(candidate, 0) == Box{12, 16, 40, 70});
  CHECK(shifted({{0, 0, 9, 19}, 1, {1, 1, -1, -1}}, 1) == Box{10, 20, -1, -1});
}

TEST_CASE("boxes: squares keep the centre") {
  CHECK(squared({10, 20, 30, 60}) == Box{0, 20, 40, 60});
  CHECK(squared({0, 0, 8, 4}) == Box{0, -2, 8, 6});
}

TEST_CASE("boxes: the part inside an image, pixels counted from 1") {
  const Part part = inside({3.9F, 1.2F, 10.9F, 5}, 20, 20);
  CHECK(part.x == 2);
  CHECK(part.y == 0);
  CHECK(part.width == 8);
  CHECK(part.height == 5);
  const Part clipped = inside({-7, -1e30F, 1e30F, 200}, 20, 10);
  CHECK(clipped.x == 0);
  CHECK(clipped.y == 0);
  CHECK(clipped.width == 20);
  CHECK(clipped.height == 10);
  CHECK(inside({-9, -9, -1, -1}, 20, 20).empty());
  CHECK(inside({30, 3, 40, 9}, 20, 20).empty());
  CHECK(inside({5, 5, 3, 3}, 20, 20).empty());
}

}  // namespace facenet::detect
