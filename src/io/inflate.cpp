// Blocks of literals and of copies from what has been written, in Huffman codes: canonical ones, so that the number of
// codes of each length and the symbols in their order are all there is to know (RFC 1951, 3.2.2).
#include "io/inflate.hpp"

#include <algorithm>
#include <array>

#include <facenet/error.hpp>

namespace facenet {
namespace {

constexpr int kLongestCode = 15;
constexpr std::uint64_t kMostGain = 1032;  // 258 bytes from two bits

class Huffman {
 public:
  /// False when the lengths make more codes than there are; fewer are allowed, and met as an error when one is read.
  bool assign(std::span<const std::uint8_t> lengths) {
    counts_.fill(0);
    for (const auto length : lengths) ++counts_[length];
    counts_[0] = 0;
    int free = 1;
    std::array<std::uint16_t, kLongestCode + 2> first{};
    for (std::size_t length = 1; length <= kLongestCode; ++length) {
      free = 2 * free - counts_[length];
      if (free < 0) return false;
      first[length + 1] = static_cast<std::uint16_t>(first[length] + counts_[length]);
    }
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
      if (lengths[symbol] != 0) symbols_[first[lengths[symbol]]++] = static_cast<std::uint16_t>(symbol);
    }
    return true;
  }

  /// The symbol whose code the bits begin with; -1 when there is none.
  template <typename NextBit>
  int read(NextBit&& next_bit) const {
    int code = 0;
    int first = 0;
    int index = 0;
    for (std::size_t length = 1; length <= kLongestCode; ++length) {
      code |= next_bit();
      const int count = counts_[length];
      if (code - first < count) return symbols_[static_cast<std::size_t>(index + code - first)];
      index += count;
      first = 2 * (first + count);
      code *= 2;
    }
    return -1;
  }

 private:
  std::array<std::uint16_t, kLongestCode + 1> counts_{};
  std::array<std::uint16_t, 288> symbols_{};
};

constexpr std::array<std::uint16_t, 29> kLengthBase = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<std::uint8_t, 29> kLengthBits = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                      2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<std::uint16_t, 30> kDistanceBase = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                                         33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                                         1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr std::array<std::uint8_t, 30> kDistanceBits = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                        6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
constexpr std::array<std::uint8_t, 19> kLengthOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                       11, 4,  12, 3, 13, 2, 14, 1, 15};

class Inflater {
 public:
  Inflater(std::span<const std::uint8_t> in, std::uint64_t size, const std::string& what)
      : in_(in), size_(static_cast<std::size_t>(size)), what_(what) {
    out_.reserve(size_);
  }

  std::vector<std::uint8_t> run() {
    bool last = false;
    while (!last) {
      last = bits(1) != 0;
      switch (bits(2)) {
        case 0:
          stored();
          break;
        case 1:
          fixed();
          break;
        case 2:
          dynamic();
          break;
        default:
          fail("a block is of no known kind");
      }
    }
    if (out_.size() != size_) fail("they are fewer than the " + std::to_string(size_) + " bytes promised");
    if (at_ != in_.size()) fail("something follows them");
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw FormatError(what_ + ": its compressed bytes are damaged: " + why);
  }

  unsigned bits(unsigned count) {
    while (held_ < count) {
      if (at_ == in_.size()) fail("they are cut off");
      hold_ |= std::uint32_t{in_[at_++]} << held_;
      held_ += 8;
    }
    const unsigned value = hold_ & ((1U << count) - 1);
    hold_ >>= count;
    held_ -= count;
    return value;
  }

  unsigned symbol(const Huffman& code) {
    const int value = code.read([this] { return static_cast<int>(bits(1)); });
    if (value < 0) fail("a code has no meaning");
    return static_cast<unsigned>(value);
  }

  void require_room(std::size_t count) const {
    if (count > size_ - out_.size()) fail("they are more than the " + std::to_string(size_) + " bytes promised");
  }

  void stored() {
    hold_ = held_ = 0;  // to the next whole byte; never more than seven bits are held
    const unsigned count = bits(16);
    if (bits(16) != (~count & 0xffffU)) fail("a length does not agree with its complement");
    if (count > in_.size() - at_) fail("they are cut off");
    require_room(count);
    const auto part = in_.subspan(at_, count);
    out_.insert(out_.end(), part.begin(), part.end());
    at_ += count;
  }

  void fixed() {
    std::array<std::uint8_t, 288> lengths{};
    std::fill_n(lengths.begin(), 144, std::uint8_t{8});
    std::fill(lengths.begin() + 144, lengths.begin() + 256, std::uint8_t{9});
    std::fill(lengths.begin() + 256, lengths.begin() + 280, std::uint8_t{7});
    std::fill(lengths.begin() + 280, lengths.end(), std::uint8_t{8});
    std::array<std::uint8_t, 30> distances{};
    distances.fill(5);
    codes(lengths, distances);
  }

  void dynamic() {
    const std::size_t literals = bits(5) + 257;
    const std::size_t distances = bits(5) + 1;
    const std::size_t count = bits(4) + 4;
    if (literals > 286 || distances > 30) fail("a block has too many codes");
    std::array<std::uint8_t, 19> order{};
    for (std::size_t i = 0; i < count; ++i) order[kLengthOrder[i]] = static_cast<std::uint8_t>(bits(3));
    Huffman code;
    if (!code.assign(order)) fail("a block's codes overlap");
    std::array<std::uint8_t, 286 + 30> lengths{};
    for (std::size_t i = 0; i < literals + distances;) {
      const unsigned length = symbol(code);
      if (length < 16) {
        lengths[i++] = static_cast<std::uint8_t>(length);
        continue;
      }
      if (length == 16 && i == 0) fail("a code length repeats nothing");
      const std::uint8_t value = length == 16 ? lengths[i - 1] : std::uint8_t{0};
      const unsigned repeat = length == 16 ? 3 + bits(2) : length == 17 ? 3 + bits(3) : 11 + bits(7);
      if (repeat > literals + distances - i) fail("there are more code lengths than codes");
      std::fill_n(lengths.begin() + static_cast<std::ptrdiff_t>(i), repeat, value);
      i += repeat;
    }
    codes(std::span(lengths).first(literals), std::span(lengths).subspan(literals, distances));
  }

  void codes(std::span<const std::uint8_t> literal_lengths, std::span<const std::uint8_t> distance_lengths) {
    Huffman literals;
    Huffman distances;
    if (!literals.assign(literal_lengths) || !distances.assign(distance_lengths)) fail("a block's codes overlap");
    for (unsigned value = symbol(literals); value != 256; value = symbol(literals)) {
      if (value < 256) {
        require_room(1);
        out_.push_back(static_cast<std::uint8_t>(value));
        continue;
      }
      if (value - 257 >= kLengthBase.size()) fail("a length has no meaning");
      const std::size_t length = kLengthBase[value - 257] + bits(kLengthBits[value - 257]);
      const unsigned far = symbol(distances);
      if (far >= kDistanceBase.size()) fail("a distance has no meaning");
      const std::size_t distance = kDistanceBase[far] + bits(kDistanceBits[far]);
      if (distance > out_.size()) fail("a copy begins before the first byte");
      require_room(length);
      for (std::size_t i = 0; i < length; ++i) out_.push_back(out_[out_.size() - distance]);
    }
  }

  std::span<const std::uint8_t> in_;
  std::size_t at_ = 0;
  std::uint32_t hold_ = 0;  // bits read from `in_` and not used yet, the next one lowest
  unsigned held_ = 0;
  std::vector<std::uint8_t> out_;
  std::size_t size_;
  const std::string& what_;
};

}  // namespace

std::vector<std::uint8_t> inflate(std::span<const std::uint8_t> compressed, std::uint64_t size,
                                  const std::string& what) {
  if (size / kMostGain > compressed.size()) {
    throw FormatError(what + ": " + std::to_string(compressed.size()) + " compressed bytes cannot give " +
                      std::to_string(size));
  }
  return Inflater(compressed, size, what).run();
}

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  static const auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xedb88320U : 0U);
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t crc = 0xffffffffU;
  for (const auto byte : bytes) crc = (crc >> 8U) ^ kTable[(crc ^ byte) & 0xffU];
  return ~crc;
}

}  // namespace facenet
