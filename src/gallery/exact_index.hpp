// Every row is looked at: in float32, or as codes of a byte for each component.
#pragma once

#include <optional>
#include <unordered_map>

#include "facenet/codes.hpp"
#include "gallery/index.hpp"

namespace facenet {

class ExactIndex final : public Index {
 public:
  explicit ExactIndex(std::int64_t dimension);
  /// Queries stay float32: a distance is that to the decoded code. InvalidArgument for codes of bits.
  explicit ExactIndex(Codec codec);

 private:
  bool holds(std::int64_t id) const override { return places_.contains(id); }
  void insert(std::span<const std::int64_t> ids, const Embeddings& rows) override;
  void erase(std::int64_t id) override;
  Hits nearest(const Embeddings& queries, std::int64_t k, const std::stop_token& stop) const override;
  IndexInfo describe() const override;

  void append_codes(std::span<const std::int64_t> ids, const Embeddings& rows);

  std::optional<Codec> codec_{};
  SearchRows rows_;
  std::unordered_map<std::int64_t, std::int64_t> places_{};  // id to row
};

}  // namespace facenet
