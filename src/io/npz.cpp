// The archive is read from its end: a directory says where each entry lies. What entries say of themselves is not used.
#include "io/npz.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <set>

#include <facenet/error.hpp>

#include "io/inflate.hpp"
#include "io/npy.hpp"

namespace facenet {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kEntryBytes = 46;
constexpr std::size_t kLocalBytes = 30;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 32U;  // of all arrays together

struct Entry {
  std::string name;
  unsigned method = 0;  // 0: stored, 8: deflated
  std::uint32_t crc = 0;
  Bytes content;  // as it lies in the archive
  std::uint64_t size = 0;
  std::uint64_t begin = 0;  // where its local header lies
};

class Archive {
 public:
  Archive(Bytes bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  std::vector<Entry> entries() const {
    const std::size_t end = end_record();
    const std::size_t count = u16(end + 10);
    const std::uint64_t begin = u32(end + 16);
    if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != count) fail("it is a part of an archive");
    std::uint64_t total = 0;
    std::vector<Entry> entries;
    std::set<std::string> names;
    std::uint64_t at = begin;
    for (std::size_t i = 0; i < count; ++i) {
      Entry entry = read_entry(at);
      total += entry.size;
      if (total > kMostBytes) fail("its arrays would take more than 4 GiB");
      if (!names.insert(entry.name).second) fail("two arrays are called '" + entry.name + "'");
      entries.push_back(std::move(entry));
    }
    require_apart(entries, begin);
    return entries;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { throw FormatError(file_ + " cannot be read: " + why); }

  void require(std::uint64_t at, std::uint64_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at) fail("it is cut off or damaged");
  }
  std::uint32_t number(std::uint64_t at, std::size_t count) const {
    require(at, count);
    std::uint32_t value = 0;
    std::memcpy(&value, bytes_.data() + at, count);
    return value;
  }
  std::uint32_t u16(std::uint64_t at) const { return number(at, 2); }
  std::uint32_t u32(std::uint64_t at) const { return number(at, 4); }

  // The last record, behind which a comment may stand.
  std::size_t end_record() const {
    if (bytes_.size() < kEndBytes || u32(0) != 0x04034b50U) fail("it is no archive of arrays (npz), or is cut off");
    const std::size_t last = bytes_.size() - kEndBytes;
    for (std::size_t back = 0; back <= std::min<std::size_t>(last, 0xffffU); ++back) {
      if (u32(last - back) == 0x06054b50U && u16(last - back + 20) == back) return last - back;
    }
    fail("its end is missing: it is cut off");
  }

  // Entries that lie over each other, or over the directory, are a bomb: each is honest alone, and all of them together
  // unfold the same bytes again and again.
  void require_apart(const std::vector<Entry>& entries, std::uint64_t directory) const {
    std::map<std::uint64_t, const Entry*> in_order;
    for (const auto& entry : entries) {
      if (!in_order.emplace(entry.begin, &entry).second) fail("two of its arrays lie over each other");
    }
    for (auto it = in_order.begin(); it != in_order.end(); ++it) {
      const std::uint64_t limit = std::next(it) == in_order.end() ? directory : std::next(it)->first;
      const auto end =
          static_cast<std::uint64_t>(it->second->content.data() - bytes_.data()) + it->second->content.size();
      if (end > limit) fail("'" + it->second->name + "' lies over what follows it");
    }
  }

  // The directory's entry at `at`, which moves on to the next one.
  Entry read_entry(std::uint64_t& at) const {
    require(at, kEntryBytes);
    if (u32(at) != 0x02014b50U) fail("its directory is damaged");
    const std::size_t name_bytes = u16(at + 28);
    require(at + kEntryBytes, name_bytes);
    Entry entry;
    entry.name.assign(reinterpret_cast<const char*>(bytes_.data()) + at + kEntryBytes, name_bytes);
    if ((u16(at + 8) & 1U) != 0) fail("'" + entry.name + "' is encrypted");
    entry.method = u16(at + 10);
    entry.crc = u32(at + 16);
    const std::uint64_t compressed = u32(at + 20);
    entry.size = u32(at + 24);
    const std::uint64_t local = u32(at + 42);
    if (compressed == 0xffffffffU || entry.size == 0xffffffffU || local == 0xffffffffU) {
      fail("'" + entry.name + "' is larger than 4 GiB");
    }
    entry.begin = local;
    require(local, kLocalBytes);
    if (u32(local) != 0x04034b50U) fail("'" + entry.name + "' is not where the directory says");
    const std::uint64_t content = local + kLocalBytes + u16(local + 26) + u16(local + 28);
    require(content, compressed);
    entry.content = bytes_.subspan(static_cast<std::size_t>(content), static_cast<std::size_t>(compressed));
    at += kEntryBytes + name_bytes + u16(at + 30) + u16(at + 32);
    return entry;
  }

  Bytes bytes_;
  const std::string& file_;
};

std::vector<std::uint8_t> extract(const Entry& entry, const std::string& what) {
  std::vector<std::uint8_t> bytes;
  if (entry.method == 8) {
    bytes = inflate(entry.content, entry.size, what);
  } else if (entry.method == 0) {
    if (entry.content.size() != entry.size) throw FormatError(what + ": its two sizes differ");
    bytes.assign(entry.content.begin(), entry.content.end());
  } else {
    throw FormatError(what + " is compressed by method " + std::to_string(entry.method) + "; read are 0 and 8");
  }
  if (crc32(bytes) != entry.crc) throw FormatError(what + " does not match its checksum: the file is damaged");
  return bytes;
}

struct Type {
  const char* numpy;
  const char* dtype;
  std::uint64_t bytes;
};
constexpr Type kTypes[] = {{"<f4", "F32", 4}, {"<f8", "F64", 8}, {"<f2", "F16", 2},
                           {"<i8", "I64", 8}, {"<i4", "I32", 4}, {"|u1", "U8", 1}};

// What NumPy's word means here; of no bytes where it is not understood. "<U7" is text of seven characters.
Type type_of(const std::string& numpy) {
  const auto* type =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& t) { return numpy == t.numpy; });
  if (type != std::end(kTypes)) return *type;
  std::uint32_t length = 0;
  const char* end = numpy.data() + numpy.size();
  const bool text = numpy.starts_with("<U") && std::from_chars(numpy.data() + 2, end, length).ptr == end;
  return {numpy.c_str(), numpy.c_str(), text ? length * sizeof(char32_t) : 0};
}

NamedTensor tensor_of(const Entry& entry, const std::string& file) {
  NamedTensor tensor;
  tensor.name = entry.name.ends_with(".npy") ? entry.name.substr(0, entry.name.size() - 4) : entry.name;
  const std::string what = file + ": the array '" + tensor.name + "'";
  const auto owner = std::make_shared<const std::vector<std::uint8_t>>(extract(entry, what));
  const NpyArray array = parse_npy_array(*owner, entry.name);
  const Type type = type_of(array.type);
  if (type.bytes == 0) throw FormatError(what + " holds numbers of type '" + array.type + "'");
  if (array.shape.size() > Shape::kMaxRank) throw FormatError(what + " has more than 6 dimensions");
  std::uint64_t bytes = type.bytes;
  std::vector<std::int64_t> dims;
  for (const auto extent : array.shape) {
    if (extent != 0 && bytes > array.data.size() / extent) throw FormatError(what + " is larger than its file");
    if (extent > kMostBytes) throw FormatError(what + " has an extent beyond all bounds");
    bytes *= extent;
    dims.push_back(static_cast<std::int64_t>(extent));
  }
  if (bytes != array.data.size()) {
    throw FormatError(what + ": its shape makes " + std::to_string(bytes) + " bytes, and it has " +
                      std::to_string(array.data.size()));
  }
  tensor.dtype = type.dtype;
  tensor.shape = Shape(dims);
  tensor.bytes = std::as_bytes(array.data);
  tensor.owner = owner;
  return tensor;
}

}  // namespace

std::vector<NamedTensor> parse_npz(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::string file = "'" + name + "'";
  std::vector<NamedTensor> tensors;
  for (const auto& entry : Archive(bytes, file).entries()) tensors.push_back(tensor_of(entry, file));
  return tensors;
}

}  // namespace facenet
