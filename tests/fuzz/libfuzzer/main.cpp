// libFuzzer's door to the target that $FACENET_FUZZ names; without, it lists them. The target's seeds are written into
// the corpus folder, the first argument that is no option.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <facenet/error.hpp>

#include "../targets.hpp"

namespace {

const facenet::fuzz::Target& target() {
  static const facenet::fuzz::Target chosen = [] {
    const char* name = std::getenv("FACENET_FUZZ");
    for (const auto& each : facenet::fuzz::targets()) {
      if (name != nullptr && each.name == name) return each;
    }
    std::fputs("set FACENET_FUZZ to one of:", stderr);
    for (const auto& each : facenet::fuzz::targets()) std::fprintf(stderr, " %s", std::string(each.name).c_str());
    std::fputs("\n", stderr);
    std::exit(2);
  }();
  return chosen;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  const auto seeds = target().seeds();
  for (int i = 1; i < *count; ++i) {
    const std::filesystem::path folder = (*arguments)[i];
    if (folder.string().starts_with("-")) continue;
    if (std::filesystem::is_regular_file(folder)) break;  // a finding is to be looked at again
    std::filesystem::create_directories(folder);
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      std::ofstream(folder / ("seed-" + std::to_string(s)), std::ios::binary)
          .write(reinterpret_cast<const char*>(seeds[s].data()), static_cast<std::streamsize>(seeds[s].size()));
    }
    break;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    target().read({data, size});
  } catch (const facenet::Error&) {
  }
  return 0;
}
