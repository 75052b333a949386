// Every row is looked at. The distance of a query to a code, with its components y and the middle m of their levels:
//   |y - m - step * c|^2 + rest = (|y - m|^2 + rest) + |step * c|^2 - 2 <(y - m) * step, c>,  c from -128 to 127
// so that a code needs one number of its own, and the product is one of floats with bytes.
#include "gallery/exact_index.hpp"

#include "facenet/error.hpp"
#include "metric/codec.hpp"
#include "metric/scan.hpp"

namespace facenet {
namespace {

std::int64_t components_of(const Codec& codec) {
  if (codec.data().one_bit) {
    throw InvalidArgument("index: codes of " + codec.form() + " are not searched; take 8bit or pcaN, like pca64");
  }
  return static_cast<std::int64_t>(codec.data().components());
}

}  // namespace

ExactIndex::ExactIndex(std::int64_t dimension) : Index(dimension), rows_(dimension, SearchRows::Element::float32) {}

ExactIndex::ExactIndex(Codec codec)
    : Index(static_cast<std::int64_t>(codec.dimension())),
      codec_(std::move(codec)),
      rows_(components_of(*codec_), SearchRows::Element::byte) {}

IndexInfo ExactIndex::describe() const {
  return {.kind = codec_ ? IndexKind::codes : IndexKind::exact, .size = rows_.size(), .bytes = rows_.bytes()};
}

void ExactIndex::append_codes(std::span<const std::int64_t> ids, const Embeddings& rows) {
  const Codec::Data& data = codec_->data();
  const Codes codes = codec_->encode(rows);
  std::vector<std::int8_t> centred(codes.bytes);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    float bias = 0;
    for (std::size_t c = 0; c < codes.bytes; ++c) {
      centred[c] = static_cast<std::int8_t>(static_cast<int>(codes[i][c]) - 128);
      const float value = data.step[c] * static_cast<float>(centred[c]);
      bias += value * value;
    }
    rows_.append(ids[i], centred.data(), bias);
  }
}

void ExactIndex::insert(std::span<const std::int64_t> ids, const Embeddings& rows) {
  std::int64_t row = rows_.size();
  if (codec_) {
    append_codes(ids, rows);
  } else {
    for (std::size_t i = 0; i < ids.size(); ++i) rows_.append(ids[i], rows[i].data());
  }
  for (const std::int64_t id : ids) places_[id] = row++;
}

void ExactIndex::erase(std::int64_t id) {
  const std::int64_t row = places_.at(id);
  rows_.remove(row);
  places_.erase(id);
  if (row < rows_.size()) places_[rows_.id(row)] = row;  // the last row took its place
}

Hits ExactIndex::nearest(const Embeddings& queries, std::int64_t k, const std::stop_token& stop) const {
  const auto count = static_cast<std::int64_t>(queries.size());
  std::vector<float> own(queries.size());
  if (!codec_) {
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = scan_norm(queries[i].data(), dimension());
    return rows_.nearest(queries.values.data(), own.data(), count, k, stop);
  }
  const Codec::Data& data = codec_->data();
  const std::size_t components = data.components();
  std::vector<float> weights(queries.size() * components);
  for (std::size_t i = 0; i < own.size(); ++i) {
    float* const weight = weights.data() + i * components;
    own[i] = data.project(queries[i], weight);
    for (std::size_t c = 0; c < components; ++c) {
      const float centred = weight[c] - (data.low[c] + 128.0F * data.step[c]);
      own[i] += centred * centred;
      weight[c] = centred * data.step[c];
    }
  }
  return rows_.nearest(weights.data(), own.data(), count, k, stop);
}

}  // namespace facenet
