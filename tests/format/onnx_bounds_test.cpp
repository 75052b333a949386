// What nodes of ONNX files ask for beyond bounds: each is refused with words.
#ifdef FACENET_HAVE_ONNX
#include <algorithm>
#include <limits>
#include <string>

#include "onnx_refusals.hpp"

namespace facenet {

using test::check;
using test::OnnxFile;
using test::set;

TEST_CASE("onnx: attributes beyond bounds") {
  const auto conv = [](const std::string& name, std::initializer_list<std::int64_t> values) {
    return [name, list = std::vector<std::int64_t>(values)](OnnxFile& f) {
      auto& node = f.named("maps");
      set(node, name, {});
      for (auto& each : *node.mutable_attribute()) {
        if (each.name() != name) continue;
        for (const auto value : list) each.add_ints(value);
      }
    };
  };
  const auto between = [](const std::string& type, const std::function<void(onnx::NodeProto&)>& change) {
    return [=](OnnxFile& f) { change(f.between(type)); };
  };
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  check({
      {"padding of -1", conv("pads", {-1, 0, 0, 0})},
      {"padding of 9223372036854775807", conv("pads", {kHuge, 0, 0, 0})},
      {"must have four numbers", conv("pads", {1, 1})},
      {"has the number 0", conv("strides", {0, 1})},
      {"has the number 9223372036854775807", conv("dilations", {kHuge, 1})},
      {"must have two numbers", conv("strides", {1})},
      {"is not that of its weights", conv("kernel_shape", {2, 3})},
      {"larger than the padded data", conv("dilations", {8, 8})},
      {"has a wrong type", [](OnnxFile& f) { set(f.named("maps"), "group", 1.0F); }},
      {"groups", [](OnnxFile& f) { set(f.named("maps"), "group", std::int64_t{0}); }},
      {"groups", [](OnnxFile& f) { set(f.named("maps"), "group", kHuge); }},
      {"none that ONNX knows", [](OnnxFile& f) { set(f.named("maps"), "auto_pad", std::string("SOME")); }},
      {"has no kernel_shape", between("MaxPool", [](auto&) {})},
      {"has the number 65536", between("MaxPool",
                                       [](auto& n) {
                                         set(n, "kernel_shape", {65536, 1});
                                       })},
      {"less than the window", between("MaxPool",
                                       [](auto& n) {
                                         set(n, "kernel_shape", {2, 2});
                                         set(n, "pads", {2, 2, 2, 2});
                                       })},
      {"dilated", between("MaxPool",
                          [](auto& n) {
                            set(n, "kernel_shape", {2, 2});
                            set(n, "dilations", {2, 2});
                          })},
      {"axis 9 is none of the 4", between("Softmax", [](auto& n) { set(n, "axis", std::int64_t{9}); })},
      {"the batch", between("Softmax", [](auto& n) { set(n, "axis", std::int64_t{0}); })},
      {"images are treated one by one", between("Transpose",
                                                [](auto& n) {
                                                  set(n, "perm", {1, 0, 2, 3});
                                                })},
      {"must name each axis", between("Transpose",
                                      [](auto& n) {
                                        set(n, "perm", {0, 9, 2, 3});
                                      })},
      {"all axes, the batch too", between("ReduceMean", [](auto&) {})},
      {"its size is", between("LRN", [](auto& n) { set(n, "size", kHuge); })},
      {"is not finite", between("LeakyRelu", [](auto& n) { set(n, "alpha", std::numeric_limits<float>::infinity()); })},
      {"only the powers 2, 3 and 0.5",
       [](OnnxFile& f) {
         f.weights("five", {}, 5);
         f.between("Pow", {"five"});
       }},
      {"the left matrix must be data",
       [](OnnxFile& f) {
         f.weights("m", {8, 8});
         f.between("MatMul");
         f.named("between").mutable_input()->Add("m");
         f.named("between").mutable_input()->SwapElements(0, 1);
       }},
      {"weights for 7 inputs",
       [](OnnxFile& f) {
         f.weights("m", {7, 8});
         f.between("MatMul", {"m"});
       }},
      {"before the matrices must agree", [](OnnxFile& f) { f.between("MatMul", {"centred"}); }},
      {"where [8,8] is expected",
       [](OnnxFile& f) {
         f.weights("scale", {8});
         set(f.between("LayerNormalization", {"scale"}), "axis", std::int64_t{2});
       }},
      {"none that ONNX knows", between("Gelu", [](auto& n) { set(n, "approximate", std::string("sort of")); })},
      {"a step of 0",
       [](OnnxFile& f) {
         f.whole("at", {1});
         f.whole("step", {0});
         f.between("Slice", {"at", "at", "at", "step"});
       }},
      {"nothing is left along axis 1",
       [](OnnxFile& f) {
         f.whole("at", {1});
         f.between("Slice", {"at", "at", "at"});
       }},
      {"is the batch",
       [](OnnxFile& f) {
         f.whole("at", {0});
         f.whole("end", {1});
         f.between("Slice", {"at", "end", "at"});
       }},
      {"do not add up to the 4 places",
       [](OnnxFile& f) {
         f.whole("sizes", {kHuge});
         set(f.between("Split", {"sizes"}), "axis", std::int64_t{1});
         f.named("between").add_output("rest");
       }},
      {"do not add up to the 4 places",
       [](OnnxFile& f) {
         f.whole("sizes", {1, -3});
         set(f.between("Split", {"sizes"}), "axis", std::int64_t{1});
         f.named("between").add_output("rest");
       }},
      {"64 times at most",
       [](OnnxFile& f) {
         f.whole("times", {1, 65, 1, 1});
         f.between("Tile", {"times"});
       }},
      {"batch cannot be repeated",
       [](OnnxFile& f) {
         f.whole("times", {2, 1, 1, 1});
         f.between("Tile", {"times"});
       }},
      {"cannot be stretched",
       [](OnnxFile& f) {
         f.whole("shape", {1, 8, 8, 8});
         f.between("Expand", {"shape"});
       }},
      {"images cannot be joined", between("Concat", [](auto& n) { set(n, "axis", std::int64_t{0}); })},
      {"padding of -1",
       [](OnnxFile& f) {
         f.whole("p", {0, 0, -1, 0, 0, 0, 0, 0});
         f.between("Pad", {"p"});
       }},
      {"batch cannot be padded",
       [](OnnxFile& f) {
         f.whole("p", {1, 0, 0, 0, 0, 0, 0, 0});
         f.between("Pad", {"p"});
       }},
      {"two paddings for each",
       [](OnnxFile& f) {
         f.whole("p", {0, 0, 0});
         f.between("Pad", {"p"});
       }},
      {"sets the batch to 7",
       [](OnnxFile& f) {
         f.whole("s", {7, 4, 8, 8});
         f.between("Reshape", {"s"});
       }},
      {"do not fit",
       [](OnnxFile& f) {
         f.whole("s", {0, 5, 8, 8});
         f.between("Reshape", {"s"});
       }},
      {"cannot be asked for",
       [](OnnxFile& f) {
         f.whole("s", {0, kHuge, kHuge});
         f.between("Reshape", {"s"});
       }},
      {"cannot be asked for",
       [](OnnxFile& f) {
         f.whole("s", {0, -1, -1});
         f.between("Reshape", {"s"});
       }},
      {"short list of whole numbers", [](OnnxFile& f) { f.between("Reshape", {"conv.bias"}); }},
      {"shapes do not broadcast",
       [](OnnxFile& f) {
         f.weights("c", {5, 1, 1});
         f.between("Mul", {"c"});
       }},
      {"one for each channel",
       [](OnnxFile& f) {
         f.weights("c", {8, 8});
         f.between("PRelu", {"c"});
       }},
      {"one for each channel",  // of vectors: of maps it would be one for each column
       [](OnnxFile& f) {
         f.weights("c", {1, 4});
         f.between("PRelu", {"c"});
       }},
      {"one for each channel",  // as many columns as channels
       [](OnnxFile& f) {
         set(f.named("maps"), "strides", {2, 2});
         f.weights("c", {4});
         f.between("PRelu", {"c"});
       }},
  });
}

TEST_CASE("onnx: computing with constants is bounded by the file's size") {
  check({
      {"more memory than such a file warrants",
       [](OnnxFile& f) {  // doubles at each step
         f.whole("shape", {1 << 20});
         f.node("ConstantOfShape", {"shape"}, "c0");
         for (int i = 0; i < 12; ++i) {
           const std::string from = "c" + std::to_string(i);
           set(f.node("Concat", {from, from}, "c" + std::to_string(i + 1)), "axis", std::int64_t{0});
         }
         f.between("Mul", {"c12"});
         auto& nodes = *f.graph().mutable_node();
         std::rotate(nodes.begin() + 2, nodes.end() - 13, nodes.end());
       }},
      {"node 'g' (Gather): computing with constants takes more memory",
       [](OnnxFile& f) {  // the result alone would fit, its million indices beside it do not
         f.whole("shape", {1 << 20});
         f.whole("zero", {0});
         f.initializer("zero").set_name("one");
         auto& indices = f.node("ConstantOfShape", {"shape"}, "indices");
         auto& value = *indices.add_attribute();
         value.set_name("value");
         value.set_type(onnx::AttributeProto::TENSOR);
         value.mutable_t()->set_data_type(onnx::TensorProto::INT64);
         value.mutable_t()->add_dims(1);
         value.mutable_t()->add_int64_data(0);
         f.node("Gather", {"one", "indices"}, "g");
         f.between("Reshape", {"g"});
         auto& nodes = *f.graph().mutable_node();
         std::rotate(nodes.begin() + 2, nodes.end() - 2, nodes.end());
       }},
      {"(Gemm): computing with constants takes more memory",
       [](OnnxFile& f) {  // one number becomes 65,536, again and again
         f.weights("wide", {65536, 4});
         f.weights("number", {});
         f.named("embedding").set_output(0, "narrow");
         std::vector<std::string> all;
         for (int i = 0; i < 128; ++i) {
           all.push_back("g" + std::to_string(i));
           auto& gemm = f.node("Gemm", {"vector", "wide", "number"}, all.back());
           set(gemm, "transB", std::int64_t{1});
           set(gemm, "beta", 2.0F);
         }
         f.node("Sum", all, "embedding");
       }},
      {"beyond all bounds",
       [](OnnxFile& f) {
         f.whole("shape", {1 << 20, 1 << 20});
         f.node("ConstantOfShape", {"shape"}, "c0");
         f.between("Mul", {"c0"});
         auto& nodes = *f.graph().mutable_node();
         std::rotate(nodes.begin() + 2, nodes.end() - 1, nodes.end());
       }},
  });
}

}  // namespace facenet
#endif
