// Copies of rows, decoded where they are codes.
#include "cluster/rows.hpp"

#include "metric/panels.hpp"

namespace facenet {

Embeddings Rows::block(std::size_t begin, std::size_t count) const {
  if (coded_ != nullptr) {
    const auto& all = coded_->codes;
    const auto from = all.values.begin() + static_cast<std::ptrdiff_t>(begin * all.bytes);
    return coded_->codec.decode({all.bytes, {from, from + static_cast<std::ptrdiff_t>(count * all.bytes)}});
  }
  const auto from = embeddings_->values.begin() + static_cast<std::ptrdiff_t>(begin * dimension());
  return {dimension(), {from, from + static_cast<std::ptrdiff_t>(count * dimension())}};
}

Embeddings Rows::gather(std::span<const std::int32_t> rows) const {
  if (coded_ != nullptr) {
    Codes some{coded_->codes.bytes, {}};
    some.values.reserve(rows.size() * some.bytes);
    for (const std::int32_t row : rows) {
      const auto code = coded_->codes[static_cast<std::size_t>(row)];
      some.values.insert(some.values.end(), code.begin(), code.end());
    }
    return coded_->codec.decode(some);
  }
  Embeddings result{dimension(), {}};
  result.values.reserve(rows.size() * dimension());
  for (const std::int32_t row : rows) result.append((*embeddings_)[static_cast<std::size_t>(row)]);
  return result;
}

std::vector<float> Rows::norms() const {
  std::vector<float> result(size());
  each_block([&](std::size_t first, const Embeddings& rows) {
    const auto own =
        squared_norms(rows.values, static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.dimension));
    std::copy(own.begin(), own.end(), result.begin() + static_cast<std::ptrdiff_t>(first));
  });
  return result;
}

}  // namespace facenet
