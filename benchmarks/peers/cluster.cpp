// Groups for the turns that benchmarks/peers/cluster.py takes; with --known and --people, at a threshold from these,
// which is answered.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>

#include <facenet/clusterer.hpp>
#include <facenet/embeddings.hpp>

#include "base/threads.hpp"
#include "serve.hpp"

namespace peers = facenet::peers;

int main(int count, char** words) {
  const auto text = [&](const char* name, const char* fallback) { return peers::option(count, words, name, fallback); };
  const facenet::ThreadScope threads(std::max(1, std::stoi(text("--threads", "1"))));
  const facenet::Embeddings rows = facenet::read_npy(text("--embeddings", "rows.npy"));
  facenet::Clusterer::Parameters parameters{.method = facenet::cluster_method_from_name(text("--method", "average"))};
  if (text("--known", "").empty()) {
    parameters.threshold = std::stof(text("--threshold", "1"));
    const facenet::Clusterer clusterer(parameters);
    peers::serve([&] { clusterer.cluster(rows); });
    return 0;
  }
  const facenet::Embeddings known = facenet::read_npy(text("--known", ""));
  const facenet::Embeddings people = facenet::read_npy(text("--people", ""));  // numbers as float32, one a row
  const std::vector<std::int32_t> numbers(people.values.begin(), people.values.end());
  parameters.threshold = facenet::calibrate_clustering(known, numbers, parameters).threshold;
  const facenet::Clustering found = facenet::Clusterer(parameters).cluster(rows);
  facenet::write_npy(text("--labels", "labels.npy"), {1, {found.labels.begin(), found.labels.end()}});
  std::string line;
  std::getline(std::cin, line);
  std::printf("{\"threshold\": %.9g}\n", static_cast<double>(*parameters.threshold));
}
