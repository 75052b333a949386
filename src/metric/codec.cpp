// Calibration of codes, and codes out and in.
#include "metric/codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>

#include "base/threads.hpp"
#include "facenet/error.hpp"
#include "metric/panels.hpp"

namespace facenet {
namespace {

constexpr std::size_t kMostRows = 100'000;
constexpr std::int64_t kBlock = 1024;  // rows of one turn of a thread
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// How the bounds of bytes are found.
struct Bounds {
  bool each = true;    // for each component, else the same for all
  double clipped = 0;  // the share of values beyond either bound
  double margin = 0;   // beyond the values on either side, as a share of their range: other rows reach further
};

std::pair<float, float> bounds_of(std::vector<float>& values, const Bounds& how) {
  const auto n = static_cast<double>(values.size());
  const auto skip = static_cast<std::ptrdiff_t>(std::floor(how.clipped * n));
  const auto low = values.begin() + skip;
  std::nth_element(values.begin(), low, values.end());
  const float least = *low;
  const auto high = values.end() - 1 - skip;
  std::nth_element(values.begin(), high, values.end());
  const float margin = static_cast<float>(how.margin) * (*high - least);
  return {least - margin, *high + margin};
}

// `rows` [n,components]: every `every`th from `first` on.
void set_bounds(Codec::Data& data, const std::vector<float>& rows, const Bounds& how, std::size_t first,
                std::size_t every) {
  const std::size_t components = data.components();
  const std::size_t n = rows.size() / components;
  std::vector<float> values;
  const auto column = [&](std::size_t c) {
    for (std::size_t i = first; i < n; i += every) values.push_back(rows[i * components + c]);
  };
  std::pair<float, float> bounds;
  if (!how.each) {
    for (std::size_t c = 0; c < components; ++c) column(c);
    bounds = bounds_of(values, how);
  }
  for (std::size_t c = 0; c < components; ++c) {
    if (how.each) {
      values.clear();
      column(c);
      bounds = bounds_of(values, how);
    }
    data.low[c] = bounds.first;
    data.step[c] = (bounds.second - bounds.first) / 255.0F;
  }
}

std::uint8_t level_of(float value, float low, float step, float most) {
  if (!(step > 0)) return 0;
  return static_cast<std::uint8_t>(std::clamp(std::round((value - low) / step), 0.0F, most));
}

// Squared error over every other row from the second on.
double error_of(const Codec::Data& data, const std::vector<float>& rows) {
  const std::size_t components = data.components();
  double error = 0;
  for (std::size_t i = 1; i < rows.size() / components; i += 2) {
    for (std::size_t c = 0; c < components; ++c) {
      const float value = rows[i * components + c];
      const float decoded =
          data.low[c] + data.step[c] * static_cast<float>(level_of(value, data.low[c], data.step[c], 255));
      error += std::pow(static_cast<double>(value) - static_cast<double>(decoded), 2);
    }
  }
  return error;
}

// Where, and how wide, bytes leave the least error on rows that they were not made from.
void calibrate_bytes(Codec::Data& data, const std::vector<float>& rows) {
  constexpr std::pair<double, double> kTried[] = {{0, 0}, {0, 0.1}, {0, 0.3}, {0.0002, 0}, {0.001, 0}, {0.005, 0}};
  Bounds best;
  double least = std::numeric_limits<double>::infinity();
  for (const bool each : {true, false}) {
    for (const auto& [clipped, margin] : kTried) {
      const Bounds bounds{each, clipped, margin};
      set_bounds(data, rows, bounds, 0, 2);
      const double error = error_of(data, rows);
      if (error < least) {
        least = error;
        best = bounds;
      }
    }
  }
  set_bounds(data, rows, best, 0, 1);
}

// Two values on either side of the mean: those of a bit that leave the least squared error when the values are normal.
void calibrate_bits(Codec::Data& data, const std::vector<float>& rows) {
  const std::size_t components = data.components();
  const std::size_t n = rows.size() / components;
  for (std::size_t c = 0; c < components; ++c) {
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += static_cast<double>(rows[i * components + c]);
    mean /= static_cast<double>(n);
    double away = 0;
    for (std::size_t i = 0; i < n; ++i) away += std::abs(static_cast<double>(rows[i * components + c]) - mean);
    away /= static_cast<double>(n);
    data.low[c] = static_cast<float>(mean - away);
    data.step[c] = static_cast<float>(2 * away);
  }
}

void find_directions(Codec::Data& data, const Embeddings& sample, std::size_t components) {
  const auto d = static_cast<Eigen::Index>(sample.dimension);
  const auto n = static_cast<double>(sample.size());
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(d);
  Matrix products = Matrix::Zero(d, d);
  for (std::size_t begin = 0; begin < sample.size(); begin += static_cast<std::size_t>(kBlock)) {
    const std::size_t end = std::min(sample.size(), begin + static_cast<std::size_t>(kBlock));
    const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> map(
        sample[begin].data(), static_cast<Eigen::Index>(end - begin), d);
    const Matrix block = map.cast<double>();
    mean += block.colwise().sum().transpose();
    products.noalias() += block.transpose() * block;
  }
  mean /= n;
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(products / n - mean * mean.transpose());
  data.mean.resize(sample.dimension);
  for (Eigen::Index k = 0; k < d; ++k) data.mean[static_cast<std::size_t>(k)] = static_cast<float>(mean[k]);
  for (std::size_t c = 0; c < components; ++c) {  // by falling variance
    for (Eigen::Index k = 0; k < d; ++k) {
      data.directions.push_back(static_cast<float>(solver.eigenvectors()(k, d - 1 - static_cast<Eigen::Index>(c))));
    }
  }
}

Embeddings evenly_spaced(const Embeddings& sample) {
  if (sample.size() <= kMostRows) return sample;
  Embeddings rows{sample.dimension, {}};
  rows.values.reserve(kMostRows * sample.dimension);
  for (std::size_t i = 0; i < kMostRows; ++i) rows.append(sample[i * sample.size() / kMostRows]);
  return rows;
}

void check(const Embeddings& embeddings, std::size_t dimension, const char* what) {
  if (embeddings.values.empty()) return;
  if (embeddings.dimension != dimension) {
    throw InvalidArgument(std::string(what) + ": dimension " + std::to_string(embeddings.dimension) +
                          ", and the codec was calibrated on " + std::to_string(dimension) +
                          "; both must come from the same model");
  }
  require_finite_rows(embeddings.values, embeddings.size(), dimension, what);
}

}  // namespace

CodeForm parse_code_form(std::string_view form) {
  if (form == "8bit") return {0, false};
  if (form == "1bit") return {0, true};
  if (form.starts_with("pca") && form.size() <= 8) {
    CodeForm result;
    const auto [end, error] = std::from_chars(form.data() + 3, form.data() + form.size(), result.components);
    if (error == std::errc() && end == form.data() + form.size() && result.components > 0) return result;
  }
  throw InvalidArgument("there are no codes of the form '" + std::string(form.substr(0, 40)) +
                        "'; known are 8bit, 1bit and pcaN with N components, like pca64");
}

float Codec::Data::project(std::span<const float> row, float* out) const {
  if (directions.empty()) {
    std::copy(row.begin(), row.end(), out);
    return 0;
  }
  double rest = 0;
  for (std::size_t k = 0; k < dimension; ++k) {
    rest += std::pow(static_cast<double>(row[k]) - static_cast<double>(mean[k]), 2);
  }
  for (std::size_t c = 0; c < components(); ++c) {
    double sum = 0;
    for (std::size_t k = 0; k < dimension; ++k) {
      sum += static_cast<double>(directions[c * dimension + k]) *
             (static_cast<double>(row[k]) - static_cast<double>(mean[k]));
    }
    out[c] = static_cast<float>(sum);
    rest -= sum * sum;
  }
  return static_cast<float>(std::max(0.0, rest));
}

Codec Codec::calibrate(const Embeddings& sample, std::string_view form) {
  const CodeForm parsed = parse_code_form(form);
  require_finite_rows(sample.values, sample.size(), sample.dimension, "Codec, the sample");
  const std::size_t needed = std::max<std::size_t>(2, parsed.components + 1);
  if (sample.size() < needed) {
    throw InvalidArgument("Codec: " + std::string(form) + " needs a sample of " + std::to_string(needed) +
                          " embeddings or more, and has " + std::to_string(sample.size()));
  }
  if (parsed.components > sample.dimension) {
    throw InvalidArgument("Codec: embeddings of dimension " + std::to_string(sample.dimension) + " have no " +
                          std::to_string(parsed.components) + " components");
  }
  const Embeddings rows = evenly_spaced(sample);
  auto data = std::make_shared<Data>();
  data->form = form;
  data->dimension = sample.dimension;
  data->one_bit = parsed.one_bit;
  const std::size_t components = parsed.components == 0 ? sample.dimension : parsed.components;
  if (parsed.components > 0) find_directions(*data, rows, components);
  data->low.resize(components);
  data->step.resize(components);
  std::vector<float> projected(rows.size() * components);
  parallel_for(static_cast<std::int64_t>(rows.size()), [&](std::int64_t i) {
    const auto row = static_cast<std::size_t>(i);
    data->project(rows[row], projected.data() + row * components);
  });
  if (data->one_bit) {
    calibrate_bits(*data, projected);
  } else {
    calibrate_bytes(*data, projected);
  }
  return Codec(std::move(data));
}

void Codec::require_form(std::string_view form) { parse_code_form(form); }

const std::string& Codec::form() const { return data_->form; }
std::size_t Codec::dimension() const { return data_->dimension; }
std::size_t Codec::bytes() const { return data_->bytes(); }

Codes Codec::encode(const Embeddings& embeddings) const {
  check(embeddings, dimension(), "Codec, the embeddings to encode");
  const Data& data = *data_;
  Codes codes{bytes(), std::vector<std::uint8_t>(embeddings.size() * bytes())};
  const auto n = static_cast<std::int64_t>(embeddings.size());
  parallel_for((n + kBlock - 1) / kBlock, [&](std::int64_t block) {
    std::vector<float> components(data.components());
    for (std::int64_t i = block * kBlock; i < std::min(n, (block + 1) * kBlock); ++i) {
      data.project(embeddings[static_cast<std::size_t>(i)], components.data());
      std::uint8_t* const code = codes.values.data() + static_cast<std::size_t>(i) * codes.bytes;
      for (std::size_t c = 0; c < components.size(); ++c) {
        const std::uint8_t level = level_of(components[c], data.low[c], data.step[c], data.one_bit ? 1 : 255);
        if (data.one_bit) {
          code[c / 8] = static_cast<std::uint8_t>(code[c / 8] | level << (c % 8));
        } else {
          code[c] = level;
        }
      }
    }
  });
  return codes;
}

namespace {

// The value of component c.
float component_of(const Codec::Data& data, std::span<const std::uint8_t> code, std::size_t c) {
  const unsigned level = data.one_bit ? code[c / 8] >> (c % 8) & 1U : code[c];
  return data.low[c] + data.step[c] * static_cast<float>(level);
}

}  // namespace

Embeddings Codec::decode(const Codes& codes) const {
  const Data& data = *data_;
  if (!codes.values.empty() && (codes.bytes != bytes() || codes.values.size() % codes.bytes != 0)) {
    throw InvalidArgument("Codec: codes of " + std::to_string(codes.bytes) + " bytes, and " + form() + " has " +
                          std::to_string(bytes()));
  }
  Embeddings rows{data.dimension, std::vector<float>(codes.size() * data.dimension)};
  parallel_for(static_cast<std::int64_t>(codes.size()), [&](std::int64_t i) {
    const auto code = codes[static_cast<std::size_t>(i)];
    const auto row = rows[static_cast<std::size_t>(i)];
    if (!data.directions.empty()) std::copy(data.mean.begin(), data.mean.end(), row.begin());
    for (std::size_t c = 0; c < data.components(); ++c) {
      const float value = component_of(data, code, c);
      if (data.directions.empty()) {
        row[c] = value;
        continue;
      }
      for (std::size_t k = 0; k < data.dimension; ++k) row[k] += value * data.directions[c * data.dimension + k];
    }
  });
  return rows;
}

float Codec::distance(std::span<const float> query, std::span<const std::uint8_t> code) const {
  const Data& data = *data_;
  if (query.size() != dimension() || code.size() != bytes()) {
    throw InvalidArgument("Codec: a query of dimension " + std::to_string(query.size()) + " and a code of " +
                          std::to_string(code.size()) + " bytes, where " + form() + " has dimension " +
                          std::to_string(dimension()) + " and " + std::to_string(bytes()) + " bytes");
  }
  std::vector<float> components(data.components());
  auto sum = static_cast<double>(data.project(query, components.data()));
  for (std::size_t c = 0; c < components.size(); ++c) {
    sum += std::pow(static_cast<double>(components[c]) - static_cast<double>(component_of(data, code, c)), 2);
  }
  return static_cast<float>(sum);
}

}  // namespace facenet
