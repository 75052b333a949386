// npz archives of any arrays, right or wrong.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace facenet::test {

/// `count` bytes of a number, the lowest first.
inline std::string little(std::uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xffU);
  return bytes;
}

/// A file of numpy.save: "<f4", "(2, 3)" and the numbers as they lie in memory.
inline std::string npy_of(const std::string& type, const std::string& shape, const std::string& data) {
  const std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return "\x93NUMPY" + little(1, 2) + little(header.size(), 2) + header + data;
}

/// What numpy.savez writes of arrays by their names, each a file of npy_of.
inline std::string npz_of(const std::vector<std::pair<std::string, std::string>>& arrays) {
  std::string file;
  std::string directory;
  for (const auto& [array, bytes] : arrays) {
    std::uint32_t crc = 0xffffffffU;
    for (const char byte : bytes) {
      crc ^= static_cast<unsigned char>(byte);
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ (0xedb88320U & (0U - (crc & 1U)));
    }
    const std::string name = array + ".npy";
    const std::string entry = little(20, 2) + little(0, 8) + little(~crc, 4) + little(bytes.size(), 4) +
                              little(bytes.size(), 4) + little(name.size(), 2) + little(0, 2);
    directory += little(0x02014b50, 4) + little(20, 2) + entry + std::string(10, '\0') + little(file.size(), 4) + name;
    file += little(0x04034b50, 4) + entry + name + bytes;
  }
  return file + directory + little(0x06054b50, 4) + little(0, 4) + little(arrays.size(), 2) + little(arrays.size(), 2) +
         little(directory.size(), 4) + little(file.size(), 4) + little(0, 2);
}

}  // namespace facenet::test
