// Embedder: images prepared by the contract, batches run through plans.
#include <facenet/embedder.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include <facenet/error.hpp>

#include "api/model_access.hpp"
#include "base/files.hpp"
#include "base/threads.hpp"
#include "data/decode.hpp"
#include "data/geometry.hpp"
#include "detect/quality.hpp"

namespace facenet {
namespace {

void require_pixels(const Image& image) {
  if (image.empty()) throw InvalidArgument("an image without pixels cannot be embedded");
}

// Rows of three-byte pixels, left and right exchanged.
void mirror(std::span<std::uint8_t> images, std::size_t width) {
  for (std::size_t row = 0; row < images.size(); row += width * 3) {
    for (std::size_t left = 0, right = width - 1; left < right; ++left, --right) {
      std::swap_ranges(images.begin() + static_cast<std::ptrdiff_t>(row + left * 3),
                       images.begin() + static_cast<std::ptrdiff_t>(row + left * 3 + 3),
                       images.begin() + static_cast<std::ptrdiff_t>(row + right * 3));
    }
  }
}

// a becomes the mean of a and b, of unit length where the model's embeddings are.
void average(std::span<float> a, std::span<const float> b, bool normalise) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double mean = (static_cast<double>(a[i]) + static_cast<double>(b[i])) / 2;
    a[i] = static_cast<float>(mean);
    squares += mean * mean;
  }
  if (!normalise || squares == 0) return;
  const double scale = 1 / std::sqrt(squares);
  for (auto& value : a) value = static_cast<float>(static_cast<double>(value) * scale);
}

}  // namespace

struct Embedder::Impl {
  Impl(Model m, const EmbedderOptions& o)
      : model(std::move(m)), options(o), threads(o.threads > 0 ? o.threads : available_threads()) {
    if (o.threads < 0 || o.threads > 1024) throw InvalidArgument("threads must be between 0 and 1024");
    if (o.batch < 1 || o.batch > 1024) {
      throw InvalidArgument("the batch must be between 1 and 1024, not " + std::to_string(o.batch));
    }
    precision = model.impl().plans.resolved(o.precision, o.batch, threads);
  }

  // A part of a batch runs in powers of two: few plans serve all counts, and nothing is computed in vain.
  Context& context(std::size_t remaining) {
    const auto batch = static_cast<std::size_t>(options.batch);
    const std::size_t size = remaining >= batch ? batch : std::bit_floor(remaining);
    // Inside somebody's OpenMP region there is one thread: kernels made for more would wait for the others.
    const int usable = usable_threads(threads);
    const auto found = contexts.find({usable, size});
    if (found != contexts.end()) return found->second;
    auto plan = model.impl().plans.get(static_cast<std::int64_t>(size), usable, precision,
                                       options.measured ? Choice::measured : Choice::fixed);
    return contexts.try_emplace({usable, size}, std::move(plan)).first->second;
  }

  PixelSize input() const { return {model.contract().input_width, model.contract().input_height}; }

  // From an image of this size to the network's input; the identity for one that is an input already.
  Affine map_of(PixelSize size, const Landmarks* landmarks) const {
    const ModelContract& contract = model.contract();
    if (landmarks != nullptr) {
      if (!contract.template_points) {
        throw InvalidArgument("the model was not trained on aligned faces: it has no template for landmarks");
      }
      return alignment(*landmarks, FaceTemplate{input().width, input().height, *contract.template_points});
    }
    if (size == input()) return {};
    return centre_crop_map(size, contract.crop_fraction, input());
  }

  Image prepared(const Image& image, const Landmarks* landmarks) const {
    require_pixels(image);
    const PixelSize size{image.width(), image.height()};
    if (landmarks == nullptr && size == input()) return image;
    return warp(image, map_of(size, landmarks), input().width, input().height);
  }

  Image prepared(const Image& image, const DetectedFace& face) const {
    const ModelContract& contract = model.contract();
    if (contract.template_points) return prepared(image, &face.landmarks);
    require_pixels(image);
    if (!contract.margin) {
      throw InvalidArgument("the model was not trained on detected faces: it has neither template nor margin for them");
    }
    return cut_box(image, face.box, *contract.margin, input(), face.turned / 90);
  }

  PreparedFace opened(const std::filesystem::path& file, const Landmarks* landmarks) const {
    // At least two pixels for each of the input stay, so that what the filter averages is still finer.
    constexpr double kSpare = 2;
    const auto divisor = [&](int width, int height) {
      const double shrink = 1 / map_of({width, height}, landmarks).scale();
      return shrink >= 8 * kSpare ? 8 : shrink >= 4 * kSpare ? 4 : shrink >= 2 * kSpare ? 2 : 1;
    };
    const auto decoded = decode_reduced(read_file(file, kMaxPhotographBytes), printable(file),
                                        options.scaled_decoding ? divisor : std::function<int(int, int)>());
    const PixelSize size{decoded.width, decoded.height};
    if (decoded.divisor == 1) return {prepared(decoded.image, landmarks), region(size, landmarks)};
    const double step = decoded.divisor;
    const Affine to_photograph{step, 0, (step - 1) / 2, 0, step, (step - 1) / 2};
    return {warp(decoded.image, to_photograph.then(map_of(size, landmarks)), input().width, input().height),
            region(size, landmarks)};
  }

  std::array<float, 4> region(PixelSize size, const Landmarks* landmarks) const {
    const Affine back = map_of(size, landmarks).inverse();
    const double width = size.width;
    const double height = size.height;
    double x1 = width, y1 = height, x2 = 0, y2 = 0;
    // Edges lie half a pixel outside the centres of the outermost pixels.
    for (const double x : {-0.5, input().width - 0.5}) {
      for (const double y : {-0.5, input().height - 0.5}) {
        const auto [u, v] = back(x, y);
        x1 = std::min(x1, u + 0.5);
        x2 = std::max(x2, u + 0.5);
        y1 = std::min(y1, v + 0.5);
        y2 = std::max(y2, v + 0.5);
      }
    }
    // To a thousandth of a pixel: what is beyond is rounding.
    const auto tidy = [](double value, double most) {
      return static_cast<float>(std::round(std::clamp(value, 0.0, most) * 1000) / 1000);
    };
    return {tidy(x1, width), tidy(y1, height), tidy(x2, width), tidy(y2, height)};
  }

  std::array<float, 4> region(const Image& image, const Landmarks* landmarks) const {
    require_pixels(image);
    return region(PixelSize{image.width(), image.height()}, landmarks);
  }

  Embeddings embed(std::span<const Image> images, std::span<const Landmarks> landmarks) {
    Embeddings result;
    result.dimension = static_cast<std::size_t>(model.embedding_size());
    result.values.resize(images.size() * result.dimension);
    norms.assign(images.size(), 0);
    const ThreadScope scope(threads);
    for (std::size_t begin = 0; begin < images.size();) {
      Context& context = this->context(images.size() - begin);
      const auto count = static_cast<std::size_t>(context.plan().batch());
      const std::size_t bytes = context.plan().image_bytes();
      const auto input = context.input();
      parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t i) {
        const std::size_t at = begin + static_cast<std::size_t>(i);
        const Image face = prepared(images[at], landmarks.empty() ? nullptr : &landmarks[at]);
        std::copy_n(face.data(), bytes,
                    input.begin() + static_cast<std::ptrdiff_t>(i) * static_cast<std::ptrdiff_t>(bytes));
      });
      run(context, std::span(result.values).subspan(begin * result.dimension, count * result.dimension),
          std::span(norms).subspan(begin, count));
      begin += count;
    }
    return result;
  }

  void run(Context& context, std::span<float> results, std::span<float> lengths) {
    const auto input = context.input();
    if (options.flip) pixels.assign(input.begin(), input.end());  // a run writes over its input
    const TeamTurn turn(context.plan().threads());
    const auto first = context.run();
    std::copy(first.begin(), first.end(), results.begin());
    std::copy(context.norms().begin(), context.norms().end(), lengths.begin());
    if (!options.flip) return;
    mirror(pixels, static_cast<std::size_t>(model.input_width()));
    std::copy(pixels.begin(), pixels.end(), input.begin());
    const auto second = context.run();
    for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] = (lengths[i] + context.norms()[i]) / 2;
    const auto size = static_cast<std::size_t>(model.embedding_size());
    for (std::size_t i = 0; i < results.size(); i += size) {
      average(results.subspan(i, size), second.subspan(i, size), model.contract().normalised);
    }
  }

  Model model;
  EmbedderOptions options;
  int threads;
  Precision precision;                                      // never automatic
  std::map<std::pair<int, std::size_t>, Context> contexts;  // by threads and batch size
  std::vector<std::uint8_t> pixels;
  std::vector<float> norms;  // of the last call
};

Embedder::Embedder(Model model, const EmbedderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {}
Embedder::~Embedder() = default;
Embedder::Embedder(Embedder&&) noexcept = default;
Embedder& Embedder::operator=(Embedder&&) noexcept = default;

Embeddings Embedder::embed(std::span<const Image> images) { return impl_->embed(images, {}); }

Embeddings Embedder::embed(std::span<const Image> images, std::span<const Landmarks> landmarks) {
  if (images.size() != landmarks.size()) {
    throw InvalidArgument(std::to_string(images.size()) + " images cannot have " + std::to_string(landmarks.size()) +
                          " sets of landmarks");
  }
  return impl_->embed(images, landmarks);
}

std::vector<float> Embedder::embed(const Image& image) { return impl_->embed({&image, 1}, {}).values; }

std::vector<float> Embedder::embed(const Image& image, const Landmarks& landmarks) {
  return impl_->embed({&image, 1}, {&landmarks, 1}).values;
}

std::span<const float> Embedder::norms() const { return impl_->norms; }

void Embedder::judge(DetectedFace& face, float norm) const {
  const auto& calibration = model().calibration();
  if (!calibration || !calibration->norm || precision() == Precision::bf16) return;
  face.quality.norm = std::clamp(norm / *calibration->norm, 0.0F, 1.0F);
  face.quality.score = detect::score_of(face.quality, face.confidence);
}

Image Embedder::prepare(const Image& image) const { return impl_->prepared(image, nullptr); }
Image Embedder::prepare(const Image& image, const Landmarks& landmarks) const {
  return impl_->prepared(image, &landmarks);
}
Image Embedder::prepare(const Image& image, const DetectedFace& face) const { return impl_->prepared(image, face); }
std::array<float, 4> Embedder::region(const Image& image) const { return impl_->region(image, nullptr); }
std::array<float, 4> Embedder::region(const Image& image, const Landmarks& landmarks) const {
  return impl_->region(image, &landmarks);
}

PreparedFace Embedder::open(const std::filesystem::path& file) const { return impl_->opened(file, nullptr); }
PreparedFace Embedder::open(const std::filesystem::path& file, const Landmarks& landmarks) const {
  return impl_->opened(file, &landmarks);
}

const Model& Embedder::model() const { return impl_->model; }
const EmbedderOptions& Embedder::options() const { return impl_->options; }
Precision Embedder::precision() const { return impl_->precision; }

}  // namespace facenet
