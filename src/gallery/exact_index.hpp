// Every row is looked at.
#pragma once

#include <unordered_map>

#include "gallery/index.hpp"

namespace facenet {

class ExactIndex final : public Index {
 public:
  explicit ExactIndex(std::int64_t dimension) : Index(dimension), rows_(dimension, SearchRows::Element::float32) {}

 private:
  bool holds(std::int64_t id) const override { return places_.contains(id); }
  void insert(std::span<const std::int64_t> ids, const Embeddings& rows, const std::stop_token& stop) override;
  void erase(std::int64_t id) override;
  Hits nearest(const Embeddings& queries, std::int64_t k, const std::stop_token& stop) const override;
  IndexInfo describe() const override { return {IndexKind::exact, rows_.size(), rows_.bytes()}; }

  SearchRows rows_;
  std::unordered_map<std::int64_t, std::int64_t> places_{};  // id to row
};

}  // namespace facenet
