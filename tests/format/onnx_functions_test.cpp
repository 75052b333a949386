// Functions that an ONNX file defines itself: put in where they are called, and refused where they would never end.
#ifdef FACENET_HAVE_ONNX
#include <functional>
#include <string>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "io/importers.hpp"
#include "networks.hpp"
#include "onnx_file.hpp"

namespace facenet {
namespace {

using test::OnnxFile;
using test::set;

Graph imported(const std::function<void(OnnxFile&)>& change) {
  OnnxFile file;
  change(file);
  return import_source({file.bytes(), "'x.onnx'", std::nullopt}, {}).graph;
}

std::string message_of(const std::function<void(OnnxFile&)>& change) {
  try {
    imported(change);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "taken";
}

// A function of the domain 'local', from x to y.
onnx::FunctionProto& function(OnnxFile& file, const std::string& name) {
  auto& added = *file.model.add_functions();
  added.set_name(name);
  added.set_domain("local");
  added.add_input("x");
  added.add_output("y");
  auto& standard = *added.add_opset_import();
  standard.set_version(17);
  return added;
}

onnx::NodeProto& add(onnx::FunctionProto& function, const std::string& type, const std::vector<std::string>& src,
                     const std::string& dst, const std::string& domain = "") {
  auto& node = *function.add_node();
  node.set_op_type(type);
  node.set_domain(domain);
  for (const auto& name : src) node.add_input(name);
  node.add_output(dst);
  return node;
}

void refer(onnx::NodeProto& node, const std::string& attribute, const std::string& to,
           onnx::AttributeProto::AttributeType type) {
  auto& added = *node.add_attribute();
  added.set_name(attribute);
  added.set_ref_attr_name(to);
  added.set_type(type);
}

// Two functions that call each other in a row: Gate(x) = x * Steep(x), Steep(x) = HardSigmoid(x; alpha of the call).
void gates(OnnxFile& file, bool says_alpha) {
  auto& steep = function(file, "Steep");
  steep.add_attribute("steepness");
  refer(add(steep, "HardSigmoid", {"x"}, "y"), "alpha", "steepness", onnx::AttributeProto::FLOAT);
  auto& gate = function(file, "Gate");
  gate.add_attribute("steepness");
  auto& call = add(gate, "Steep", {"x"}, "maps", "local");  // a name that the network has too
  refer(call, "steepness", "steepness", onnx::AttributeProto::FLOAT);
  add(gate, "Mul", {"x", "maps"}, "y");
  auto& node = file.between("Gate");
  node.set_domain("local");
  if (says_alpha) set(node, "steepness", 0.01F);
}

void written_out(OnnxFile& file, float alpha) {
  set(file.node("HardSigmoid", {"maps"}, "gate"), "alpha", alpha);
  file.node("Mul", {"maps", "gate"}, "gated");
  file.move_between(2, "gated");
}

}  // namespace

TEST_CASE("onnx functions: put in where they are called, in functions too, with the call's attributes") {
  const Graph plain = imported([](OnnxFile& f) { written_out(f, 0.01F); });
  const auto images = test::random_images(plain, 2, 3);
  const auto expected = test::tape_embeddings(plain, images);
  CHECK(test::tape_embeddings(imported([](OnnxFile& f) { gates(f, true); }), images) == expected);
  const Graph usual = imported([](OnnxFile& f) { written_out(f, 0.2F); });
  CHECK(test::tape_embeddings(imported([](OnnxFile& f) { gates(f, false); }), images) ==
        test::tape_embeddings(usual, images));
  CHECK(test::largest_difference(expected, test::tape_embeddings(usual, images)) > 1e-3F);
}

TEST_CASE("onnx functions: an attribute that a call does not give has the function's value") {
  const auto with_default = [](OnnxFile& f) {
    gates(f, false);
    onnx::AttributeProto attribute;
    attribute.set_name("steepness");
    attribute.set_type(onnx::AttributeProto::FLOAT);
    attribute.set_f(0.01F);
    // As a file of a newer release has it, whatever the schema at hand knows: field 11 of the function.
    auto& gate = *f.model.mutable_functions(1);
    std::string bytes = gate.SerializeAsString();
    const std::string value = attribute.SerializeAsString();
    bytes += std::string{static_cast<char>(11 << 3 | 2), static_cast<char>(value.size())} + value;
    REQUIRE(gate.ParseFromString(bytes));
  };
  const Graph plain = imported([](OnnxFile& f) { written_out(f, 0.01F); });
  const auto images = test::random_images(plain, 2, 3);
  CHECK(test::tape_embeddings(imported(with_default), images) == test::tape_embeddings(plain, images));
}

TEST_CASE("onnx functions: called twice, with results that are sources, and results that nobody wants") {
  const auto change = [](OnnxFile& f) {
    auto& both = function(f, "Both");
    both.add_input("unused");
    both.add_output("x");
    both.add_output("more");
    add(both, "Relu", {"x"}, "inner");
    add(both, "Neg", {"inner"}, "y");
    add(both, "Relu", {"y"}, "more");
    for (const std::string from : {"maps", "a"}) {
      auto& call = f.node("Both", {from}, from == "maps" ? "a" : "c");
      call.set_domain("local");
      call.add_output(from + " again");
      if (from == "maps") call.add_output("");
    }
    f.node("Sub", {"maps again", "a again"}, "b");
    f.node("Sub", {"b", "c"}, "d");
    f.move_between(4, "d");
  };
  const Graph graph = imported(change);
  // maps - a - c with a = -max(maps, 0), c = -max(a, 0), which is 0
  const Graph plain = imported([](OnnxFile& f) {
    f.node("Relu", {"maps"}, "r");
    f.node("Add", {"maps", "r"}, "s");
    f.move_between(2, "s");
  });
  const auto images = test::random_images(plain, 2, 3);
  CHECK(test::largest_difference(test::tape_embeddings(graph, images), test::tape_embeddings(plain, images)) < 1e-5F);
}

TEST_CASE("onnx functions: those that never end, or grow without bounds, are refused by their name") {
  const auto itself = message_of([](OnnxFile& f) {
    add(function(f, "Loop"), "Loop", {"x"}, "y", "local");
    f.between("Loop").set_domain("local");
  });
  INFO(itself);
  CHECK(itself.find("'x.onnx': the function 'Loop' of 'local' calls itself") == 0);
  const auto through = message_of([](OnnxFile& f) {
    add(function(f, "A"), "B", {"x"}, "y", "local");
    add(function(f, "B"), "C", {"x"}, "y", "local");
    add(function(f, "C"), "A", {"x"}, "y", "local");
    f.between("B").set_domain("local");
  });
  INFO(through);
  CHECK(through.find("'x.onnx': the function 'B' of 'local' calls itself, by itself or through others") == 0);
  // Ten calls of the next in each: 10^20 of the last, which does nothing.
  const auto laughs = message_of([](OnnxFile& f) {
    for (int i = 0; i < 20; ++i) {
      auto& level = function(f, "L" + std::to_string(i));
      for (int k = 0; k < 10; ++k) {
        add(level, "L" + std::to_string(i + 1), {"x"}, k == 9 ? "y" : "y" + std::to_string(k), "local");
      }
    }
    function(f, "L20");
    f.between("L0").set_domain("local");
  });
  INFO(laughs);
  CHECK(laughs.find("make more than 100000 nodes") != std::string::npos);
  const auto deep = message_of([](OnnxFile& f) {
    for (int i = 0; i < 40; ++i)
      add(function(f, "D" + std::to_string(i)), "D" + std::to_string(i + 1), {"x"}, "y", "local");
    add(function(f, "D40"), "Relu", {"x"}, "y");
    f.between("D0").set_domain("local");
  });
  INFO(deep);
  CHECK(deep.find("the function 'D32' of 'local' is called from 32 others") != std::string::npos);
}

TEST_CASE("onnx functions: a large one called often is refused before it fills the memory") {
  const auto called = [](int calls) {
    return message_of([calls](OnnxFile& f) {
      auto& large = function(f, "Large");
      auto& node = add(large, "Constant", {}, "weights");
      auto& value = *node.add_attribute();
      value.set_name("value");
      value.set_type(onnx::AttributeProto::TENSOR);
      value.mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
      value.mutable_t()->add_dims(1 << 18);
      value.mutable_t()->set_raw_data(std::string(std::size_t{1} << 20U, '\0'));
      add(large, "Relu", {"x"}, "y");
      f.between("Large").set_domain("local");
      for (int i = 0; i < calls; ++i) f.node("Large", {"maps"}, "m" + std::to_string(i)).set_domain("local");
    });
  };
  CHECK(called(3) == "taken");
  CHECK(called(200).find("more of the network than such a file warrants") != std::string::npos);
}

TEST_CASE("onnx functions: what is wrong with one is said") {
  const auto twice = message_of([](OnnxFile& f) {
    add(function(f, "F"), "Relu", {"x"}, "y");
    add(function(f, "F"), "Relu", {"x"}, "y");
  });
  CHECK(twice.find("the function 'F' of 'local' is defined twice") != std::string::npos);
  const auto older = message_of([](OnnxFile& f) {
    auto& made = function(f, "F");
    made.mutable_opset_import(0)->set_version(13);
    add(made, "Relu", {"x"}, "y");
    f.between("F").set_domain("local");
  });
  CHECK(older.find("'F' of 'local' is written for operator set 13") != std::string::npos);
  const auto outside = message_of([](OnnxFile& f) {
    add(function(f, "F"), "Add", {"x", "maps"}, "y");  // the network's value, which a function does not see
    f.between("F").set_domain("local");
  });
  CHECK(outside.find("which nobody makes") != std::string::npos);
  const auto missing = message_of([](OnnxFile& f) { f.between("Gone").set_domain("local"); });
  CHECK(missing.find("node 'between' (Gone): it is an operator of the domain 'local'") != std::string::npos);
}

}  // namespace facenet
#endif
