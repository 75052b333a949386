// Writes networks as dlib serialises them.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "tensor/tensor.hpp"

namespace facenet::test {

class DlibWriter {
 public:
  std::vector<std::uint8_t> bytes;
  std::vector<std::size_t> layers;  ///< where each begins

  /// From the loss to the image; `links`: 2 for a layer, 1 for a tag or skip, 3 for the layer on the image.
  void begin(const std::vector<int>& links, const std::vector<double>& mean = {122.782, 117.001, 104.298},
             std::string_view loss = "loss_metric_2") {
    integer(1);
    word(loss);
    real(0.04F);
    real(0.6F);
    for (const int version : links) integer(version);
    word("input_rgb_image_sized");
    for (const double m : mean) real(static_cast<double>(static_cast<float>(m)));
    integer(150);
    integer(150);
  }

  /// `sizes`: filters, rows, columns, strides, paddings. `numbers`: filters, biases.
  void con(const std::vector<std::int64_t>& sizes, const std::vector<float>& numbers) {
    layer("con_4");
    tensor(numbers);
    for (const auto size : sizes) integer(size);
    part({sizes[0], static_cast<std::int64_t>(numbers.size()) / sizes[0] - 1, 1, 1});
    part({1, sizes[0], 1, 1});
    for (int i = 0; i < 4; ++i) real(i < 3 ? 1 : 0);
    state();
  }
  void affine(const std::vector<float>& numbers) {
    layer("affine_");
    tensor(numbers);
    const auto channels = static_cast<std::int64_t>(numbers.size() / 2);
    for (int i = 0; i < 2; ++i) part({1, channels, 1, 1});
    integer(0);
    state();
  }
  void plain(std::string_view kind, const std::vector<std::int64_t>& sizes = {}) {
    layer(kind);
    for (const auto size : sizes) integer(size);
    state();
  }
  /// `numbers`: [inputs, outputs].
  void fc(std::int64_t outputs, std::int64_t inputs, const std::vector<float>& numbers) {
    layer("fc_2");
    integer(outputs);
    integer(inputs);
    tensor(numbers);
    part({inputs, outputs, 1, 1});
    part({0, 0, 0, 0});
    integer(1);
    for (int i = 0; i < 4; ++i) real(i < 3 ? 1 : 0);
    state();
  }

 private:
  void layer(std::string_view kind) {
    layers.push_back(bytes.size());
    word(kind);
  }
  void integer(std::int64_t value) {
    auto rest = static_cast<std::uint64_t>(value < 0 ? -value : value);
    const std::size_t control = bytes.size();
    bytes.push_back(0);
    do {
      bytes.push_back(static_cast<std::uint8_t>(rest & 0xffU));
      rest >>= 8U;
    } while (rest != 0);
    bytes[control] = static_cast<std::uint8_t>((bytes.size() - control - 1) | (value < 0 ? 0x80U : 0U));
  }
  void real(double value) {
    int exponent = 0;
    const double mantissa = std::frexp(value, &exponent);
    integer(static_cast<std::int64_t>(std::ldexp(mantissa, 53)));
    integer(value == 0 ? 0 : exponent - 53);
  }
  void word(std::string_view text) {
    integer(static_cast<std::int64_t>(text.size()));
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  void tensor(const std::vector<float>& numbers) {
    integer(2);
    const auto count = static_cast<std::int64_t>(numbers.size());
    for (const std::int64_t extent : {count, count > 0 ? std::int64_t{1} : std::int64_t{0}}) integer(extent);
    for (int i = 0; i < 2; ++i) integer(count > 0 ? 1 : 0);
    const auto* raw = reinterpret_cast<const std::uint8_t*>(numbers.data());
    if (!numbers.empty()) bytes.insert(bytes.end(), raw, raw + numbers.size() * sizeof(float));
  }
  void part(const std::vector<std::int64_t>& extents) {
    integer(1);
    for (const auto extent : extents) integer(extent);
  }
  void state() {
    for (const char c : {'1', '1', '0'}) bytes.push_back(static_cast<std::uint8_t>(c));
    for (int i = 0; i < 3; ++i) tensor({});
    if (layers.size() == 1) integer(1);
  }
};

}  // namespace facenet::test
