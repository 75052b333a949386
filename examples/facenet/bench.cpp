// facenet bench: speed on this machine, beside what the machine can do at most.
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>

#include <facenet/dataset.hpp>
#include <facenet/embedder.hpp>
#include <facenet/error.hpp>
#include <facenet/runtime.hpp>
#include <facenet/train/training.hpp>

#include "commands.hpp"
#include "network.hpp"
#include "output.hpp"
#include "peak.hpp"

namespace facenet::program {
namespace {

struct Options {
  Network network;
  std::string architecture;
  std::string what = "infer";
  std::string batches;
  std::string precisions = "f32";
  double seconds = 3;
  std::int64_t runs = 0;  // instead of seconds, where there are any
};

struct Result {
  std::int64_t batch = 0;
  double images_per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double memory_mb = 0;
  std::string computed_in;  // the precision that automatic came out as
};

// Any picture will do: no kernel's time depends on the values. Not of one colour, so that nothing is denormal.
Image pattern(const Model& model, std::int64_t number) {
  Image image(model.input_width(), model.input_height());
  std::uint32_t state = static_cast<std::uint32_t>(number) * 2654435761U + 12345U;
  for (auto& value : image.pixels()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<std::uint8_t>(state >> 24U);
  }
  return image;
}

double quantile(const std::vector<double>& sorted, double share) {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
  return sorted[at];
}

// Runs `once` as often as wanted, or as long, but at least 10 times, after three runs that do not count.
Result measure(const Common& common, std::int64_t batch, const Options& options, const std::function<void()>& once) {
  using Clock = std::chrono::steady_clock;
  Progress progress(common, "batch " + std::to_string(batch));
  for (int i = 0; i < 3; ++i) once();
  std::vector<double> times;
  const auto start = Clock::now();
  double elapsed = 0;
  double done = 0;
  while (done < 1 || (options.runs == 0 && times.size() < 10)) {
    if (interrupted().stop_requested()) throw Interrupted("interrupted; the measurement was not finished");
    const auto before = Clock::now();
    once();
    const auto after = Clock::now();
    times.push_back(std::chrono::duration<double, std::milli>(after - before).count());
    elapsed = std::chrono::duration<double>(after - start).count();
    done = options.runs > 0 ? static_cast<double>(times.size()) / static_cast<double>(options.runs)
                            : elapsed / options.seconds;
    progress.show(done);
  }
  const auto images = static_cast<double>(times.size()) * static_cast<double>(batch);
  std::sort(times.begin(), times.end());
  return {batch, images / elapsed, quantile(times, 0.5), quantile(times, 0.99), peak_memory_mb(), {}};
}

Result measure_infer(const Common& common, const Model& model, std::int64_t batch, Precision precision,
                     const Options& options) {
  reset_peak_memory();
  Embedder embedder(model, {.threads = common.threads, .batch = static_cast<int>(batch), .precision = precision});
  std::vector<Image> images;
  for (std::int64_t i = 0; i < batch; ++i) images.push_back(pattern(model, i));
  Result result = measure(common, batch, options, [&] { embedder.embed(images); });
  result.computed_in = name_of(embedder.precision());
  return result;
}

// From the file to the first embedding of one image, in milliseconds: what a program that has just begun waits for. The
// file's pages are in memory, and oneDNN has written no kernel yet that this model needs.
double measure_start(const Common& common, const std::filesystem::path& path, Precision precision) {
  const auto before = std::chrono::steady_clock::now();
  const Model model = Model::load(path);
  Embedder embedder(model, {.threads = common.threads, .precision = precision});
  embedder.embed(pattern(model, 0));
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count();
}

// Of this precision's embeddings with those of f32: the smallest among 16 drawn faces that nothing was measured on.
double cosine_to_f32(const Common& common, const Model& model, Precision precision) {
  if (precision == Precision::f32) return 1;
  const std::vector<Image> faces = drawn_faces(model, 8, 2, common.seed + 1);
  const auto a = Embedder(model, {.threads = common.threads, .batch = 8}).embed(faces);
  const auto b = Embedder(model, {.threads = common.threads, .batch = 8, .precision = precision}).embed(faces);
  double smallest = 1;
  for (std::size_t row = 0; row < faces.size(); ++row) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = row * a.dimension; i < (row + 1) * a.dimension; ++i) {
      ab += static_cast<double>(a.values[i]) * static_cast<double>(b.values[i]);
      aa += static_cast<double>(a.values[i]) * static_cast<double>(a.values[i]);
      bb += static_cast<double>(b.values[i]) * static_cast<double>(b.values[i]);
    }
    smallest = std::min(smallest, ab / std::sqrt(aa * bb));
  }
  return smallest;
}

// A folder of drawn faces that goes when it is no longer needed.
class DrawnFaces {
 public:
  explicit DrawnFaces(const GenerateOptions& options) {
    std::string name = std::filesystem::temp_directory_path() / "facenet-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      throw IoError("cannot make a folder for faces, '" + name + "': " + std::strerror(errno));
    }
    folder_ = name;
    try {
      generate_dataset(folder_, options, {}, interrupted());
    } catch (...) {
      remove();
      throw;
    }
  }
  ~DrawnFaces() { remove(); }
  DrawnFaces(const DrawnFaces&) = delete;
  DrawnFaces& operator=(const DrawnFaces&) = delete;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  void remove() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path folder_;
};

// Whole steps: faces cut out and augmented, forward, triplets, backward, optimiser.
Result measure_train(const Common& common, const Model& model, std::int64_t batch, const std::string& precision,
                     const Options& wanted) {
  if (batch < 4 || batch % 2 != 0) throw UsageError("a batch to train on is even and at least 4: people by images");
  TrainingOptions options;
  options.images_per_person = batch % 4 == 0 && batch > 4 ? 4 : 2;
  options.people_per_batch = static_cast<int>(batch) / options.images_per_person;
  options.precision = precision;
  options.steps = 1'000'000'000;
  options.seed = common.seed;
  options.threads = common.threads;
  reset_peak_memory();
  const DrawnFaces faces({options.people_per_batch, options.images_per_person,
                          std::max(model.input_width(), model.input_height()), common.seed});
  TrainingData data;
  data.folder = faces.folder();
  Training training(model, data, options, {}, interrupted());
  return measure(common, batch, wanted, [&] { training.step(); });
}

int bench(const Common& common, const Options& options) {
  require_arguments(common, 0, 0, "-m FILE or --arch ARCH");
  require_name("--what", options.what, {"infer", "train"});
  const bool train = options.what == "train";
  const auto precisions = split(options.precisions, ',');
  for (const auto& precision : precisions) {
    precision_of(precision);
    if ((precision == "bf16" && !system_info().native_bf16) || (precision == "f16" && !system_info().native_f16)) {
      throw UsageError("this processor does not multiply " + precision + " itself");
    }
  }
  if (!(options.seconds > 0 && options.seconds <= 3600)) throw UsageError("--seconds wants a number up to 3600");
  if (options.runs < 0 || options.runs > 1'000'000) throw UsageError("--runs wants a number up to 1000000");
  const auto batches = parse_counts("--batch", !options.batches.empty() ? options.batches : train ? "64" : "1,32");
  if (*std::max_element(batches.begin(), batches.end()) > 1024) throw UsageError("--batch goes to 1024");
  if (!common.model.empty() && !options.architecture.empty()) throw UsageError("-m or --arch, not both");
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  const bool by_name = !options.architecture.empty();
  const bool starts = !train && !by_name && precisions[0] != "int8";
  if (starts) Model::load(model_path(common));  // the file is read once before
  const double start = starts ? measure_start(common, model_path(common), precision_of(precisions[0])) : 0;
  Model model = by_name ? create(options.architecture, options.network, common.seed) : Model::load(model_path(common));
  for (const auto& precision : precisions) {
    if (train && (precision == "int8" || precision == "f16")) throw UsageError(precision + " is for --what infer");
    if (!train) model = prepared_for(precision_of(precision), model, common);
  }
  const std::string name = !model.architecture().empty() ? model.architecture() : common.model;

  const double peak = measure_peak_gflops(common.threads);
  if (output.csv()) {
    output.row({"network", "batch", "precision", "images_per_s", "p50_ms", "p99_ms", "gflops", "peak_share",
                "peak_memory_mb"});
  }
  std::vector<std::vector<std::string>> rows;
  // A step of training: forward, and two passes of the same size back, to the sources and to the weights.
  const double passes = train ? 3 : 1;
  for (const auto& precision : precisions) {
    const double cosine = train ? 1 : cosine_to_f32(common, model, precision_of(precision));
    for (const auto batch : batches) {
      const Result r = train ? measure_train(common, model, batch, precision, options)
                             : measure_infer(common, model, batch, precision_of(precision), options);
      const double gflops = passes * 2 * static_cast<double>(model.multiply_adds()) * r.images_per_s / 1e9;
      if (output.json()) {
        Json object{{"network", name},
                    {"what", options.what},
                    {"batch", batch},
                    {"precision", precision},
                    {"threads", common.threads},
                    {"images_per_s", r.images_per_s},
                    {"p50_ms", r.p50_ms},
                    {"p99_ms", r.p99_ms},
                    {"gflops", gflops},
                    {"peak_share", gflops / peak},
                    {"peak_gflops", peak},
                    {"peak_memory_mb", r.memory_mb}};
        if (!train) object["computed_in"] = r.computed_in;
        if (!train) object["cosine"] = cosine;
        if (starts) object["start_ms"] = start;
        output.object(std::move(object));
      } else if (output.csv()) {
        output.row({name, std::to_string(batch), precision, text_of(r.images_per_s), text_of(r.p50_ms),
                    text_of(r.p99_ms), text_of(gflops), text_of(gflops / peak), text_of(r.memory_mb)});
      } else {
        rows.push_back({name, std::to_string(batch), precision, fixed(r.images_per_s, 1), fixed(r.p50_ms, 2),
                        fixed(r.p99_ms, 2), fixed(gflops, 1), percent(gflops / peak, 1), fixed(r.memory_mb, 0)});
      }
    }
  }
  if (output.text()) {
    output.write(
        table({"network", "batch", "precision", "images/s", "p50 ms", "p99 ms", "GFLOP/s", "of peak", "MB"}, rows, 1));
    output.write("peak " + fixed(peak, 1) + " GFLOP/s: float32 multiply-adds on " + std::to_string(common.threads) +
                 " threads, measured in this run\n");
    if (starts)
      output.write("from the file to the first embedding, " + precisions[0] + ": " + fixed(start, 0) + " ms\n");
  }
  output.finish();
  return kDone;
}

}  // namespace

Run setup_bench(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  app.add_option("--arch", options->architecture, "A network with initial weights, instead of a model")
      ->type_name("ARCH");
  add_network_options(app, options->network);
  app.add_option("--what", options->what,
                 "infer (default): embedding images that are decoded; train: whole steps on drawn faces")
      ->type_name("WHAT");
  app.add_option("--batch", options->batches, "Batch sizes (1,32; to train 64)")->type_name("LIST");
  app.add_option("--precision", options->precisions,
                 "f32 (default), bf16, automatic (the fastest); to infer also f16 and int8")
      ->type_name("LIST");
  app.add_option("--seconds", options->seconds, "How long each is measured (3)")->type_name("S");
  app.add_option("--runs", options->runs, "Instead: how often each runs")->type_name("N");
  add_seed_option(app, common);
  add_output_options(app, common, "Write to this file: .txt, .json, .jsonl, .csv");
  return [options, &common] { return bench(common, *options); };
}

}  // namespace facenet::program
