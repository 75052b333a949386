// How a program of ours takes turns with its peers: benchmarks/peers/common.py asks on standard input, it answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

namespace facenet::peers {

/// Reads a number of repetitions from each line of standard input, does them all by `run`, and answers the seconds as a
/// line of JSON. Returns at the end of the input.
template <typename Run>
void serve_counts(const Run& run) {
  for (std::int64_t count = 0; std::cin >> count;) {
    const auto start = std::chrono::steady_clock::now();
    run(count);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("{\"seconds\": %.9g}\n", seconds.count());
    std::fflush(stdout);
  }
}

/// The same for a function that does the work once.
template <typename Once>
void serve(const Once& once) {
  serve_counts([&](std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) once();
  });
}

/// What follows `name` on the command line, else `fallback`.
inline std::string option(int count, char** words, std::string_view name, std::string fallback) {
  for (int i = 1; i + 1 < count; ++i) {
    if (words[i] == name) return words[i + 1];
  }
  return fallback;
}

}  // namespace facenet::peers
