// Search for the turns that benchmarks/peers/search.py takes: rows and queries from its .npy files, one kind of index.
#include <cstdio>
#include <memory>
#include <numeric>

#include <facenet/embeddings.hpp>

#include "base/threads.hpp"
#include "gallery/index.hpp"
#include "serve.hpp"

namespace peers = facenet::peers;

int main(int count, char** words) {
  const auto text = [&](const char* name, const char* fallback) { return peers::option(count, words, name, fallback); };
  const facenet::ThreadScope threads(std::max(1, std::stoi(text("--threads", "1"))));
  const facenet::Embeddings queries = facenet::read_npy(text("--queries", "queries.npy"));
  const auto k = std::stoll(text("--k", "10"));
  std::unique_ptr<facenet::Index> index;
  {
    const facenet::Embeddings rows = facenet::read_npy(text("--rows", "rows.npy"));
    std::vector<std::int64_t> ids(rows.size());
    std::iota(ids.begin(), ids.end(), 0);
    index = facenet::build_index(facenet::index_kind_from_name(text("--index", "exact")), rows, ids);
  }
  const std::string found = text("--found", "");
  if (!found.empty()) {  // ids as float32, so that what was found can be compared
    facenet::Embeddings ids{static_cast<std::size_t>(k), {}};
    for (const auto& hits : index->search(queries, k)) {
      for (const auto& hit : hits) ids.values.push_back(static_cast<float>(hit.id));
    }
    facenet::write_npy(found, ids);
  }
  peers::serve([&] { index->search(queries, k); });
}
