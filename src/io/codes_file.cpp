// Codes in files: NumPy's npy of uint8, and beside it the codec as JSON.
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "facenet/error.hpp"
#include "io/json.hpp"
#include "io/npy.hpp"
#include "metric/codec.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kMostDimensions = 65536;
constexpr std::uint64_t kMostCodecBytes = std::uint64_t{256} << 20U;  // 4096 x 4096 numbers as text

Json numbers(std::span<const float> values) {
  Json list = Json::array();
  // As doubles of the shortest text that reads back to the same float.
  for (const float value : values) list.push_back(value);
  return list;
}

std::vector<float> read_numbers(const Json& codec, const char* key, std::size_t count, const std::string& what) {
  const Json& list = member(codec, key, Json::value_t::array, what);
  if (list.size() != count) {
    throw FormatError(what + ": '" + key + "' has " + std::to_string(list.size()) + " numbers, and should have " +
                      std::to_string(count));
  }
  std::vector<float> values;
  values.reserve(count);
  for (const Json& value : list) values.push_back(checked_float(value, what + ", '" + key + "'"));
  return values;
}

std::string codec_text(const Codec::Data& data) {
  Json json{{"facenet.codec", 1},
            {"form", data.form},
            {"dimension", data.dimension},
            {"low", numbers(data.low)},
            {"step", numbers(data.step)}};
  if (!data.directions.empty()) {
    json["mean"] = numbers(data.mean);
    json["directions"] = numbers(data.directions);
  }
  return json_text(json) + "\n";
}

Codec parse_codec(std::string_view text, const std::string& what) {
  const Json json = parse_json(text, what);
  if (checked_integer(member(json, "facenet.codec", Json::value_t::number_unsigned, what), 0, 1 << 30, what) != 1) {
    throw FormatError(what + ": a codec of a later version; this program knows version 1");
  }
  auto data = std::make_shared<Codec::Data>();
  data->form = member(json, "form", Json::value_t::string, what).get<std::string>();
  data->dimension = static_cast<std::size_t>(checked_integer(
      member(json, "dimension", Json::value_t::number_unsigned, what), 1, kMostDimensions, what + ", 'dimension'"));
  CodeForm form;
  try {
    form = parse_code_form(data->form);
  } catch (const InvalidArgument& error) {
    throw FormatError(what + ": " + error.what());
  }
  data->one_bit = form.one_bit;
  if (form.components > data->dimension) {
    throw FormatError(what + ": " + data->form + " of " + std::to_string(data->dimension) + " dimensions");
  }
  const std::size_t components = form.components == 0 ? data->dimension : form.components;
  data->low = read_numbers(json, "low", components, what);
  data->step = read_numbers(json, "step", components, what);
  if (form.components > 0) {
    data->mean = read_numbers(json, "mean", data->dimension, what);
    data->directions = read_numbers(json, "directions", components * data->dimension, what);
  }
  // Far beyond unit length: what is decoded must be finite, and so must distances.
  for (const auto* list : {&data->low, &data->step, &data->mean, &data->directions}) {
    for (const float value : *list) {
      if (!(value > -1e6F && value < 1e6F)) throw FormatError(what + ": a number beyond a million");
    }
  }
  for (const float step : data->step) {
    if (step < 0) throw FormatError(what + ": a step below 0");
  }
  return Codec(std::move(data));
}

}  // namespace

std::filesystem::path codec_beside(const std::filesystem::path& npy) {
  auto path = npy;
  return path.replace_extension(".codec.json");
}

void write_codes(const std::filesystem::path& path, const CodedEmbeddings& coded, const std::filesystem::path& beside,
                 std::string_view text) {
  if (coded.codes.bytes != coded.codec.bytes() || coded.codes.size() * coded.codes.bytes != coded.codes.values.size()) {
    throw InvalidArgument("write_codes: codes of " + std::to_string(coded.codes.bytes) + " bytes, and the codec has " +
                          std::to_string(coded.codec.bytes()));
  }
  AtomicFile file(path);
  file.write(npy_header("|u1", coded.codes.size(), coded.codes.bytes));
  file.write(std::as_bytes(std::span(coded.codes.values)));
  AtomicFile codec_file(codec_beside(path));
  codec_file.write(codec_text(coded.codec.data()));
  AtomicFile text_file(beside);
  text_file.write(text);
  file.commit();
  codec_file.commit();
  text_file.commit();
}

CodedEmbeddings read_codes(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  const std::string file = "'" + printable(path) + "'";
  const NpyArray array = parse_npy_array(bytes, printable(path));
  if (array.type != "|u1" || array.shape.size() != 2) {
    throw FormatError(file + " holds no codes: they are uint8 ('|u1') in two dimensions");
  }
  const std::uint64_t rows = array.shape[0];
  const std::uint64_t each = array.shape[1];
  const bool fits = each == 0 ? false : rows <= array.data.size() / each && rows * each == array.data.size();
  if (!fits) {
    throw FormatError(file + ": [" + std::to_string(rows) + "," + std::to_string(each) + "] bytes do not fit its " +
                      std::to_string(array.data.size()) + " bytes of data: it may be cut off");
  }
  const auto beside = codec_beside(path);
  const auto text = read_file(beside, kMostCodecBytes);
  const std::string what = "'" + printable(beside) + "'";
  const Codec codec = parse_codec({reinterpret_cast<const char*>(text.data()), text.size()}, what);
  if (codec.bytes() != each) {
    throw FormatError(file + " has codes of " + std::to_string(each) + " bytes, and " + what + " is for " +
                      std::to_string(codec.bytes()));
  }
  return {codec, {static_cast<std::size_t>(each), {array.data.begin(), array.data.end()}}};
}

bool holds_codes(const std::filesystem::path& path) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  std::string head(256, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  return head.starts_with(kMagic) && head.find("'|u1'") != std::string::npos;
}

Embeddings read_embeddings(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  if (parse_npy_array(bytes, printable(path)).type != "|u1") return parse_npy(bytes, printable(path));
  const CodedEmbeddings coded = read_codes(path);
  return coded.codec.decode(coded.codes);
}

}  // namespace facenet
