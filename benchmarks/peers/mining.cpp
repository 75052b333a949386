// A batch's distances, triplets, loss and gradient, for benchmarks/peers/mining.py.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <facenet/train/triplet_loss.hpp>
#include <facenet/train/triplet_miner.hpp>

#include "base/threads.hpp"
#include "serve.hpp"

using namespace facenet;

// --embeddings FILE: n*d floats; --labels FILE: n of 32 bits; --what mine (distances and triplets) or loss (and the
// loss with its gradient).
int main(int count, char** words) {
  const auto read = [&](std::string_view name, auto value) {
    std::ifstream file(peers::option(count, words, name, ""), std::ios::binary);
    std::vector<decltype(value)> values;
    for (; file.read(reinterpret_cast<char*>(&value), sizeof(value));) values.push_back(value);
    return values;
  };
  const ThreadScope threads(std::stoi(peers::option(count, words, "--threads", "1")));
  const auto labels = read("--labels", std::int32_t{});
  const auto embeddings = read("--embeddings", float{});
  if (labels.empty() || embeddings.empty()) {
    std::cerr << "peer_mining wants --labels and --embeddings\n";
    return 2;
  }
  const bool loss = peers::option(count, words, "--what", "mine") == "loss";
  const std::size_t n = labels.size();
  const std::size_t d = embeddings.size() / n;
  std::uint64_t step = 0;
  peers::serve([&] {
    const auto distances = pairwise_squared_distances(embeddings, n, d);
    const auto selection = TripletMiner().mine(distances, labels, ++step);
    if (loss) TripletLoss().compute(embeddings, n, d, distances, selection);
  });
}
