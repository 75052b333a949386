// MTCNN, step by step as facenet-pytorch goes: where it rounds, this rounds.
#include "detect/mtcnn.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <tuple>

#include <facenet/error.hpp>

#include "base/threads.hpp"
#include "graph/passes/passes.hpp"
#include "models/mtcnn.hpp"

namespace facenet::detect {
namespace {

constexpr std::size_t kOutputs = 5;  // of P-Net: logit, four shifts
// However wild the image: the most probable candidates of a scale, and of all.
constexpr std::size_t kMostOfScale = 32768;
constexpr std::size_t kMost = 16384;
constexpr std::size_t kBatch = 64;

// A graph at another size of its input.
class Resized final : public Module {
 public:
  explicit Resized(const Graph& graph) : graph_(graph) {}
  Variable forward(Recorder& recorder, Variable input) const override { return graph_.forward(recorder, input); }

 private:
  const Graph& graph_;
};

float probability(float logit) { return 1.0F / (1.0F + std::exp(-logit)); }

// The maximum of 2x2 every 2 within a piece, rounded up: of what lies beyond it nothing counts.
void halve(const Piece& piece, const Packing& packing, std::span<const float> maps, std::span<float> halves) {
  const auto width = static_cast<std::size_t>(piece.window.width - 2);
  const auto height = static_cast<std::size_t>(piece.window.height - 2);
  const auto src_row = static_cast<std::size_t>(packing.width - 2);
  const auto dst_row = static_cast<std::size_t>(packing.width / 2);
  const std::size_t src_plane = src_row * static_cast<std::size_t>(packing.height - 2);
  const std::size_t dst_plane = dst_row * static_cast<std::size_t>(packing.height / 2);
  const auto left = static_cast<std::size_t>(piece.x);
  const auto top = static_cast<std::size_t>(piece.y);
  for (std::size_t channel = 0; channel < halves.size() / dst_plane; ++channel) {
    for (std::size_t y = 0; y < height; y += 2) {
      const float* upper = maps.data() + channel * src_plane + (top + y) * src_row + left;
      const float* lower = y + 1 < height ? upper + src_row : upper;
      float* dst = halves.data() + channel * dst_plane + (top + y) / 2 * dst_row + left / 2;
      for (std::size_t x = 0; x + 1 < width; x += 2) {
        dst[x / 2] = std::max(std::max(upper[x], upper[x + 1]), std::max(lower[x], lower[x + 1]));
      }
      if (width % 2 == 1) dst[width / 2] = std::max(upper[width - 1], lower[width - 1]);
    }
  }
}

// Whether what a network gave can be a box.
bool usable(const Candidate& candidate, float largest) {
  const auto fine = [&](float value) { return std::abs(value) <= largest; };
  return std::all_of(candidate.box.begin(), candidate.box.end(), fine);
}

}  // namespace

Networks::Networks(DetectorData weights)
    : data_(std::move(weights)),
      pnet_start_(passes::optimised(models::pnet_start(data_.pnet))),
      pnet_rest_(passes::optimised(models::pnet_rest(data_.pnet))),
      rnet(models::rnet(data_.rnet), std::nullopt, DataType::f32),
      onet(models::onet(data_.onet), std::nullopt, DataType::f32) {}

Networks::Pnet Networks::pnet(int width, int height, int threads) const {
  constexpr std::size_t kCapacity = 16;
  const std::lock_guard lock(mutex_);  // while compiling too: who wants the same plan at the same time waits for it
  const auto found = std::find_if(plans_.begin(), plans_.end(), [&](const Sized& s) {
    return s.width == width && s.height == height && s.threads == threads;
  });
  if (found != plans_.end()) {
    plans_.splice(plans_.begin(), plans_, found);
    return plans_.front().plans;
  }
  const PlanOptions options{.batch = 1, .threads = threads, .optimise = false, .input = DataType::f32};
  const auto compile = [&](const Graph& graph, const Shape& input) {
    return Plan::compile(trace(Resized(graph), input), options);
  };
  const Pnet plans{compile(pnet_start_, {1, 3, height, width}), compile(pnet_rest_, {1, 10, height / 2, width / 2})};
  plans_.push_front({width, height, threads, plans});
  if (plans_.size() > kCapacity) plans_.pop_back();
  return plans;
}

Mtcnn::Mtcnn(std::shared_ptr<const Networks> networks, const DetectorOptions& options)
    : networks_(std::move(networks)), options_(options) {
  if (options_.threads == 0) options_.threads = available_threads();
}

// The memory to run a plan in, kept for the next image.
Context& Mtcnn::context(const std::shared_ptr<const Plan>& plan) {
  constexpr std::size_t kCapacity = 24;
  const auto found =
      std::find_if(contexts_.begin(), contexts_.end(), [&](const auto& entry) { return entry.first == plan; });
  if (found != contexts_.end()) {
    contexts_.splice(contexts_.begin(), contexts_, found);
  } else {
    contexts_.emplace_front(plan, Context(plan));
    if (contexts_.size() > kCapacity) contexts_.pop_back();
  }
  return contexts_.front().second;
}

std::vector<Candidate> Mtcnn::propose(const Image& image) {
  const auto list = scales(image.width(), image.height(), options_.minimum_size, options_.factor);
  const Packing packing = pack(image.width(), image.height(), list);
  if (packing.pieces.empty()) return {};
  const auto plans = networks_->pnet(packing.width, packing.height, options_.threads);
  Context& start = context(plans.start);
  Context& rest = context(plans.rest);
  const auto row = static_cast<std::size_t>(packing.width);
  const std::size_t plane = row * static_cast<std::size_t>(packing.height);
  const Part whole{0, 0, image.width(), image.height()};
  std::vector<std::vector<Candidate>> found(list.size());
  for (int number = 0; number < packing.canvases; ++number) {
    std::vector<const Piece*> pieces;
    for (const auto& piece : packing.pieces) {
      if (piece.canvas == number) pieces.push_back(&piece);
    }
    const auto for_pieces = [&](auto&& function) {
      parallel_for(static_cast<std::int64_t>(pieces.size()),
                   [&](std::int64_t i) { function(*pieces[static_cast<std::size_t>(i)]); });
    };
    const auto pixels = start.float_input();
    std::fill(pixels.begin(), pixels.end(), 0.0F);
    for_pieces([&](const Piece& piece) {
      const double scale = list[piece.scale];
      float* first = pixels.data() + static_cast<std::size_t>(piece.y) * row + static_cast<std::size_t>(piece.x);
      resize_area(image, whole, scaled(image.width(), scale), scaled(image.height(), scale), piece.window,
                  {first, row, plane});
    });
    const auto maps = start.run();
    const auto halves = rest.float_input();
    std::fill(halves.begin(), halves.end(), 0.0F);
    for_pieces([&](const Piece& piece) { halve(piece, packing, maps, halves); });
    const auto results = rest.run();
    for (const Piece* piece : pieces) collect(*piece, results, packing, list[piece->scale], found[piece->scale]);
  }
  std::vector<Candidate> all;
  for (auto& candidates : found) {
    // Of equal scores the upper one first, then the left one: pieces may come in another order.
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return std::tie(b.score, a.box[1], a.box[0]) < std::tie(a.score, b.box[1], b.box[0]);
    });
    if (candidates.size() > kMostOfScale) candidates.resize(kMostOfScale);
    const auto kept = suppressed(candidates, 0.5F);
    all.insert(all.end(), kept.begin(), kept.end());
  }
  all = suppressed(all, 0.7F);
  if (all.size() > kMost) all.resize(kMost);
  for (auto& candidate : all) candidate.box = squared(shifted(candidate, 0));
  return all;
}

void Mtcnn::collect(const Piece& piece, std::span<const float> maps, const Packing& packing, double scale,
                    std::vector<Candidate>& list) const {
  const auto columns = static_cast<std::size_t>(packing.width / 2 - 4);
  const std::size_t map = columns * static_cast<std::size_t>(packing.height / 2 - 4);
  const auto factor = static_cast<float>(scale);
  const float threshold = options_.thresholds[0];
  // Below it no probability is worth computing.
  const float low = std::log(threshold) - std::log1p(-threshold) - 0.01F;
  for (int y = 0; y < piece.rows; ++y) {
    const std::size_t start =
        static_cast<std::size_t>(piece.y / 2 + y) * columns + static_cast<std::size_t>(piece.x / 2);
    for (int x = 0; x < piece.columns; ++x) {
      const std::size_t at = start + static_cast<std::size_t>(x);
      if (!(maps[at] >= low)) continue;
      Candidate candidate;
      candidate.score = probability(maps[at]);
      if (!(candidate.score >= threshold)) continue;
      const auto left = static_cast<float>(piece.window.x + 2 * x);
      const auto top = static_cast<float>(piece.window.y + 2 * y);
      candidate.box = {std::floor((left + 1) / factor), std::floor((top + 1) / factor),
                       std::floor((left + 12) / factor), std::floor((top + 12) / factor)};
      for (std::size_t i = 0; i + 1 < kOutputs; ++i) candidate.shift[i] = maps[at + (i + 1) * map];
      list.push_back(candidate);
    }
  }
}

Mtcnn::Rows Mtcnn::look(const PlanCache& plans, const Image& image, const std::vector<Candidate>& list, int side) {
  Rows rows;
  const auto row = static_cast<std::size_t>(side);
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t count = std::min(std::bit_floor(list.size() - begin), kBatch);
    Context& context = this->context(plans.get(static_cast<std::int64_t>(count), options_.threads));
    const auto input = context.float_input();
    parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t i) {
      const auto index = static_cast<std::size_t>(i);
      const Part part = inside(list[begin + index].box, image.width(), image.height());
      resize_area(image, part, side, side, {0, 0, side, side}, {input.data() + index * 3 * row * row, row, row * row});
    });
    const auto results = context.run();
    rows.width = results.size() / count;
    rows.values.insert(rows.values.end(), results.begin(), results.end());
    begin += count;
  }
  return rows;
}

std::vector<Found> Mtcnn::run(const Image& image) {
  const ThreadScope scope(options_.threads);
  const float largest = 4.0F * static_cast<float>(std::max(image.width(), image.height()));
  const auto drop_outside = [&](std::vector<Candidate>& list) {
    std::erase_if(list, [&](const Candidate& c) {
      return !usable(c, largest) || inside(c.box, image.width(), image.height()).empty();
    });
  };

  auto list = propose(image);
  drop_outside(list);
  std::vector<Candidate> next;
  Rows rows = look(networks_->rnet, image, list, 24);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const float* row = rows.values.data() + i * rows.width;
    const float score = probability(row[0]);
    if (score > options_.thresholds[1]) next.push_back({list[i].box, score, {row[1], row[2], row[3], row[4]}});
  }
  next = suppressed(next, 0.7F);
  for (auto& candidate : next) candidate.box = squared(shifted(candidate, 1));
  drop_outside(next);

  std::vector<Candidate> last;
  std::vector<Landmarks> points;
  rows = look(networks_->onet, image, next, 48);
  for (std::size_t i = 0; i < next.size(); ++i) {
    const float* row = rows.values.data() + i * rows.width;
    Candidate candidate{next[i].box, probability(row[0]), {row[1], row[2], row[3], row[4]}};
    if (!(candidate.score > options_.thresholds[2])) continue;
    const auto& box = candidate.box;
    Landmarks landmarks{};
    for (std::size_t p = 0; p < 5; ++p) {
      landmarks[2 * p] = (box[2] - box[0] + 1) * row[5 + p] + box[0] - 1;
      landmarks[2 * p + 1] = (box[3] - box[1] + 1) * row[10 + p] + box[1] - 1;
    }
    candidate.box = shifted(candidate, 1);
    const bool fine = std::all_of(landmarks.begin(), landmarks.end(), [&](float v) { return std::abs(v) <= largest; });
    if (!fine || !usable(candidate, largest)) continue;
    last.push_back(candidate);
    points.push_back(landmarks);
  }
  std::vector<Found> faces;
  for (const std::size_t index : suppress(last, 0.7F, Overlap::over_smaller)) {
    faces.push_back({last[index], points[index]});
  }
  return faces;
}

}  // namespace facenet::detect
