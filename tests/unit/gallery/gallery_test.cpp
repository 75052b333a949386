// The gallery against a plain loop over everybody, through additions and removals; and many threads at once.
#include "facenet/gallery.hpp"

#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <thread>

#include "base/random.hpp"
#include "catch.hpp"
#include "facenet/error.hpp"

using namespace facenet;

namespace {

std::vector<float> unit(std::size_t d, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> row(d);
  double norm = 0;
  for (double& value : row) {
    value = random.normal();
    norm += value * value;
  }
  std::vector<float> result;
  for (const double value : row) result.push_back(static_cast<float>(value / std::sqrt(norm)));
  return result;
}

}  // namespace

TEST_CASE("a gallery agrees with a plain loop, through additions, removals and renamings") {
  Gallery gallery(Verifier(1.4F));
  std::map<std::string, std::vector<std::vector<float>>> plain;
  Random random(3);
  for (std::uint64_t step = 0; step < 600; ++step) {
    const std::string name = "person " + std::to_string(random.below(40));
    const double what = random.uniform();
    if (what < 0.8) {
      const auto row = unit(19, step);
      gallery.add(name, row);
      plain[name].push_back(row);
    } else if (what < 0.9) {
      REQUIRE(gallery.remove(name) == static_cast<std::int64_t>(plain.contains(name) ? plain[name].size() : 0));
      plain.erase(name);
    } else if (plain.contains(name)) {
      const std::string other = "renamed " + std::to_string(step);
      gallery.rename(name, other);
      plain[other] = plain[name];
      plain.erase(name);
    }
    if (step % 50 != 49) continue;
    Embeddings queries{19, {}};
    for (std::uint64_t q = 0; q < 30; ++q) queries.append(unit(19, 5000 + q));
    const auto identities = gallery.identify(queries, 4);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      std::vector<std::pair<float, std::string>> expected;
      for (const auto& [person, rows] : plain) {
        float least = 9;
        for (const auto& row : rows) least = std::min(least, squared_distance(row, queries[q]));
        expected.emplace_back(least, person);
      }
      std::sort(expected.begin(), expected.end());
      const Identity& identity = identities[q];
      REQUIRE(identity.candidates.size() == std::min<std::size_t>(4, plain.size()));
      for (std::size_t c = 0; c < identity.candidates.size(); ++c) {
        REQUIRE(identity.candidates[c].name == expected[c].second);
        REQUIRE(identity.candidates[c].distance == Approx(expected[c].first).margin(1e-5));
      }
      REQUIRE(identity.name.has_value() == (expected[0].first <= 1.4F));
      const auto alone = gallery.identify(queries[q], 4);
      REQUIRE(alone.distance == identity.distance);
      REQUIRE(alone.name == identity.name);
    }
  }
  std::int64_t total = 0;
  const auto people = gallery.people();
  REQUIRE(people.size() == plain.size());
  for (const Person& person : people) {
    REQUIRE(person.embeddings == static_cast<std::int64_t>(plain.at(person.name).size()));
    total += person.embeddings;
  }
  REQUIRE(gallery.size() == total);
}

TEST_CASE("a stranger is unknown; the probability comes from the calibration") {
  Calibration calibration;
  calibration.threshold = 1.0F;
  calibration.slope = 5;
  calibration.offset = -5;
  Gallery gallery{Verifier(calibration)};
  gallery.add("x", std::vector<float>{1, 0});
  gallery.add("y", std::vector<float>{0, 1});
  const auto known = gallery.identify(std::vector<float>{1, 0});
  REQUIRE(known.name == "x");
  REQUIRE(known.distance == 0);
  REQUIRE(*known.probability == Approx(1 / (1 + std::exp(-5.0))));
  const auto stranger = gallery.identify(std::vector<float>{-1, 0});
  REQUIRE_FALSE(stranger.name.has_value());
  REQUIRE(stranger.candidates.size() == 2);
  REQUIRE(stranger.candidates[0].name == "y");
  REQUIRE(stranger.candidates[1].distance == 4.0F);
}

TEST_CASE("an empty gallery, and what is refused") {
  Gallery gallery(Verifier(1.0F));
  const auto nobody = gallery.identify(std::vector<float>{1, 0});
  REQUIRE_FALSE(nobody.name.has_value());
  REQUIRE(nobody.candidates.empty());
  REQUIRE(std::isinf(nobody.distance));
  REQUIRE(gallery.identify(Embeddings{}).empty());
  REQUIRE_THROWS_AS(gallery.add("", std::vector<float>{1, 0}), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.add("x", std::vector<float>{}), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.add("x", std::vector<float>{NAN, 0}), InvalidArgument);
  gallery.add("x", std::vector<float>{1, 0});
  gallery.add("y", std::vector<float>{0, 1});
  REQUIRE_THROWS_AS(gallery.add("x", std::vector<float>{1, 0, 0}), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.identify(std::vector<float>{1}), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.identify(std::vector<float>{}), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.identify(std::vector<float>{NAN, 0}), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.identify(std::vector<float>{1, 0}, 0), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.rename("z", "w"), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.rename("x", "y"), InvalidArgument);
  REQUIRE_THROWS_AS(gallery.rename("x", ""), InvalidArgument);
  REQUIRE(gallery.remove("nobody") == 0);
  REQUIRE(gallery.remove("x") == 1);
  REQUIRE(gallery.remove("y") == 1);
  gallery.add("three", std::vector<float>{1, 0, 0});  // empty again: another dimension is welcome
  REQUIRE(gallery.identify(std::vector<float>{1, 0, 0}).name == "three");

  Gallery undecided;
  undecided.add("x", std::vector<float>{1, 0});
  REQUIRE(undecided.search(std::vector<float>{1, 0}).size() == 1);
  REQUIRE_THROWS_AS(undecided.identify(std::vector<float>{1, 0}), InvalidArgument);
  Gallery moved = std::move(undecided);
  REQUIRE(moved.size() == 1);
}

TEST_CASE("readers and writers at once") {
  Gallery gallery(Verifier(0.5F));
  const auto fixed = unit(16, 1);
  gallery.add("fixed", fixed);
  std::atomic<int> wrong{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      while (!done) {
        const auto identity = gallery.identify(fixed);
        if (identity.name != "fixed" || identity.distance != 0) ++wrong;
        if (gallery.people().empty() || gallery.size() < 1) ++wrong;
      }
    });
  }
  std::vector<std::thread> writers;
  for (std::uint64_t w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < 150; ++i) {
        const std::string name = std::to_string(w) + "-" + std::to_string(i % 10);
        gallery.add(name, unit(16, 100 + w * 1000 + i));
        if (i % 10 == 9) {
          gallery.rename(name, name + " again");
          gallery.remove(name + " again");
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  done = true;
  for (auto& reader : readers) reader.join();
  REQUIRE(wrong == 0);
  REQUIRE(gallery.size() == 1 + 2 * 9 * 15);
}
