// Made embeddings of 128 dimensions whose distances are spread as those of real faces, as many as are wanted.
//
//   peer_made_faces --people 50000 --faces 1000000 -o million.npy     and million.csv: a folder for each person
//   peer_made_faces --people 50000 --faces 1000000 --more 1000 -o more.npy     further ones, some of people who are new
//   peer_made_faces --codes 8bit ...                 as codes of a byte for each dimension
//   peer_made_faces --compare lfw.npy         quantiles of distances, beside those of as many made ones
//
// A person is a direction, drawn with one of a few hundred families in common, which makes some people look alike. A
// face is its person's direction and a deviation, longer for some people and for some faces than for others. Both are
// normal in every dimension, of variances that fall as exp(-k / 75): so do those of LFW's people, and of the faces of
// one, with MobileFaceNet. One face in some hundreds is its deviation alone: a wrong name or a face that was not found.
// How many faces a person has is drawn from a geometric distribution. The numbers below are those whose quantiles come
// nearest to LFW's; --compare shows how near.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <facenet/codes.hpp>
#include <facenet/csv.hpp>
#include <facenet/embeddings.hpp>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "serve.hpp"

namespace {

using facenet::Embeddings;
using facenet::Random;

constexpr std::size_t kDimension = 128;
constexpr double kDecay = 75;  // of variances, in dimensions
constexpr std::uint64_t kFamilies = 200;
constexpr double kFamily = 0.3;       // the share of a person's direction that is its family's
constexpr double kDeviation = 0.635;  // of a face, to its person's direction of length 1: the middle one
constexpr double kOfPeople = 0.2;     // its logarithm varies by this among people
constexpr double kOfFaces = 0.317;    // and among the faces of one
constexpr double kWrong = 0.0022;     // of all faces

using Row = std::array<double, kDimension>;

Row normal_row(Random& random) {
  static const Row kLengths = [] {
    Row lengths{};
    double sum = 0;
    for (std::size_t k = 0; k < kDimension; ++k) sum += std::exp(-static_cast<double>(k) / kDecay);
    for (std::size_t k = 0; k < kDimension; ++k)
      lengths[k] = std::sqrt(std::exp(-static_cast<double>(k) / kDecay) / sum);
    return lengths;
  }();
  Row row{};
  for (std::size_t k = 0; k < kDimension; ++k) row[k] = kLengths[k] * random.normal();
  return row;
}

double length(const Row& row) {
  double sum = 0;
  for (const double value : row) sum += value * value;
  return std::sqrt(sum);
}

struct Person {
  Row direction{};
  double deviation = 0;
};

Person person(std::uint64_t number, std::uint64_t seed) {
  Random random(seed, 2 * number);
  Random family(seed, 2 * random.below(kFamilies) + 1);
  const Row shared = normal_row(family);
  Person result{normal_row(random), kDeviation * std::exp(kOfPeople * random.normal())};
  for (std::size_t k = 0; k < kDimension; ++k) {
    result.direction[k] = std::sqrt(kFamily) * shared[k] + std::sqrt(1 - kFamily) * result.direction[k];
  }
  const double norm = length(result.direction);
  for (double& value : result.direction) value /= norm;
  return result;
}

// Each person has one face; the others are drawn with chances that are exponential among people.
std::vector<std::int32_t> drawn_people(std::size_t faces, std::size_t people, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> until(people);
  double sum = 0;
  for (double& one : until) one = sum -= std::log(1 - random.uniform());
  std::vector<std::int32_t> result;
  for (std::size_t i = 0; i < faces; ++i) {
    const auto at = std::upper_bound(until.begin(), until.end(), random.uniform() * sum) - until.begin();
    result.push_back(
        static_cast<std::int32_t>(i < people ? i : std::min<std::size_t>(static_cast<std::size_t>(at), people - 1)));
  }
  random.shuffle(std::span(result));
  return result;
}

// Faces numbered from `first`, of people up to `count`.
Embeddings faces_of(const std::vector<std::int32_t>& people, std::size_t count, std::uint64_t seed,
                    std::size_t first = 0) {
  std::vector<Person> all(count);
  facenet::parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t p) {
    all[static_cast<std::size_t>(p)] = person(static_cast<std::uint64_t>(p), seed);
  });
  Embeddings faces{kDimension, std::vector<float>(people.size() * kDimension)};
  facenet::parallel_for(static_cast<std::int64_t>(people.size()), [&](std::int64_t i) {
    const auto face = static_cast<std::size_t>(i);
    const Person& own = all[static_cast<std::size_t>(people[face])];
    Random random(facenet::mix(seed), first + face);
    const double scale = own.deviation * std::exp(kOfFaces * random.normal());
    const bool wrong = random.chance(kWrong);
    Row row = normal_row(random);
    for (std::size_t k = 0; k < kDimension && !wrong; ++k) row[k] = own.direction[k] + scale * row[k];
    const double norm = length(row);
    for (std::size_t k = 0; k < kDimension; ++k) faces[face][k] = static_cast<float>(row[k] / norm);
  });
  return faces;
}

// Distances in bins of a thousandth.
struct Spread {
  std::vector<double> same = std::vector<double>(4001);  // each person counts once, however many faces there are
  std::vector<double> different = std::vector<double>(4001);
};

Spread spread_of(const Embeddings& faces, const std::vector<std::int32_t>& people) {
  std::map<std::int32_t, double> counts;
  for (const std::int32_t one : people) ++counts[one];
  std::vector<Spread> parts(64);
  facenet::parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t part) {
    Spread& own = parts[static_cast<std::size_t>(part)];
    for (auto i = static_cast<std::size_t>(part); i < faces.size(); i += parts.size()) {
      const double count = counts.at(people[i]);
      for (std::size_t j = 0; j < i; ++j) {
        const auto distance = static_cast<double>(facenet::squared_distance(faces[i], faces[j]));
        const auto bin = static_cast<std::size_t>(std::clamp(std::lround(distance * 1000), 0L, 4000L));
        if (people[i] == people[j]) {
          own.same[bin] += 2 / (count * (count - 1));
        } else {
          own.different[bin] += 1;
        }
      }
    }
  });
  Spread sum;
  for (const Spread& part : parts) {
    for (std::size_t bin = 0; bin < sum.same.size(); ++bin) {
      sum.same[bin] += part.same[bin];
      sum.different[bin] += part.different[bin];
    }
  }
  return sum;
}

double quantile(const std::vector<double>& bins, double share) {
  double left = 0;
  for (const double count : bins) left += share * count;
  std::size_t bin = 0;
  while (bin + 1 < bins.size() && (left -= bins[bin]) > 0) ++bin;
  return static_cast<double>(bin) / 1000;
}

// The folders that the files lie in, numbered.
std::vector<std::int32_t> people_beside(const std::string& npy) {
  const auto table = facenet::CsvTable::open(std::filesystem::path(npy).replace_extension(".csv"));
  std::map<std::string, std::int32_t> numbers;
  std::vector<std::int32_t> people;
  for (const auto& row : table.rows) {
    const std::string folder = std::filesystem::path(row[table.column("file")]).parent_path().string();
    people.push_back(numbers.emplace(folder, static_cast<std::int32_t>(numbers.size())).first->second);
  }
  return people;
}

void compare(const std::string& npy, std::uint64_t seed) {
  const Embeddings real = facenet::read_npy(npy);
  const std::vector<std::int32_t> people = people_beside(npy);
  const auto count = static_cast<std::size_t>(*std::max_element(people.begin(), people.end())) + 1;
  const Spread is = spread_of(real, people);
  const Spread made = spread_of(faces_of(people, count, seed), people);
  std::printf("%zu faces of %zu people: quantiles of squared distances\n", people.size(), count);
  std::printf("%-22s%10s%10s\n", "different people", "theirs", "made");
  for (const double share : {1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99}) {
    std::printf("%-22g%10.3f%10.3f\n", share, quantile(is.different, share), quantile(made.different, share));
  }
  std::printf("%-22s%10s%10s\n", "the same (by person)", "theirs", "made");
  for (const double share : {0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99}) {
    std::printf("%-22g%10.3f%10.3f\n", share, quantile(is.same, share), quantile(made.same, share));
  }
}

void make(const std::string& npy, std::size_t faces, std::size_t people, std::size_t more, std::uint64_t seed,
          const std::string& form) {
  std::vector<std::int32_t> drawn;
  if (more == 0) {
    drawn = drawn_people(faces, people, seed);
  } else {  // one in fifty is of somebody new
    Random random(seed, faces);
    const std::size_t all = people + people / 50;
    for (std::size_t i = 0; i < more; ++i) drawn.push_back(static_cast<std::int32_t>(random.below(all)));
    people = all;
  }
  const std::size_t first = more == 0 ? 0 : faces;
  std::string table = "file,face\n";
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    table += "made/" + std::to_string(drawn[i]) + "/" + std::to_string(first + i) + ".jpg,0\n";
  }
  const Embeddings rows = faces_of(drawn, people, seed, first);
  const std::filesystem::path beside = std::filesystem::path(npy).replace_extension(".csv");
  if (form.empty()) {
    facenet::write_npy(npy, rows, beside, table);
  } else {
    const auto codec = facenet::Codec::calibrate(rows, form);
    facenet::write_codes(npy, {codec, codec.encode(rows)}, beside, table);
  }
}

}  // namespace

int main(int count, char** words) {
  const auto text = [&](const char* name, const char* fallback) {
    return facenet::peers::option(count, words, name, fallback);
  };
  const facenet::ThreadScope threads(std::max(1, std::stoi(text("--threads", "2"))));
  const std::uint64_t seed = std::stoull(text("--seed", "1"));
  try {
    if (const std::string other = text("--compare", ""); !other.empty()) {
      compare(other, seed);
    } else {
      const auto people = std::stoull(text("--people", "50000"));
      const auto faces = std::stoull(text("--faces", "1000000"));
      if (people == 0 || faces < people)
        throw std::runtime_error("each person has a face: --faces is --people or more");
      make(text("-o", "faces.npy"), faces, people, std::stoull(text("--more", "0")), seed, text("--codes", ""));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "peer_made_faces: %s\n", error.what());
    return 1;
  }
}
