// torch.save before PyTorch 1.6: a magic number, a version, the machine's sizes, the object, the keys of its storages
// (five pickles), then for each storage a count and its numbers.
#include "io/state_dict.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "io/pickle.hpp"

namespace facenet {
namespace {

using Kind = PickleValue::Kind;

constexpr std::array<std::uint8_t, 15> kMagic{0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                              0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
constexpr std::int64_t kVersion = 1001;
constexpr std::size_t kMaxTensors = 10'000;

// A tensor as the pickle describes it; its numbers come later.
struct Description {
  std::string name;
  std::string storage;
  std::int64_t storage_elements = 0;
  std::int64_t offset = 0;
  Shape shape;
  std::vector<std::int64_t> strides{};
};

class Reader {
 public:
  Reader(std::span<const std::uint8_t> bytes, const std::string& name) : bytes_(bytes), file_("'" + name + "'") {}

  StateDict read() {
    if (bytes_.size() >= 4 && std::memcmp(bytes_.data(), "PK\3\4", 4) == 0) {
      throw FormatError(file_ +
                        " is in the newer format of torch.save, a zip archive; write the older one with "
                        "torch.save(torch.load(file), file, _use_new_zipfile_serialization=False)");
    }
    if (bytes_.size() < kMagic.size() || std::memcmp(bytes_.data(), kMagic.data(), kMagic.size()) != 0) {
      throw FormatError(file_ + " is not a PyTorch file of weights");
    }
    at_ = kMagic.size();
    const Pickle version = next();
    if (version.result().kind != Kind::integer || version.result().number != kVersion) fail("unknown version");
    check_machine(next());
    const auto tensors = describe(next());
    return fill(tensors, storages(next()));
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { throw FormatError(file_ + ": " + why); }

  Pickle next() {
    Pickle pickle = parse_pickle(bytes_, at_, file_);
    at_ += pickle.bytes;
    return pickle;
  }

  void check_machine(const Pickle& machine) const {
    const auto& items = machine.result().items;
    if (machine.result().kind != Kind::dict) fail("the description of the machine is missing");
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (machine.at(items[i]).text == "little_endian" && machine.at(items[i + 1]).number == 1) return;
    }
    fail("its numbers are not little-endian");
  }

  // The items of a call of `function`, or of a tuple in it.
  const PickleValue& tuple(const Pickle& p, int index, std::size_t least, const std::string& what) const {
    const auto& value = p.at(index);
    if (value.kind != Kind::tuple || value.items.size() < least) fail(what + " is not described as a tensor is");
    return value;
  }
  bool calls(const Pickle& p, const PickleValue& value, const char* function) const {
    return value.kind == Kind::call && p.at(value.items[0]).kind == Kind::name && p.at(value.items[0]).text == function;
  }
  std::int64_t extent(const Pickle& p, int index, const std::string& what) const {
    const auto& value = p.at(index);
    if (value.kind != Kind::integer || value.number < 0 || static_cast<std::uint64_t>(value.number) > bytes_.size()) {
      fail(what + ": an extent is no number, or larger than the file");
    }
    return value.number;
  }

  std::vector<Description> describe(const Pickle& p) const {
    const auto& root = p.result();
    std::size_t first = 0;
    if (calls(p, root, "collections OrderedDict")) {
      first = 2;  // after the call's own name and argument
    } else if (root.kind != Kind::dict) {
      fail("it holds something else than a dictionary of tensors");
    }
    std::vector<Description> list;
    for (std::size_t i = first; i + 1 < root.items.size(); i += 2) {
      if (list.size() == kMaxTensors) fail("more than 10,000 tensors");
      const auto& key = p.at(root.items[i]);
      if (key.kind != Kind::text || key.text.size() > 1000) fail("a tensor's name is no text");
      list.push_back(describe(p, key.text, p.at(root.items[i + 1])));
    }
    return list;
  }

  Description describe(const Pickle& p, const std::string& name, const PickleValue& value) const {
    const std::string what = "'" + name + "'";
    if (!calls(p, value, "torch._utils _rebuild_tensor_v2")) fail(what + " is no tensor");
    const auto& arguments = tuple(p, value.items[1], 4, what);
    const auto& reference = p.at(arguments.items[0]);
    if (reference.kind != Kind::persistent) fail(what + " has no storage");
    const auto& storage = tuple(p, reference.items[0], 5, what);
    if (p.at(storage.items[0]).text != "storage" || p.at(storage.items[2]).kind != Kind::text) {
      fail(what + " has no storage");
    }
    if (p.at(storage.items[1]).text != "torch FloatStorage") {
      fail(what + " is of type '" + p.at(storage.items[1]).text.substr(0, 60) + "', where float32 is wanted");
    }
    Description tensor{
        name, p.at(storage.items[2]).text, extent(p, storage.items[4], what), extent(p, arguments.items[1], what), {},
        {}};
    const auto& sizes = tuple(p, arguments.items[2], 0, what).items;
    const auto& strides = tuple(p, arguments.items[3], sizes.size(), what).items;
    if (sizes.size() > Shape::kMaxRank) fail(what + " has more than 6 dimensions");
    std::vector<std::int64_t> dims;
    for (const int size : sizes) dims.push_back(extent(p, size, what));
    std::int64_t elements = 1;
    std::int64_t last = tensor.offset;  // of the storage's numbers that it reaches
    for (std::size_t i = 0; i < dims.size(); ++i) {
      tensor.strides.push_back(extent(p, strides[i], what));
      if (dims[i] > 0 && elements > tensor.storage_elements / dims[i]) fail(what + " is larger than its storage");
      elements *= dims[i];
      // Both are bounded by the file's size, a quotient keeps their product so.
      if (dims[i] > 1 && tensor.strides[i] > tensor.storage_elements / (dims[i] - 1)) {
        fail(what + " reaches beyond its storage");
      }
      last += std::max<std::int64_t>(dims[i] - 1, 0) * tensor.strides[i];
    }
    tensor.shape = Shape(dims);
    if (elements > 0 && last >= tensor.storage_elements) fail(what + " reaches beyond its storage");
    return tensor;
  }

  // The numbers of each storage, in the order of their keys.
  std::map<std::string, std::span<const std::uint8_t>> storages(const Pickle& keys) {
    if (keys.result().kind != Kind::list) fail("the list of its storages is missing");
    std::map<std::string, std::span<const std::uint8_t>> result;
    for (const int index : keys.result().items) {
      std::int64_t count = 0;
      if (bytes_.size() - at_ < sizeof count) fail("it is cut off");
      std::memcpy(&count, bytes_.data() + at_, sizeof count);
      at_ += sizeof count;
      if (count < 0 || static_cast<std::uint64_t>(count) > (bytes_.size() - at_) / sizeof(float)) {
        fail("a storage reaches beyond its end: it may be cut off");
      }
      const auto bytes = static_cast<std::size_t>(count) * sizeof(float);
      if (!result.emplace(keys.at(index).text, bytes_.subspan(at_, bytes)).second) fail("a storage stands there twice");
      at_ += bytes;
    }
    if (at_ != bytes_.size()) fail("something follows its last storage");
    return result;
  }

  // A tensor may lie in its storage in any order.
  static void copy(const Description& tensor, std::span<const std::uint8_t> storage, std::span<float> values) {
    std::array<std::int64_t, Shape::kMaxRank> index{};
    std::int64_t at = tensor.offset;
    for (auto& value : values) {
      std::memcpy(&value, storage.data() + static_cast<std::size_t>(at) * sizeof(float), sizeof value);
      for (std::size_t axis = tensor.strides.size(); axis-- > 0;) {
        at += tensor.strides[axis];
        if (++index[axis] < tensor.shape[axis]) break;
        at -= tensor.shape[axis] * tensor.strides[axis];
        index[axis] = 0;
      }
    }
  }

  StateDict fill(const std::vector<Description>& list,
                 const std::map<std::string, std::span<const std::uint8_t>>& storages) const {
    StateDict result;
    std::size_t total = 0;  // tensors may share a storage, but not so often that they outgrow the file by much
    for (const auto& description : list) {
      const auto found = storages.find(description.storage);
      if (found == storages.end() ||
          found->second.size() != static_cast<std::size_t>(description.storage_elements) * sizeof(float)) {
        fail("the storage of '" + description.name + "' is missing or of another size");
      }
      const Tensor tensor(TensorSpec{description.shape});
      total += tensor.spec().bytes();
      if (total > 4 * bytes_.size()) fail("its tensors share their storages: they would take more than the file holds");
      copy(description, found->second, tensor.floats());
      if (!result.emplace(description.name, tensor).second) fail("'" + description.name + "' stands there twice");
    }
    return result;
  }

  std::span<const std::uint8_t> bytes_;
  std::string file_;
  std::size_t at_ = 0;
};

}  // namespace

StateDict parse_state_dict(std::span<const std::uint8_t> bytes, const std::string& name) {
  return Reader(bytes, name).read();
}

StateDict read_state_dict(const std::filesystem::path& path) {
  return parse_state_dict(read_file(path), printable(path));
}

}  // namespace facenet
