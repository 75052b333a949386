// Items as they are given: embeddings, or codes, of which a few at a time are decoded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.hpp"
#include "facenet/codes.hpp"
#include "facenet/embeddings.hpp"

namespace facenet {

/// A view: what it is of must live longer.
class Rows {
 public:
  Rows(const Embeddings& embeddings) : embeddings_(&embeddings) {}  // NOLINT(google-explicit-constructor)
  explicit Rows(const CodedEmbeddings& coded) : coded_(&coded) {}

  std::size_t size() const { return coded_ != nullptr ? coded_->codes.size() : embeddings_->size(); }
  std::size_t dimension() const { return coded_ != nullptr ? coded_->codec.dimension() : embeddings_->dimension; }

  /// Copies of [begin, begin + count), and of those that are named.
  Embeddings block(std::size_t begin, std::size_t count) const;
  Embeddings gather(std::span<const std::int32_t> rows) const;
  /// Of each row, as squared_norms has them.
  std::vector<float> norms() const;

  /// Calls visit(first, rows) for some hundred rows at a time, on all threads, in no particular order.
  template <typename Visit>
  void each_block(Visit&& visit) const {
    constexpr std::size_t kBlock = 256;
    parallel_for(static_cast<std::int64_t>((size() + kBlock - 1) / kBlock), [&](std::int64_t number) {
      const std::size_t first = static_cast<std::size_t>(number) * kBlock;
      visit(first, block(first, std::min(kBlock, size() - first)));
    });
  }

 private:
  const Embeddings* embeddings_ = nullptr;
  const CodedEmbeddings* coded_ = nullptr;
};

}  // namespace facenet
