// Evaluation: how good is a model? Verification by the LFW protocol, on people that it was not trained on.
//
//   example_evaluate_model [MODEL ROOT PAIRS.txt]    LFW's own layout: ROOT/name/name_0001.jpg and its pairs.txt
//                                                    without arguments: generated faces, an untrained network
#include <facenet/facenet.hpp>

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace {

// Generated people: "person/image" names an image. Each fold has people of its own, as in LFW.
facenet::PairList generated_pairs() {
  facenet::PairList list{.folds = 5};
  for (std::int32_t fold = 1; fold <= list.folds; ++fold) {
    for (int i = 0; i < 8; ++i) {
      const std::string person = std::to_string(100 * fold + i);
      const std::string other = std::to_string(100 * fold + (i + 1) % 8);
      list.pairs.push_back({person + "/1", person + "/2", true, fold});
      list.pairs.push_back({person + "/1", other + "/2", false, fold});
    }
  }
  return list;
}

facenet::Image generated(const std::string& name) {
  const auto slash = name.find('/');
  return facenet::generate_face(std::stoul(name.substr(0, slash)), std::stoul(name.substr(slash + 1)), 80).image;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 1 && argc != 4) {
    std::fprintf(stderr, "give a model, a folder and a list of pairs, or nothing\n");
    return 2;
  }
  const facenet::Model model = argc == 4 ? facenet::Model::load(argv[1]) : facenet::Model::create("tiny");
  const facenet::PairList list = argc == 4 ? facenet::read_lfw_pairs(argv[3]) : generated_pairs();

  // Each image once, though it may be in many pairs. With the mirror image averaged in, as is usual in tests.
  facenet::Embedder embedder(model, {.flip = true});
  std::map<std::string, std::vector<float>> embeddings;
  for (const facenet::FacePair& pair : list.pairs) {
    for (const std::string& name : {pair.a, pair.b}) {
      if (embeddings.contains(name)) continue;
      embeddings[name] =
          embedder.embed(argc == 4 ? facenet::Image::open(std::filesystem::path(argv[2]) / name) : generated(name));
    }
  }

  std::vector<facenet::ScoredPair> scored;
  for (const facenet::FacePair& pair : list.pairs) {
    scored.push_back({facenet::squared_distance(embeddings[pair.a], embeddings[pair.b]), pair.same, pair.fold});
  }
  // Each fold is judged at the threshold that is best on the others: no pair has a say in its own threshold.
  const facenet::Verification result = facenet::evaluate_verification(scored, {.far = {1e-1, 1e-3}});
  std::printf("%lld pairs, %lld of the same person\n", static_cast<long long>(result.pairs),
              static_cast<long long>(result.same_pairs));
  std::printf("accuracy %.2f %% +- %.2f, AUC %.4f, EER %.4f\n", 100 * result.accuracy, 100 * result.accuracy_se,
              result.auc, result.eer);
  for (const facenet::ValAtFar& val : result.val) {
    if (val.supported) {
      std::printf("VAL %.4f (95 %%: %.4f to %.4f) at FAR %g\n", val.val, val.low, val.high, val.far);
    } else {
      std::printf("VAL at FAR %g: there are too few pairs of different people to say\n", val.far);
    }
  }
  return 0;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
