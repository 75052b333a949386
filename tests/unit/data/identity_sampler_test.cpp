// The identity sampler: constant size, no image twice, everybody seen, a function of seed and step.
#include "data/identity_sampler.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <facenet/error.hpp>

#include "catch.hpp"

using namespace facenet;

namespace {

/// Images person by person: counts[p] of person p.
std::vector<std::int32_t> labels_of(const std::vector<int>& counts) {
  std::vector<std::int32_t> labels;
  for (std::size_t p = 0; p < counts.size(); ++p) {
    labels.insert(labels.end(), static_cast<std::size_t>(counts[p]), static_cast<std::int32_t>(p));
  }
  return labels;
}

std::vector<int> uneven_counts() {
  std::vector<int> counts{530, 100, 40};
  for (int i = 0; i < 60; ++i) counts.push_back(2 + i % 7);
  for (int i = 0; i < 30; ++i) counts.push_back(1);
  return counts;
}

}  // namespace

TEST_CASE("every batch has the same size, no image twice, and pairs of each person") {
  const auto labels = labels_of(uneven_counts());
  const IdentitySampler sampler(labels, {.people_per_batch = 10, .images_per_person = 4, .singles = 8, .seed = 3});
  CHECK(sampler.batch_size() == 48);
  CHECK(sampler.people() == 63);
  std::map<std::int32_t, int> visits;
  std::set<std::size_t> seen;
  const std::int64_t epochs = 40;
  for (std::int64_t step = 0; step < epochs * sampler.steps_per_epoch(); ++step) {
    const auto batch = sampler.batch(step);
    REQUIRE(batch.size() == 48);
    CHECK(std::set<std::size_t>(batch.begin(), batch.end()).size() == 48);
    std::map<std::int32_t, int> of_person;
    for (std::size_t i = 0; i < 40; ++i) ++of_person[labels[batch[i]]];
    int alone = 0;
    for (const auto& [person, count] : of_person) {
      ++visits[person];
      CHECK(count <= 4);
      alone += count == 1 ? 1 : 0;
    }
    CHECK(alone <= 1);  // the last one, cut to fit
    for (std::size_t i = 40; i < 48; ++i) CHECK(labels[batch[i]] >= 63);
    seen.insert(batch.begin(), batch.end());
  }
  for (int person = 3; person < 63; ++person) {
    CHECK(visits[person] >= epochs * 0.8);
    CHECK(visits[person] <= epochs * 1.6);
  }
  CHECK(visits[0] > visits[2] * 2);  // sqrt(530/4) = 12 visits an epoch, and sqrt(40/4) = 3
  CHECK(visits[0] < visits[2] * 6);
  CHECK(seen.size() >= labels.size() * 95 / 100);
}

TEST_CASE("a batch is a function of seed and step") {
  const auto labels = labels_of(uneven_counts());
  const SamplerOptions options{.people_per_batch = 10, .images_per_person = 4, .singles = 8, .seed = 3};
  const IdentitySampler a(labels, options);
  const IdentitySampler b(labels, options);
  SamplerOptions other = options;
  other.seed = 4;
  const IdentitySampler c(labels, other);
  for (const std::int64_t step : {50, 3, 1'000'000, 0}) {
    CHECK(a.batch(step) == b.batch(step));
    CHECK(a.batch(step) != c.batch(step));
    CHECK(a.batch(step) != a.batch(step + 1));
  }
  CHECK_THROWS_AS(a.batch(-1), InvalidArgument);
}

TEST_CASE("small folders give smaller batches; folders without pairs or negatives are refused") {
  const auto small = labels_of({2, 3, 1});
  const IdentitySampler sampler(small, {.people_per_batch = 45, .images_per_person = 40, .singles = 5});
  CHECK(sampler.batch_size() == 6);
  auto all = sampler.batch(17);
  std::sort(all.begin(), all.end());
  CHECK(all == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  // One person with a pair: the single is the negative even when none is asked for.
  CHECK(IdentitySampler(labels_of({2, 1}), {}).batch(0).size() == 3);
  CHECK_THROWS_AS(IdentitySampler(labels_of({1, 1, 1}), {}), InvalidArgument);
  CHECK_THROWS_AS(IdentitySampler(labels_of({5}), {}), InvalidArgument);
  CHECK_THROWS_AS(IdentitySampler({}, {}), InvalidArgument);
  CHECK_THROWS_AS(IdentitySampler(small, {.people_per_batch = 2, .images_per_person = 1}), InvalidArgument);
}
