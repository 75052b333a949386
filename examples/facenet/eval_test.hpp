// What a model is tested on by facenet eval: a published protocol or a list of pairs, and the distances it gives there.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <facenet/evaluation.hpp>
#include <facenet/protocols.hpp>

#include "faces.hpp"

namespace facenet::program {

struct TestOptions {
  FaceOptions faces;
  std::string lfw;
  std::string pairs;
  std::string root;
  std::string cfp;
  std::string cfp_test = "FP";
  std::string ytf;
  std::string ijb;
  std::string bin;
  int frames = 100;
  std::string folds;
  std::string embeddings;
  std::string codes;
  std::string codes_from;
  bool codes_both = false;
};

/// Which test, and where its embeddings come from.
void add_test_options(CLI::App& app, TestOptions& options);

/// One of the kinds is there; none of them: pairs are to be drawn from the folders of `root`.
struct Test {
  std::optional<PairList> list{};
  std::optional<SetPairs> sets{};
  std::optional<PackedPairs> packed{};
  SetDistance set_distance = SetDistance::templates;
  std::filesystem::path root;  ///< what names are relative to
  std::string landmarks{};     ///< file, or empty
  std::string data;            ///< in words
  int person_level = 1;        ///< the folder so many levels above an image or a clip bears the person's name; 0: none

  bool has_pairs() const { return list || sets || packed; }
  std::size_t pairs() const;
};

/// UsageError unless exactly one test is given, with options that fit it.
Test open_test(const TestOptions& options);

/// A pair in words.
struct PairNames {
  std::array<std::string, 2> names;
  std::array<std::string, 2> people{};  ///< empty where the test does not tell
};
PairNames names_of_pair(const Test& test, std::size_t number);

/// Distances beside the truth, and whose they are.
struct Scored {
  std::vector<ScoredPair> pairs;
  std::vector<std::size_t> numbers;  ///< of each, among the pairs of the test
  std::optional<Model> model{};      ///< absent where the embeddings came from a file
  std::string model_words;
  std::set<std::string> people{};  ///< whose the pairs are; empty where the test does not tell
  std::size_t images = 0;          ///< that were asked for, failed ones included
  std::size_t left_out = 0;        ///< pairs
  std::vector<float> norms{};      ///< of the embeddings of a list's images
};

Scored score(const Common& common, const TestOptions& options, const Test& test, Failures& failures);

}  // namespace facenet::program
