// A batch of no images goes through every operator and through whole networks: empty results, no gradient.
#include <algorithm>
#include <map>

#include "autograd/tape.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"
#include "models/architectures.hpp"
#include "ops/registry.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

struct Case {
  std::vector<Shape> data, parameters;
  Shape dst;
};

// Sources that fit each operator with its default parameters.
const std::map<std::string_view, Case>& cases() {
  static const Shape maps{0, 4, 5, 6};
  static const Shape rows{0, 4};
  static const std::map<std::string_view, Case> all{{"image_to_tensor", {{{0, 5, 6, 3}}, {}, {0, 3, 5, 6}}},
                                                    {"convolution", {{maps}, {{7, 4, 3, 3}, {7}}, {0, 7, 3, 4}}},
                                                    {"batch_norm", {{maps}, {{4}, {4}, {4}, {4}}, maps}},
                                                    {"max_pool", {{maps}, {}, {0, 4, 3, 4}}},
                                                    {"average_pool", {{maps}, {}, {0, 4, 3, 4}}},
                                                    {"l2_pool", {{maps}, {}, {0, 4, 3, 4}}},
                                                    {"relu", {{maps}, {}, maps}},
                                                    {"prelu", {{maps}, {{4}}, maps}},
                                                    {"sigmoid", {{maps}, {}, maps}},
                                                    {"softmax", {{rows}, {}, rows}},
                                                    {"clip", {{maps}, {}, maps}},
                                                    {"local_response_norm", {{maps}, {}, maps}},
                                                    {"linear", {{maps}, {{7, 120}, {7}}, {0, 7}}},
                                                    {"maxout", {{rows}, {}, {0, 2}}},
                                                    {"concat", {{maps, maps}, {}, {0, 8, 5, 6}}},
                                                    {"add", {{maps, maps}, {}, maps}},
                                                    {"subtract", {{maps, {0, 4, 1, 1}}, {}, maps}},
                                                    {"multiply", {{maps, maps}, {}, maps}},
                                                    {"divide", {{rows, rows}, {}, rows}},
                                                    {"reduce_sum", {{maps}, {}, {0, 4, 1, 1}}},
                                                    {"reduce_mean", {{maps}, {}, {0, 4, 1, 1}}},
                                                    {"reduce_max", {{maps}, {}, {0, 4, 1, 1}}},
                                                    {"reshape", {{maps}, {}, {0, 120}}},
                                                    {"transpose", {{maps}, {}, {0, 5, 6, 4}}},
                                                    {"pad", {{maps}, {}, maps}},
                                                    {"dropout", {{maps}, {}, maps}},
                                                    {"gelu", {{maps}, {}, maps}},
                                                    {"erf", {{maps}, {}, maps}},
                                                    {"tanh", {{maps}, {}, maps}},
                                                    {"square_root", {{maps}, {}, maps}},
                                                    {"layer_norm", {{rows}, {{4}, {4}}, rows}},
                                                    {"matmul", {{maps, {0, 4, 6, 3}}, {}, {0, 4, 5, 3}}},
                                                    {"slice", {{maps}, {}, {0, 1, 5, 6}}},
                                                    {"l2_normalize", {{rows}, {}, rows}}};
  return all;
}

}  // namespace

TEST_CASE("every operator takes a batch of no images") {
  for (const auto name : operator_names()) {
    INFO(name);
    const auto found = cases().find(name);
    REQUIRE(found != cases().end());
    const Case& c = found->second;
    for (const Layout layout : {Layout::plain, kernels::native_blocked_layout()}) {
      for (const bool training : {true, false}) {
        Tape tape({.mode = {.training = training, .seed = 1}});
        const bool bytes = name == "image_to_tensor";
        std::vector<Variable> src;
        for (const auto& shape : c.data) {
          const TensorSpec spec{shape, bytes ? DataType::u8 : DataType::f32,
                                shape.rank() == 4 && !bytes ? layout : Layout::plain};
          src.push_back(tape.input(Tensor(spec), !bytes));
        }
        const std::size_t data = src.size();
        std::vector<ParameterPtr> parameters;
        for (const auto& shape : c.parameters) {
          auto p = std::make_shared<Parameter>();
          p->value = Tensor(TensorSpec{shape});
          std::fill(p->value.floats().begin(), p->value.floats().end(), 3.0F);
          p->buffer = name == "batch_norm" && parameters.size() >= 2;
          parameters.push_back(p);
          src.push_back(tape.parameter(p));
        }
        const OperatorPtr op = make_operator(name);
        const Variable dst = tape.apply("first", op, src);
        REQUIRE(tape.shape(dst) == c.dst);
        tape.backward(dst, Tensor(TensorSpec{c.dst}));
        for (std::size_t i = 0; i < data && !bytes; ++i) CHECK(tape.gradient(src[i]).shape() == c.data[i]);
        for (const auto& p : parameters) {
          const auto values = p->value.floats();
          CHECK(std::all_of(values.begin(), values.end(), [](float v) { return v == 3.0F; }));
          if (p->buffer) continue;
          REQUIRE(p->gradient.shape() == p->value.shape());
          const auto gradient = p->gradient.floats();
          CHECK(std::all_of(gradient.begin(), gradient.end(), [](float g) { return g == 0.0F; }));
        }
      }
    }
  }
}

TEST_CASE("whole networks take a batch of no images") {
  for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
    models::ArchitectureOptions options;
    options.norm = norm;
    const Graph graph = models::tiny(options);
    Tape tape({.mode = {.training = true, .seed = 1}});
    const Shape images = graph.input_shape().with_batch(0);
    const Variable dst = graph.forward(tape, tape.input(Tensor({images, DataType::u8})));
    REQUIRE(tape.shape(dst) == graph.output_shape().with_batch(0));
    tape.backward(dst, Tensor(TensorSpec{tape.shape(dst)}));
    for (const auto& p : graph.parameters()) {
      if (p->buffer) continue;
      INFO(p->name);
      REQUIRE(p->gradient);
      const auto gradient = p->gradient.floats();
      CHECK(std::all_of(gradient.begin(), gradient.end(), [](float g) { return g == 0.0F; }));
    }
  }
}
