// Tensors of ONNX files: nothing read is trusted.
#include "io/onnx_constant.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "base/half.hpp"

namespace facenet {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie in memory");

constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;

using Type = onnx::TensorProto;

std::size_t bytes_of_element(int type, const std::string& what) {
  switch (type) {
    case Type::BOOL:
    case Type::UINT8:
    case Type::INT8:
      return 1;
    case Type::FLOAT16:
    case Type::BFLOAT16:
      return 2;
    case Type::FLOAT:
    case Type::INT32:
      return 4;
    case Type::DOUBLE:
    case Type::INT64:
      return 8;
    default:
      throw FormatError(what + ": holds numbers of type " + std::to_string(type) +
                        " of ONNX, which cannot be read; export the network with floats");
  }
}

template <typename T>
T at(const std::string& bytes, std::size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

// Values from raw bytes; from the lists of a tensor without any.
void fill_raw(OnnxConstant& result, int type, const std::string& bytes) {
  const std::size_t count = result.size();
  if (result.whole) {
    for (std::size_t i = 0; i < count; ++i) {
      result.integers[i] = type == Type::INT64   ? at<std::int64_t>(bytes, i)
                           : type == Type::INT32 ? at<std::int32_t>(bytes, i)
                           : type == Type::INT8  ? at<std::int8_t>(bytes, i)
                                                 : at<std::uint8_t>(bytes, i);
    }
    return;
  }
  const auto to = result.floats.floats();
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = type == Type::FLOAT     ? at<float>(bytes, i)
            : type == Type::DOUBLE  ? static_cast<float>(at<double>(bytes, i))
            : type == Type::FLOAT16 ? float_from_half(at<std::uint16_t>(bytes, i))
                                    : float_from_bfloat16(at<std::uint16_t>(bytes, i));
  }
}

void fill_listed(OnnxConstant& result, const onnx::TensorProto& tensor, const std::string& what) {
  const auto listed = [&](const auto& list, auto&& put) {
    if (static_cast<std::size_t>(list.size()) != result.size()) {
      throw FormatError(what + ": holds " + std::to_string(list.size()) + " numbers, and its shape " +
                        result.shape.text() + " wants " + std::to_string(result.size()));
    }
    std::size_t i = 0;
    for (const auto value : list) put(i++, value);
  };
  const auto integer = [&](std::size_t i, auto value) { result.integers[i] = static_cast<std::int64_t>(value); };
  const auto number = [&](std::size_t i, auto value) { result.floats.floats()[i] = static_cast<float>(value); };
  switch (tensor.data_type()) {
    case Type::FLOAT:
      return listed(tensor.float_data(), number);
    case Type::DOUBLE:
      return listed(tensor.double_data(), number);
    case Type::INT64:
      return listed(tensor.int64_data(), integer);
    case Type::FLOAT16:
      return listed(tensor.int32_data(), [&](std::size_t i, std::int32_t value) {
        number(i, float_from_half(static_cast<std::uint16_t>(value)));
      });
    case Type::BFLOAT16:
      return listed(tensor.int32_data(), [&](std::size_t i, std::int32_t value) {
        number(i, float_from_bfloat16(static_cast<std::uint16_t>(value)));
      });
    default:
      return listed(tensor.int32_data(), integer);
  }
}

std::uint64_t unsigned_number(const std::string& text, const std::string& what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw FormatError(what + ": '" + printable(text.substr(0, 40)) + "' is no offset or length in a file");
  }
  return value;
}

// The file inside the folder; symbolic links are followed, and must not lead out of it either.
std::filesystem::path inside(const std::filesystem::path& folder, const std::string& location,
                             const std::string& what) {
  const std::string refers = what + ": refers to the file '" + printable(location.substr(0, 200)) + "'";
  const std::filesystem::path relative(location);
  bool climbs = location.empty() || relative.is_absolute() || location.find('\0') != std::string::npos;
  for (const auto& part : relative) climbs = climbs || part == "..";
  std::error_code error;
  const auto root = std::filesystem::canonical(folder, error);
  const auto target = error || climbs ? std::filesystem::path() : std::filesystem::canonical(root / relative, error);
  if (error) throw FormatError(refers + ", which is not there");
  const auto [end, ignored] = std::mismatch(root.begin(), root.end(), target.begin(), target.end());
  if (climbs || end != root.end()) throw FormatError(refers + ", which is not in the folder of the ONNX file");
  if (!std::filesystem::is_regular_file(target, error)) throw FormatError(refers + ", which is no regular file");
  return target;
}

bool is_external(const onnx::TensorProto& tensor) { return tensor.data_location() == onnx::TensorProto::EXTERNAL; }

Shape shape_of(const onnx::TensorProto& tensor, const std::string& what) {
  const std::vector<std::int64_t> extents(tensor.dims().begin(), tensor.dims().end());
  return checked_onnx_shape(extents, what);
}

std::string external_bytes(const onnx::TensorProto& tensor, const std::optional<std::filesystem::path>& folder,
                           std::size_t wanted, const std::string& what) {
  std::string location;
  std::uint64_t offset = 0;
  std::uint64_t length = wanted;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = unsigned_number(entry.value(), what);
    if (entry.key() == "length") length = unsigned_number(entry.value(), what);
  }
  if (!folder) throw FormatError(what + ": lies in another file, and there is no folder to look in");
  const auto path = inside(*folder, location, what);
  const std::string where = what + ": '" + printable(location) + "'";
  if (length != wanted) {
    throw FormatError(where + " has " + std::to_string(length) + " bytes for it, and its shape wants " +
                      std::to_string(wanted));
  }
  std::error_code error;
  const std::uint64_t present = std::filesystem::file_size(path, error);
  if (error || offset > present || length > present - offset) {
    throw FormatError(where + " ends before the tensor does: the file is cut off");
  }
  std::string bytes(wanted, '\0');
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  if (!file.read(bytes.data(), static_cast<std::streamsize>(wanted))) throw IoError(where + " cannot be read");
  return bytes;
}

}  // namespace

Shape checked_onnx_shape(std::span<const std::int64_t> extents, const std::string& what) {
  std::int64_t elements = 1;
  for (const auto extent : extents) {
    if (extent < 0 || extent > kMaxElements || (elements *= extent) > kMaxElements) {
      throw FormatError(what + ": has an extent of " + std::to_string(extent) + ", which is beyond all bounds");
    }
  }
  if (extents.size() > Shape::kMaxRank) {
    throw FormatError(what + ": has " + std::to_string(extents.size()) + " axes; six are the most");
  }
  return Shape(extents);
}

std::uint64_t onnx_external_bytes(const onnx::TensorProto& tensor, const std::string& what) {
  if (!is_external(tensor)) return 0;
  return static_cast<std::uint64_t>(shape_of(tensor, what).elements()) * bytes_of_element(tensor.data_type(), what);
}

OnnxConstant onnx_constant(const onnx::TensorProto& tensor, const std::optional<std::filesystem::path>& folder,
                           const std::string& what) {
  OnnxConstant result{.name = tensor.name(), .shape = shape_of(tensor, what)};
  const int type = tensor.data_type();
  const std::size_t wanted = result.size() * bytes_of_element(type, what);
  if (tensor.has_segment()) throw FormatError(what + ": is stored in segments, which nobody writes");
  const bool external = is_external(tensor);
  std::string bytes;
  if (external) bytes = external_bytes(tensor, folder, wanted, what);
  const std::string& raw = external ? bytes : tensor.raw_data();
  const bool listed = !external && !tensor.has_raw_data();
  // Before memory is taken for the values: as many must be there.
  const std::size_t lists =
      static_cast<std::size_t>(tensor.float_data_size()) + static_cast<std::size_t>(tensor.double_data_size()) +
      static_cast<std::size_t>(tensor.int32_data_size()) + static_cast<std::size_t>(tensor.int64_data_size());
  if (listed ? lists != result.size() : raw.size() != wanted) {
    throw FormatError(what + ": its shape " + result.shape.text() + " wants " +
                      std::to_string(listed ? result.size() : wanted) + (listed ? " numbers" : " bytes") +
                      ", and there are " + std::to_string(listed ? lists : raw.size()));
  }
  result.whole = type != Type::FLOAT && type != Type::DOUBLE && type != Type::FLOAT16 && type != Type::BFLOAT16;
  if (result.whole) {
    result.integers.resize(result.size());
  } else {
    result.floats = Tensor(TensorSpec{result.shape});
  }
  if (listed) {
    fill_listed(result, tensor, what);
  } else {
    fill_raw(result, type, raw);
  }
  return result;
}

}  // namespace facenet
