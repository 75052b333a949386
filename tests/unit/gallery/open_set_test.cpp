// Rankings of people with several images, thresholds for strangers, and their test.
#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "facenet/error.hpp"
#include "people.hpp"

namespace facenet::test {
namespace {

constexpr std::size_t kDimension = 24;

Gallery people(std::uint64_t count, std::uint64_t images) {
  Gallery gallery;
  std::vector<Enrolment> all;
  for (std::uint64_t p = 0; p < count; ++p) {
    for (std::uint64_t i = 0; i < images; ++i) {
      all.push_back(enrolment("person " + std::to_string(p), face_of(kDimension, p, i)));
    }
  }
  gallery.add(all);
  return gallery;
}

double named(const Gallery& gallery, float threshold, std::uint64_t strangers) {
  double count = 0;
  for (std::uint64_t s = 0; s < strangers; ++s) {
    count += gallery.search(unit(kDimension, 900000 + s), 1)[0].distance <= threshold ? 1 : 0;
  }
  return count / static_cast<double>(strangers);
}

}  // namespace

TEST_CASE("a person's images are compared by the nearest, by their template, or by vote") {
  Gallery gallery;
  gallery.add("one", std::vector<float>{1, 0, 0});
  gallery.add("one", std::vector<float>{0, 1, 0});
  gallery.add("two", std::vector<float>{0, 0, 1});
  const std::vector<float> probe{0.8F, 0, 0.6F};
  CHECK(gallery.search(probe)[0].name == "one");
  CHECK(gallery.search(probe)[0].distance == Approx(0.4));
  gallery.set_ranking(PersonRanking::mean);  // (1, 1, 0) / sqrt 2 has the cosine 0.8 / sqrt 2 = 0.566 with it
  CHECK(gallery.search(probe)[0].name == "two");
  CHECK(gallery.search(probe)[1].distance == Approx(2 - 2 * 0.8 / std::sqrt(2.0)));
  gallery.add("two", std::vector<float>{0, 0.2F, 1});
  gallery.rename("two", "three");
  CHECK(gallery.search(probe)[0].name == "three");
  gallery.remove("three");
  CHECK(gallery.search(probe).size() == 1);

  // Two images further away outvote one that is nearer: 2 exp(-4 * 0.5) > exp(-4 * 0.4).
  Gallery votes;
  votes.set_ranking(PersonRanking::vote);
  votes.add("near", std::vector<float>{0.8F, 0.6F});
  votes.add("many", std::vector<float>{0.75F, -std::sqrt(1 - 0.75F * 0.75F)});
  CHECK(votes.search(std::vector<float>{1, 0})[0].name == "near");
  votes.add("many", std::vector<float>{0.75F, -std::sqrt(1 - 0.75F * 0.75F)});
  const auto found = votes.search(std::vector<float>{1, 0});
  CHECK(found[0].name == "many");
  CHECK(found[0].distance == Approx(0.5));
  CHECK(found[1].name == "near");
}

TEST_CASE("a template leaves out the image that is somebody else's, and nothing among copies") {
  Gallery clean;
  Gallery spoilt;
  for (auto* gallery : {&clean, &spoilt}) {
    gallery->set_ranking(PersonRanking::mean);
    for (std::uint64_t i = 0; i < 6; ++i) gallery->add("x", face_of(kDimension, 1, i, 0.3));
  }
  spoilt.add("x", unit(kDimension, 77));
  const auto probe = face_of(kDimension, 1, 50, 0.3);
  CHECK(spoilt.search(probe)[0].distance == clean.search(probe)[0].distance);

  Gallery copies;
  copies.set_ranking(PersonRanking::mean);
  const std::vector<float> same{1, 0};
  for (int i = 0; i < 5; ++i) copies.add("x", same);
  CHECK(copies.search(same)[0].distance == Approx(0).margin(1e-6));
  copies.add("x", std::vector<float>{0.8F, 0.6F});
  CHECK(copies.search(same)[0].distance > 0.001F);  // a little different is no outlier
  // Opposite images have no mean; an answer is given all the same.
  copies.add("opposite", std::vector<float>{0, 1});
  copies.add("opposite", std::vector<float>{0, -1});
  CHECK(std::isfinite(copies.search(same, 2)[1].distance));
}

TEST_CASE("a gallery answers alike however it searches, through all its changes") {
  std::vector<GallerySearch> kinds{GallerySearch::exact, GallerySearch::codes, GallerySearch::hnsw};
  Gallery first = people(2, 1);
  try {
    first.set_search(GallerySearch::hnsw);
  } catch (const InvalidArgument& error) {
    CHECK(std::string(error.what()).find("FACENET_WITH_HNSW") != std::string::npos);
    CHECK(first.search_info().search == GallerySearch::exact);  // all as it was
    kinds.pop_back();
  }
  for (const auto ranking : {PersonRanking::nearest, PersonRanking::mean, PersonRanking::vote}) {
    Gallery plain = people(400, 3);
    plain.set_ranking(ranking);
    CHECK_FALSE(plain.search_info().forced);
    CHECK(plain.search_info().search == GallerySearch::exact);
    CHECK(plain.search_info().entries == (ranking == PersonRanking::mean ? 400 : 1200));
    for (const GallerySearch kind : kinds) {
      Gallery other = people(100, 3);
      other.set_ranking(ranking);
      other.set_search(kind);
      CHECK(other.search_info().forced);
      for (std::uint64_t p = 100; p < 400; ++p) {
        for (std::uint64_t i = 0; i < 3; ++i) {
          other.add("person " + std::to_string(p), face_of(kDimension, p, i));
        }
      }
      CHECK(other.search_info().search == kind);  // codes from 256 entries on
      CHECK(other.search_info().entries == plain.search_info().entries);
      Gallery same = people(400, 3);
      same.set_ranking(ranking);
      for (auto* gallery : {&other, &same}) {
        gallery->remove("person 7");
        gallery->merge("person 9", "person 10");
        gallery->rename("person 11", "eleven");
        gallery->remove_image(gallery->images("person 12")[1].id);
      }
      int alike = 0;
      int probes = 0;
      for (std::uint64_t p = 0; p < 400; p += 5) {
        const auto probe = face_of(kDimension, p, 50);
        const auto expected = same.search(probe, 3);
        const auto found = other.search(probe, 3);
        REQUIRE(found.size() == 3);
        CHECK(std::none_of(found.begin(), found.end(), [](const Candidate& c) { return c.name == "person 7"; }));
        ++probes;
        alike +=
            found[0].name == expected[0].name && std::abs(found[0].distance - expected[0].distance) < 0.02F ? 1 : 0;
        if (kind == GallerySearch::exact) {
          CHECK(found[0].distance == expected[0].distance);
          CHECK(found[2].name == expected[2].name);
        }
      }
      INFO(static_cast<int>(kind) << " with ranking " << static_cast<int>(ranking) << ": " << alike << " of "
                                  << probes);
      CHECK(alike >= probes - 4);
      CHECK(other.calibrate(0.05).threshold == Approx(same.calibrate(0.05).threshold).margin(0.03));
    }
  }
}

TEST_CASE("making an index can be stopped, and leaves the search as it was") {
  Gallery gallery = people(300, 2);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(gallery.set_search(GallerySearch::codes, {}, stop.get_token()), Interrupted);
  CHECK(gallery.search_info().search == GallerySearch::exact);
  double last = -1;
  gallery.set_search(GallerySearch::codes, [&](double share) { last = share; });
  CHECK(last == 1);
  CHECK(gallery.search_info().bytes > 0);
}

TEST_CASE("one face, identical faces, and more candidates than people") {
  for (const auto ranking : {PersonRanking::nearest, PersonRanking::mean, PersonRanking::vote}) {
    Gallery gallery(Verifier(0.5F));
    gallery.set_ranking(ranking);
    CHECK(gallery.identify(std::vector<float>{0, 1}).candidates.empty());
    CHECK_THROWS_AS(gallery.calibrate(0.1), InvalidArgument);
    gallery.add("b", std::vector<float>{0, 1});
    CHECK(gallery.identify(std::vector<float>{0, 1}, 100).candidates.size() == 1);
    CHECK_THROWS_AS(gallery.calibrate(0.1), InvalidArgument);  // nobody is a stranger to anybody
    gallery.add("a", std::vector<float>{0, 1});
    const auto both = gallery.identify(std::vector<float>{0, 1}, 100);
    REQUIRE(both.candidates.size() == 2);
    CHECK(both.name == "a");  // identical faces: by name
    CHECK(both.candidates[1].distance == both.candidates[0].distance);
  }
}

TEST_CASE("embeddings that are none are refused, and nothing of their call is enrolled") {
  Gallery gallery;
  const auto fine = unit(4, 1);
  for (const std::vector<float>& bad : {std::vector<float>{NAN, 0, 0, 1}, std::vector<float>{0, INFINITY, 0, 1},
                                        std::vector<float>(4), unit(5, 1), std::vector<float>{}}) {
    const std::vector<Enrolment> images{enrolment("x", fine), enrolment("y", bad)};
    CHECK_THROWS_AS(gallery.add(images), InvalidArgument);
    CHECK(gallery.size() == 0);
  }
  gallery.add("x", fine);
  CHECK_THROWS_AS(gallery.search(std::vector<float>(4)), InvalidArgument);
  CHECK_THROWS_AS(gallery.add(std::string("a\0b", 3), fine), InvalidArgument);
  CHECK_THROWS_AS(gallery.add(std::vector<Enrolment>{enrolment("x", fine, "", "no digest")}), InvalidArgument);
  CHECK_THROWS_AS(gallery.merge("x", "x"), InvalidArgument);
  CHECK_THROWS_AS(gallery.merge("x", "y"), InvalidArgument);
  CHECK_THROWS_AS(gallery.set_metadata("y", "text"), InvalidArgument);
  CHECK_FALSE(gallery.remove_image(17));
  CHECK(gallery.remove_image(gallery.images()[0].id));
  CHECK(gallery.people().empty());
}

TEST_CASE("a calibrated gallery names the wanted share of strangers") {
  for (const auto ranking : {PersonRanking::nearest, PersonRanking::mean, PersonRanking::vote}) {
    INFO("ranking " << static_cast<int>(ranking));
    Gallery gallery = people(400, 2);
    gallery.set_ranking(ranking);
    CHECK_THROWS_AS(gallery.identify(unit(kDimension, 5)), InvalidArgument);
    CHECK_THROWS_AS(gallery.threshold(0.1), InvalidArgument);
    const auto calibration = gallery.calibrate(0.05);
    CHECK(calibration.strangers == 400);
    CHECK(calibration.probes == 800);
    CHECK(calibration.comparisons == (ranking == PersonRanking::mean ? 400 : 800));
    CHECK(gallery.threshold(0.05) == calibration.threshold);
    CHECK(gallery.threshold(0.01) < calibration.threshold);
    // 400 strangers at 5 %: a standard error of 1.1 points there, 0.5 of the 2,000 that are drawn here.
    CHECK(named(gallery, calibration.threshold, 2000) == Approx(0.05).margin(0.04));
    for (const auto& point : calibration.points) REQUIRE(point.recognised.has_value());
    CHECK(std::is_sorted(calibration.points.begin(), calibration.points.end(),
                         [](const auto& a, const auto& b) { return a.fpir > b.fpir; }));
    const auto known = gallery.identify(face_of(kDimension, 17, 9));
    CHECK(known.name == "person 17");
    gallery.set_ranking(PersonRanking::nearest);
    CHECK(gallery.calibration().has_value() == (ranking == PersonRanking::nearest));
  }
}

TEST_CASE("a rate that the strangers cannot show is refused, with how many it takes") {
  Gallery gallery = people(50, 1);
  CHECK_THROWS_WITH(gallery.calibrate(0.01), Contains("50 strangers") && Contains("at least 100"));
  CHECK_NOTHROW(gallery.calibrate(0.02));
  CHECK_FALSE(gallery.calibration()->points[0].recognised.has_value());  // nobody has a second image
  CHECK_THROWS_WITH(gallery.threshold(0.01), Contains("50 strangers"));
  for (const double rate : {0.0, 1.0, -0.5, static_cast<double>(NAN)}) {
    CHECK_THROWS_AS(gallery.calibrate(rate), InvalidArgument);
  }
  Embeddings strangers{kDimension, {}};
  for (std::uint64_t s = 0; s < 1000; ++s) strangers.append(unit(kDimension, 700000 + s));
  const auto calibration = gallery.calibrate(0.01, strangers, "drawn");
  CHECK(calibration.strangers == 1000);
  CHECK(calibration.data == "drawn");
  double accepted = 0;
  for (std::size_t s = 0; s < 1000; ++s) {
    accepted += gallery.search(strangers[s], 1)[0].distance <= calibration.threshold ? 1 : 0;
  }
  CHECK(accepted == 10);
  CHECK_THROWS_AS(gallery.calibrate(0.01, Embeddings{3, std::vector<float>(300, 1)}), InvalidArgument);
}

TEST_CASE("a gallery that has grown gives a stranger more chances, and its threshold allows for it") {
  Gallery gallery = people(300, 1);
  // Many strangers, so that what is seen is the growth and not the chance of the calibration.
  Embeddings strangers{kDimension, {}};
  for (std::uint64_t s = 0; s < 3000; ++s) strangers.append(unit(kDimension, 700000 + s));
  const float before = gallery.calibrate(0.1, strangers).threshold;
  std::vector<Enrolment> more;
  for (std::uint64_t p = 300; p < 1200; ++p) {
    more.push_back(enrolment("person " + std::to_string(p), face_of(kDimension, p, 0)));
  }
  gallery.add(more);
  CHECK(gallery.threshold(0.1) < before);
  CHECK(named(gallery, before, 1000) > 0.2);
  CHECK(named(gallery, gallery.threshold(0.1), 2000) == Approx(0.1).margin(0.03));
  CHECK_THROWS_WITH(gallery.threshold(0.001), Contains("grown"));
}

TEST_CASE("open-set evaluation agrees with counting") {
  Embeddings gallery{kDimension, {}};
  Embeddings probes{kDimension, {}};
  std::vector<std::int32_t> gallery_labels;
  std::vector<std::int32_t> probe_labels;
  for (std::uint64_t p = 0; p < 60; ++p) {
    for (std::uint64_t i = 0; i < 4; ++i) {
      const bool enrolled = p < 40 && i < 2;
      (enrolled ? gallery : probes).append(face_of(kDimension, p, i, 1.0));
      (enrolled ? gallery_labels : probe_labels).push_back(static_cast<std::int32_t>(p) - 7);
    }
  }
  const std::vector<double> rates{0.5, 0.1, 0.001};
  const OpenSet result = evaluate_open_set(gallery, gallery_labels, probes, probe_labels, rates);
  CHECK(result.people == 40);
  CHECK(result.images == 80);
  CHECK(result.probes == 80);
  CHECK(result.strangers == 80);
  REQUIRE(result.points.size() == 3);
  std::vector<float> strangers;
  std::vector<float> right;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < gallery.size(); ++j) {
      if (squared_distance(probes[i], gallery[j]) < squared_distance(probes[i], gallery[best])) best = j;
    }
    const float distance = squared_distance(probes[i], gallery[best]);
    if (probe_labels[i] >= 33) {
      strangers.push_back(distance);
    } else if (gallery_labels[best] == probe_labels[i]) {
      right.push_back(distance);
    }
  }
  CHECK(result.rank1 == Approx(static_cast<double>(right.size()) / 80));
  std::sort(strangers.begin(), strangers.end());
  for (const auto& [point, allowed] : {std::pair(result.points[0], 40U), std::pair(result.points[1], 8U)}) {
    REQUIRE(point.supported);
    const auto found = std::count_if(right.begin(), right.end(),
                                     [&, limit = strangers[allowed]](float d) { return d < limit - 1e-5F; });
    CHECK(point.dir == Approx(static_cast<double>(found) / 80).margin(0.013));
    CHECK(point.low < point.dir);
    CHECK(point.high > point.dir);
  }
  CHECK_FALSE(result.points[2].supported);
  gallery_labels.pop_back();
  CHECK_THROWS_AS(evaluate_open_set(gallery, gallery_labels, probes, probe_labels, rates), InvalidArgument);
}

}  // namespace facenet::test
