// Products of matrices that both are data, and linear layers on each row.
#include "ops/matmul.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"
#include "ops/linear.hpp"

using namespace facenet;
using namespace facenet::test;

TEST_CASE("products of pairs of matrices") {
  struct Pair {
    Shape left, right;
  };
  const Pair pairs[] = {{{1, 1, 1}, {1, 1, 1}},
                        {{3, 2, 5}, {3, 5, 4}},
                        {{2, 17, 3}, {2, 3, 16}},
                        {{2, 3, 4, 5}, {2, 3, 5, 7}},
                        {{1, 4, 12, 49}, {1, 4, 49, 12}},
                        {{2, 16, 3, 5}, {2, 16, 5, 1}},
                        {{2, 3, 2, 4, 3}, {2, 3, 2, 3, 5}}};
  for (const auto& [left, right] : pairs) {
    Random random(91);
    check_operator({std::make_shared<Matmul>(), {normal(left, random), normal(right, random)}, {}});
  }
}

TEST_CASE("a linear layer on each row of an image") {
  for (const bool bias : {true, false}) {
    for (const Shape& data :
         {Shape{3, 7}, Shape{2, 5, 7}, Shape{1, 3, 4, 7}, Shape{2, 16, 3, 17}, Shape{2, 3, 2, 2, 7}}) {
      Random random(92);
      OperatorCase c{std::make_shared<Linear>(Linear::Parameters{.bias = bias, .rows = true}),
                     {normal(data, random), normal({5, data[data.rank() - 1]}, random)},
                     {}};
      if (bias) c.src.push_back(normal({5}, random));
      check_operator(c);
    }
  }
}
