// ONNX files that mean harm, are damaged, or ask for what there is not: each is refused with words.
#ifdef FACENET_HAVE_ONNX
#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>
#include <string>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "base/random.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "onnx_refusals.hpp"

namespace facenet {

using test::check;
using test::external;
using test::message_of;
using test::OnnxFile;
using test::read;
using test::set;

TEST_CASE("onnx: the network that the others are made from is taken") {
  const ModelData model = read(OnnxFile());
  CHECK(model.graph.output_shape() == Shape{1, 5});
  CHECK(image_input_of(model.graph).mean == std::array<float, 3>{127.5F, 127.5F, 127.5F});
  CHECK(image_input_of(model.graph).scale == std::array<float, 3>{1, 1, 1});
}

TEST_CASE("onnx: the frame of a file") {
  check({
      {"operator set 6", [](OnnxFile& f) { f.model.mutable_opset_import(0)->set_version(6); }},
      {"operator set 99", [](OnnxFile& f) { f.model.mutable_opset_import(0)->set_version(99); }},
      {"operator set 0", [](OnnxFile& f) { f.model.clear_opset_import(); }},
      {"has no input", [](OnnxFile& f) { f.graph().clear_input(); }},
      {"several inputs", [](OnnxFile& f) { f.graph().add_input()->set_name("other"); }},
      {"has no output", [](OnnxFile& f) { f.graph().clear_output(); }},
      {"nobody makes its output", [](OnnxFile& f) { f.graph().mutable_output(0)->set_name("nothing"); }},
      {"its output is a constant", [](OnnxFile& f) { f.graph().mutable_output(0)->set_name("conv.bias"); }},
      {"no embedding", [](OnnxFile& f) { f.graph().mutable_output(0)->set_name("maps"); }},
      {"two initializers", [](OnnxFile& f) { f.weights("mean", {}); }},
      {"sparse", [](OnnxFile& f) { f.graph().add_sparse_initializer(); }},
      {"is no batch of images", [](OnnxFile& f) { f.graph().mutable_input(0)->clear_type(); }},
      {"4096 is the most",
       [](OnnxFile& f) {
         f.graph()
             .mutable_input(0)
             ->mutable_type()
             ->mutable_tensor_type()
             ->mutable_shape()
             ->mutable_dim(2)
             ->set_dim_value(std::int64_t{1} << 40);
       }},
      {"has 1 channels",
       [](OnnxFile& f) {
         f.graph()
             .mutable_input(0)
             ->mutable_type()
             ->mutable_tensor_type()
             ->mutable_shape()
             ->mutable_dim(1)
             ->set_dim_value(1);
       }},
  });
}

TEST_CASE("onnx: circles, disorder, and what is missing") {
  check({
      {"in a circle, or are out of order", [](OnnxFile& f) { f.named("maps").set_input(0, "pooled"); }},
      {"in a circle, or are out of order", [](OnnxFile& f) { f.named("maps").set_input(0, "maps"); }},
      {"in a circle, or are out of order", [](OnnxFile& f) { f.graph().mutable_node()->SwapElements(1, 2); }},
      {"reads 'conv.weights', which nobody makes", [](OnnxFile& f) { f.named("maps").set_input(1, "conv.weights"); }},
      {"source 2 is missing", [](OnnxFile& f) { f.named("maps").set_input(1, ""); }},
      {"source 2 is missing", [](OnnxFile& f) { f.named("maps").mutable_input()->DeleteSubrange(1, 2); }},
      {"is made twice",
       [](OnnxFile& f) {
         f.between("Relu").set_output(0, "maps");
         f.named("pooled").set_input(0, "maps");
       }},
      {"node 'between' (Selu): this operator cannot be imported. Those that can: Add, And, AveragePool, ",
       [](OnnxFile& f) { f.between("Selu"); }},
      {"node 'between' (CumSum): this operator can be imported only where",
       [](OnnxFile& f) {
         f.whole("one", {1});
         f.between("CumSum", {"one"});
       }},
      {"axis 0 is the batch",
       [](OnnxFile& f) {
         f.whole("one", {1});
         f.between("Gather", {"one"});
       }},
      {"domain 'com.example'", [](OnnxFile& f) { f.between("Relu").set_domain("com.example"); }},
      {"is computed from the image", [](OnnxFile& f) { f.named("maps").set_input(1, "centred"); }},
      {"is a constant, where data are expected", [](OnnxFile& f) { f.named("pooled").set_input(0, "conv.weight"); }},
  });
}

TEST_CASE("onnx: one name for all nodes costs no more than a name for each") {
  OnnxFile file;
  for (int i = 0; i < 2000; ++i) file.between("Relu").set_output(0, "r" + std::to_string(i));
  auto& nodes = *file.graph().mutable_node();
  int i = 0;
  for (auto& node : nodes) {
    node.set_name("same");
    if (node.op_type() != "Relu") continue;
    node.set_input(0, i == 0 ? "maps" : "r" + std::to_string(i - 1));
    node.set_output(0, "r" + std::to_string(i++));
  }
  for (auto& node : nodes) {
    if (node.op_type() == "GlobalAveragePool") node.set_input(0, "r1999");
  }
  const ModelData model = read(file);
  REQUIRE(model.graph.nodes().size() > 2000);
  std::set<std::string> names;
  std::size_t longest = 0;
  for (const auto& node : model.graph.nodes()) {
    names.insert(node.name);
    longest = std::max(longest, node.name.size());
  }
  CHECK(names.size() == model.graph.nodes().size());
  CHECK(longest <= std::string("same/2000/part").size());
}

TEST_CASE("onnx: an initializer in two roles is two parameters") {
  OnnxFile file;
  file.weights("w", {4}, 1.5F);
  file.between("BatchNormalization", {"w", "w", "w", "w"});
  int learnt = 0;
  int buffers = 0;
  for (const auto& parameter : read(file).graph.parameters()) {
    if (parameter->name.substr(0, 1) != "w") continue;
    ++(parameter->buffer ? buffers : learnt);
  }
  CHECK(learnt == 1);
  CHECK(buffers == 1);
}

TEST_CASE("onnx: weights that are not finite are refused by name") {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    check({{"'conv.weight' holds numbers that are not finite",
            [value](OnnxFile& f) { f.initializer("conv.weight").set_float_data(7, value); }},
           {"'fc.weight' holds numbers that are not finite",
            [value](OnnxFile& f) { f.initializer("fc.weight").set_float_data(0, value); }}});
  }
}

TEST_CASE("onnx: a lower limit of a norm is left out only where it changes nothing") {
  const auto kept = [](const std::string& reduction, const std::string& by, float limit) {
    OnnxFile f;
    f.named("embedding").set_output(0, "raw");
    set(f.node(reduction, {"raw"}, "norm"), "axes", {1});
    f.weights("limit", {}, limit);
    f.node(by, {"norm", "limit"}, "limited");
    const bool squares = reduction == "ReduceSumSquare";
    if (squares) f.node("Sqrt", {"limited"}, "root");
    f.node("Div", {"raw", squares ? "root" : "limited"}, "embedding");
    const ModelData model = read(f);
    const auto& nodes = model.graph.nodes();
    return std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return node.op->name() == "clip"; });
  };
  for (const char* by : {"Clip", "Max"}) {
    INFO(by);
    CHECK_FALSE(kept("ReduceL2", by, 1e-4F));
    CHECK(kept("ReduceL2", by, 1e-3F));
    CHECK_FALSE(kept("ReduceSumSquare", by, 1e-12F));
    CHECK_FALSE(kept("ReduceSumSquare", by, 1e-8F));
    CHECK(kept("ReduceSumSquare", by, 1e-7F));
  }
}

TEST_CASE("onnx: tensors whose sizes are not true") {
  check({
      {"beyond all bounds", [](OnnxFile& f) { f.initializer("conv.weight").set_dims(0, std::int64_t{1} << 62); }},
      {"beyond all bounds", [](OnnxFile& f) { f.initializer("conv.weight").set_dims(0, -4); }},
      {"beyond all bounds",
       [](OnnxFile& f) {
         for (int i = 0; i < 4; ++i) f.initializer("conv.weight").set_dims(i, 65536);
       }},
      {"wants 135 numbers, and there are 108", [](OnnxFile& f) { f.initializer("conv.weight").set_dims(0, 5); }},
      {"wants 432 bytes, and there are 3", [](OnnxFile& f) { f.initializer("conv.weight").set_raw_data("abc"); }},
      {"of type 8", [](OnnxFile& f) { f.initializer("conv.weight").set_data_type(onnx::TensorProto::STRING); }},
      {"of type 999", [](OnnxFile& f) { f.initializer("conv.weight").set_data_type(999); }},
      {"holds whole numbers",
       [](OnnxFile& f) {
         f.whole("w", {1});
         f.named("maps").set_input(2, "w");
       }},
      {"six are the most",
       [](OnnxFile& f) {
         for (int i = 0; i < 3; ++i) f.initializer("conv.weight").add_dims(1);
         f.initializer("conv.weight").set_name("seven axes");
         f.named("maps").set_input(1, "seven axes");
       }},
      {"4 axes are expected",
       [](OnnxFile& f) {
         auto& dims = *f.initializer("conv.weight").mutable_dims();
         dims.Set(2, 9);
         dims.RemoveLast();
       }},
      {"there is no folder", [](OnnxFile& f) { external(f.initializer("conv.weight"), "w.bin"); }},
  });
}

TEST_CASE("onnx: weights in other files of its folder, and nowhere else") {
  const test::ScratchFolder scratch;
  const auto folder = scratch / "model";
  std::filesystem::create_directories(folder / "sub");
  std::filesystem::create_directories(scratch / "outside");
  const std::string floats(4 * 108 + 8, '\0');
  write_file(folder / "w.bin", floats);
  write_file(folder / "sub" / "w.bin", floats);
  write_file(scratch / "outside" / "w.bin", floats);
  std::filesystem::create_symlink(folder / "w.bin", folder / "inside_link");
  std::filesystem::create_symlink(scratch / "outside" / "w.bin", folder / "outside_link");
  std::filesystem::create_directory_symlink(scratch / "outside", folder / "out");
  const auto attempt = [&](const std::string& location, const std::string& offset = "0",
                           const std::string& length = "432") {
    OnnxFile file;
    external(file.initializer("conv.weight"), location, offset, length);
    try {
      import_source({file.bytes(), "'x.onnx'", folder}, {});
    } catch (const FormatError& error) {
      return std::string(error.what());
    }
    return std::string("taken");
  };
  CHECK(attempt("w.bin") == "taken");
  CHECK(attempt("w.bin", "8") == "taken");
  CHECK(attempt("sub/w.bin") == "taken");
  CHECK(attempt("inside_link") == "taken");
  for (const char* path :
       {"../outside/w.bin", "sub/../../outside/w.bin", "/etc/passwd", "outside_link", "out/w.bin", ""}) {
    INFO(path << ": " << attempt(path));
    CHECK(attempt(path).find("which is not in the folder of the ONNX file") != std::string::npos);
  }
  CHECK(attempt((folder / "w.bin").string()).find("not in the folder") != std::string::npos);
  CHECK(attempt("none.bin").find("which is not there") != std::string::npos);
  CHECK(attempt("sub").find("no regular file") != std::string::npos);
  CHECK(attempt("w.bin", "9").find("is cut off") != std::string::npos);
  CHECK(attempt("w.bin", "18446744073709551615").find("is cut off") != std::string::npos);
  CHECK(attempt("w.bin", "-1").find("no offset or length") != std::string::npos);
  CHECK(attempt("w.bin", "0", "2147483648").find("wants 432") != std::string::npos);
}

TEST_CASE("onnx: one large file beside is not read again and again") {
  const auto large = [](onnx::TensorProto& tensor) {  // 1 GiB
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.add_dims(1 << 14);
    tensor.add_dims(1 << 14);
    external(tensor, "w.bin");
  };
  const auto initializers = [&](int count) {
    return [large, count](OnnxFile& f) {
      for (int i = 0; i < count; ++i) {
        auto& tensor = *f.graph().add_initializer();
        tensor.set_name("large" + std::to_string(i));
        large(tensor);
      }
    };
  };
  CHECK(message_of(initializers(4)) == "taken");  // nobody uses them
  check({{"the initializer 'large4': its tensors want more than 4 GiB of other files", initializers(5)},
         {"node 'between' (Constant): its tensors want more than 4 GiB of other files", [&](OnnxFile& f) {
            initializers(4)(f);
            auto& node = f.between("Constant");
            node.clear_input();
            auto& value = *node.add_attribute();
            value.set_name("value");
            value.set_type(onnx::AttributeProto::TENSOR);
            large(*value.mutable_t());
          }}});
}

TEST_CASE("onnx: graphs within graphs without end are refused by the parser") {
  OnnxFile file;
  auto* graph = file.between("If").add_attribute()->mutable_g();
  for (int i = 0; i < 200; ++i) graph = graph->add_node()->add_attribute()->mutable_g();
  CHECK_THROWS_WITH(read(file), test::Contains("damaged"));
}

TEST_CASE("onnx: a length beyond the file, and every file cut off, are refused") {
  // graph (field 7) of 2 GiB, in a file of eight bytes
  const std::vector<std::uint8_t> huge{0x08, 0x08, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07};
  CHECK_THROWS_AS(import_source({huge, "'x.onnx'", {}}, {}), FormatError);
  const auto whole = OnnxFile().bytes();
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    std::vector<std::uint8_t> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(import_source({part, "'x.onnx'", {}}, {}), FormatError);
  }
}

TEST_CASE("onnx: what a file does not say must be said") {
  OnnxFile plain;
  plain.named("maps").set_input(0, "data");
  CHECK_THROWS_WITH(read(plain), test::Contains("Say with mean and scale"));
  const ModelData said = read(plain, {.bgr = true, .mean = std::array<float, 3>{1, 2, 3}});
  CHECK(image_input_of(said.graph).mean == std::array<float, 3>{3, 2, 1});
  CHECK(image_input_of(said.graph).bgr);
  const std::array<float, 3> mean{127.5F, 127.5F, 127.5F};
  const std::array<float, 3> scale{1.0F / 128, 1.0F / 128, 1.0F / 128};
  CHECK(image_input_of(read(plain, {.mean = mean, .scale = scale}).graph).mean == mean);
  CHECK_THROWS_WITH(read(OnnxFile(), {.mean = mean, .scale = scale}), test::Contains("subtracts and scales by itself"));

  OnnxFile any;
  auto& shape = *any.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape.mutable_dim(2)->set_dim_param("H");
  shape.mutable_dim(3)->set_dim_param("W");
  CHECK_THROWS_AS(read(any), InvalidArgument);
  CHECK(read(any, {.input_size = 24}).graph.input_shape() == Shape{1, 24, 24, 3});
  CHECK(read(any, {.template_name = "arcface-112"}).graph.input_shape() == Shape{1, 112, 112, 3});
  CHECK_THROWS_AS(read(OnnxFile(), {.input_size = 24}), InvalidArgument);
}

TEST_CASE("onnx: damaged bytes give a model or a FormatError, ten thousand times") {
  const auto seed = OnnxFile().bytes();
  Random random(1);
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto bytes = seed;
    for (std::uint64_t k = random.below(4) + 1; k > 0; --k) {
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
    }
    try {
      import_source({bytes, "'x.onnx'", {}}, {});
      ++taken;
    } catch (const FormatError&) {
    } catch (const InvalidArgument&) {  // a network that does not subtract any more
    }
  }
  CHECK(taken > 100);  // a weight may be another one
}

}  // namespace facenet
#endif
