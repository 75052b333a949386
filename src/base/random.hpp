// Random numbers that are the same on every machine and compiler: the standard library's distributions are not.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>

namespace facenet {

/// SplitMix64: turns any 64-bit value into a well-mixed one. Used to derive independent seeds.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

/// A number in [0, count) from 64 random bits; count > 0.
constexpr std::uint64_t scaled(std::uint64_t random, std::uint64_t count) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(random) * count) >> 64U);
}

/// A generator (xoshiro256**, Blackman and Vigna 2018) with the draws that the library needs. Copyable; its four words
/// are its whole state, so a checkpoint can keep them. Belongs to one thread.
class Random {
 public:
  using State = std::array<std::uint64_t, 4>;

  explicit Random(std::uint64_t seed = 1) {
    for (auto& word : state_) word = seed = mix(seed);
  }
  /// An independent generator for (seed, stream), e.g. one for each image of a batch.
  Random(std::uint64_t seed, std::uint64_t stream) : Random(mix(seed) ^ mix(stream ^ 0x5851f42d4c957f2dULL)) {}
  explicit Random(const State& state) : state_(state) {}

  const State& state() const { return state_; }

  std::uint64_t next() {
    const std::uint64_t result = rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform in [0, count); count > 0.
  std::uint64_t below(std::uint64_t count) { return scaled(next(), count); }
  bool chance(double probability) { return uniform() < probability; }
  /// Standard normal (Box-Muller; the second value is not kept, so that the state is the four words alone).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }
  /// Fisher-Yates.
  template <typename T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  static constexpr std::uint64_t rotl(std::uint64_t x, unsigned k) { return (x << k) | (x >> (64U - k)); }
  State state_{};
};

}  // namespace facenet
