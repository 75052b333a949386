// Celebrities in Frontal-Profile (Sengupta et al. 2016): numbered images and ten folds of pairs of numbers.
#include <array>
#include <cstdio>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/protocols.hpp>

#include "eval/words.hpp"

namespace fs = std::filesystem;

namespace facenet {
namespace {

constexpr std::int32_t kMostFolds = 99;  // as two digits can name

// `number path` in each line, 1, 2, 3, ...; paths are relative to the Protocol folder.
std::vector<std::string> numbered_images(const fs::path& file) {
  WordReader reader(file);
  std::vector<std::string> images;
  for (auto words = reader.words(); !words.empty(); words = reader.words()) {
    if (words.size() != 2) reader.fail("expected 'number path'");
    const auto number = whole_number(words[0]);
    if (!number || static_cast<std::size_t>(*number) != images.size() + 1) {
      reader.fail("'" + printable(words[0]) + "' is not the number " + std::to_string(images.size() + 1));
    }
    images.push_back((fs::path("Protocol") / words[1]).lexically_normal().generic_string());
  }
  return images;
}

void add_pairs(const fs::path& file, const std::vector<std::string>& first, const std::vector<std::string>& second,
               bool same, std::int32_t fold, PairList& list) {
  WordReader reader(file, ",");
  const auto image = [&](const std::string& word, const std::vector<std::string>& images) {
    const auto number = whole_number(word);
    if (!number || *number < 1 || static_cast<std::size_t>(*number) > images.size()) {
      reader.fail("'" + printable(word) + "' is not the number of an image, 1 to " + std::to_string(images.size()));
    }
    return images[static_cast<std::size_t>(*number) - 1];
  };
  for (auto words = reader.words(); !words.empty(); words = reader.words()) {
    if (words.size() != 2) reader.fail("expected two numbers of images");
    list.pairs.push_back({image(words[0], first), image(words[1], second), same, fold, {}});
  }
}

}  // namespace

PairList read_cfp(const fs::path& folder, CfpTest test) {
  const fs::path protocol = folder / "Protocol";
  const auto frontal = numbered_images(protocol / "Pair_list_F.txt");
  const bool profile = test == CfpTest::frontal_profile;
  const auto second = profile ? numbered_images(protocol / "Pair_list_P.txt") : frontal;
  const fs::path split = protocol / "Split" / (profile ? "FP" : "FF");
  PairList list;
  list.folds = 0;
  for (std::int32_t fold = 1; fold <= kMostFolds; ++fold) {
    std::array<char, 8> name{};
    std::snprintf(name.data(), name.size(), "%02d", fold);
    if (fold > 1 && !fs::exists(split / name.data())) break;
    add_pairs(split / name.data() / "same.txt", frontal, second, true, fold, list);
    add_pairs(split / name.data() / "diff.txt", frontal, second, false, fold, list);
    list.folds = fold;
  }
  return list;
}

}  // namespace facenet
