// Runs a graph layer by layer and looks at every result.
#include "infer/int8_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include <facenet/error.hpp>

#include "base/threads.hpp"
#include "graph/passes/rewriter.hpp"
#include "infer/plan.hpp"
#include "ops/int8.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kChunk = 8;  // images at a time: all that lives between two layers is kept in memory
constexpr std::size_t kSamples = std::size_t{1} << 16U;  // of each value, from all images together
constexpr double kGoodCosine = 0.995;

using Seen = std::function<void(const Graph::Node&, std::span<const Tensor> src, const Tensor& dst)>;

// Runs the graph on some images and shows every layer.
void watch(const Graph& graph, std::span<const std::uint8_t> images, std::int64_t count, const Seen& seen) {
  std::vector<Tensor> values(graph.values().size());
  std::vector<int> uses = passes::use_counts(graph);
  values[0] = Tensor({graph.input_shape().with_batch(count), DataType::u8, Layout::plain});
  std::copy(images.begin(), images.end(), static_cast<std::uint8_t*>(values[0].raw()));
  for (const auto& node : graph.nodes()) {
    std::vector<Tensor> src;
    for (const int id : node.src) {
      const auto& parameter = graph.value(id).parameter;
      src.push_back(parameter ? parameter->value : values[static_cast<std::size_t>(id)]);
    }
    Saved saved;
    Tensor& dst = values[static_cast<std::size_t>(node.dst)];
    dst = node.op->forward(src, {}, saved);
    seen(node, src, dst);
    for (const int id : node.src) {
      if (--uses[static_cast<std::size_t>(id)] == 0) values[static_cast<std::size_t>(id)] = Tensor();
    }
  }
}

class Range {
 public:
  void add(std::span<const float> values, std::size_t wanted) {
    const std::size_t step = std::max<std::size_t>(1, values.size() / std::max<std::size_t>(1, wanted)) | 1U;
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest_ = std::max(largest_, std::abs(values[i]));
      if (i % step == 0) samples_.push_back(values[i]);
    }
  }

  float best() const {
    const bool never_negative = std::all_of(samples_.begin(), samples_.end(), [](float v) { return v >= 0; });
    const float most = never_negative ? 255 : 127;
    float best = largest_;
    double least = std::numeric_limits<double>::infinity();
    for (int share = 20; share >= 8; --share) {  // of the whole range, in twentieths
      const float candidate = largest_ * static_cast<float>(share) / 20;
      const float step = candidate / most;
      if (!(step > 0)) break;
      double error = 0;
      for (const float value : samples_) {
        const float kept = std::clamp(std::nearbyint(value / step), -most, most) * step;
        error += static_cast<double>(value - kept) * static_cast<double>(value - kept);
      }
      if (error < least) {
        least = error;
        best = candidate;
      }
    }
    return std::isfinite(best) ? best : 0;
  }

 private:
  float largest_ = 0;
  std::vector<float> samples_;
};

std::vector<float> embeddings(const Graph& lean, std::span<const std::uint8_t> images, std::int64_t count) {
  std::vector<float> all;
  std::optional<Context> context;  // for all chunks but a smaller one at the end
  for (std::int64_t at = 0; at < count; at += kChunk) {
    const std::int64_t size = std::min(kChunk, count - at);
    if (!context || context->plan().batch() != size) {
      context.emplace(Plan::compile(lean, {.batch = size, .threads = current_threads(), .optimise = false}));
    }
    const std::size_t image = context->plan().image_bytes();
    const auto part = images.subspan(static_cast<std::size_t>(at) * image, static_cast<std::size_t>(size) * image);
    std::copy(part.begin(), part.end(), context->input().begin());
    const auto result = context->run();
    all.insert(all.end(), result.begin(), result.end());
  }
  return all;
}

double smallest_cosine(std::span<const float> a, std::span<const float> b, std::size_t size) {
  double smallest = 1;
  for (std::size_t row = 0; row < a.size(); row += size) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = row; i < row + size; ++i) {
      ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
      aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
      bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
    }
    smallest = std::min(smallest, aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0);
  }
  return smallest;
}

// Of each convolution alone: squared error over squared result; the worst first.
std::vector<std::string> by_error(const Graph& graph, std::span<const std::uint8_t> images, std::int64_t count,
                                  const passes::Int8Ranges& ranges) {
  std::vector<std::pair<double, std::string>> errors;
  const auto producer = passes::producers(graph);
  watch(graph, images, count, [&](const Graph::Node& node, std::span<const Tensor> src, const Tensor& dst) {
    const auto* conv = dynamic_cast<const Convolution*>(node.op.get());
    const int from = conv == nullptr ? -1 : producer[static_cast<std::size_t>(node.src[0])];
    if (from < 0) return;
    const auto range = ranges.largest.find(graph.nodes()[static_cast<std::size_t>(from)].name);
    if (range == ranges.largest.end() || !(range->second > 0)) return;
    const Tensor plain = kernels::to_plain(src[0]);
    const auto values = plain.floats();
    const bool never_negative = std::all_of(values.begin(), values.end(), [](float v) { return v >= 0; });
    const Quantisation unit = bytes_for(range->second, never_negative);
    const Int8Convolution int8(FusedConvolution(*conv), unit, {});
    if (!int8.has_kernel(src[0].shape(), src[1].shape())) return;
    Saved saved;
    std::vector<Tensor> bytes(src.begin(), src.end());
    bytes[0] = Quantise({}, unit).forward({&src[0], 1}, {}, saved);
    const Tensor result = kernels::to_plain(int8.forward(bytes, {}, saved));
    const Tensor exact = kernels::to_plain(dst);
    double error = 0;
    double square = 0;
    for (std::size_t i = 0; i < exact.floats().size(); ++i) {
      const auto value = static_cast<double>(exact.floats()[i]);
      const double difference = static_cast<double>(result.floats()[i]) - value;
      error += difference * difference;
      square += value * value;
    }
    errors.emplace_back(square > 0 ? error / square : 0, node.name);
  });
  std::sort(errors.rbegin(), errors.rend());
  std::vector<std::string> names;
  names.reserve(errors.size());
  for (auto& [error, name] : errors) names.push_back(std::move(name));
  return names;
}

}  // namespace

Int8Calibration calibrate_int8(const Graph& graph, std::span<const std::uint8_t> images) {
  const auto image = static_cast<std::size_t>(graph.input_shape().elements());
  const auto count = static_cast<std::int64_t>(images.size() / image);
  if (count < 1 || count > 1024) {
    throw InvalidArgument("int8 is measured on 1 to 1024 faces, not " + std::to_string(count));
  }
  Int8Calibration result{.ranges = {}, .images = static_cast<int>(count)};
  std::map<std::string, Range> ranges;
  const std::size_t chunks = static_cast<std::size_t>((count + kChunk - 1) / kChunk);
  for (std::int64_t at = 0; at < count; at += kChunk) {
    const std::int64_t size = std::min(kChunk, count - at);
    watch(graph, images.subspan(static_cast<std::size_t>(at) * image, static_cast<std::size_t>(size) * image), size,
          [&](const Graph::Node& node, std::span<const Tensor>, const Tensor& dst) {
            if (dst.shape().rank() == 4) ranges[node.name].add(kernels::to_plain(dst).floats(), kSamples / chunks);
          });
  }
  for (const auto& [name, range] : ranges) result.ranges.largest[name] = range.best();

  const auto size = static_cast<std::size_t>(graph.output_shape()[1]);
  const auto exact = embeddings(graph, images, count);
  std::vector<std::string> sensitive;
  for (std::size_t kept = 0;;) {
    const auto bytes = embeddings(passes::in_int8(graph, result.ranges), images, count);
    result.cosine = smallest_cosine(exact, bytes, size);
    if (result.cosine >= kGoodCosine || (kept > 0 && kept >= sensitive.size())) return result;
    if (sensitive.empty()) {
      const std::int64_t few = std::min(kChunk, count);
      sensitive = by_error(graph, images.first(static_cast<std::size_t>(few) * image), few, result.ranges);
      if (sensitive.empty()) return result;
    }
    kept = std::min(kept == 0 ? 1 : kept * 2, sensitive.size());
    result.ranges.in_f32 = {sensitive.begin(), sensitive.begin() + static_cast<std::ptrdiff_t>(kept)};
  }
}

}  // namespace facenet
