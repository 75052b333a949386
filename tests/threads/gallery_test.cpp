// One gallery in a file, changed, searched and read by many threads.
#include "facenet/gallery.hpp"

#include <atomic>
#include <thread>

#include "base/random.hpp"
#include "catch.hpp"
#include "data.hpp"

namespace facenet {
namespace {

std::vector<float> row_of(std::uint64_t seed) {
  Random random(seed);
  std::vector<float> row(16);
  for (float& value : row) value = static_cast<float>(random.normal());
  return row;
}

void at_once(Gallery gallery) {
  const auto fixed = row_of(1);
  // Two people who are always enrolled in one call and leave in one each: readers see whole calls.
  gallery.add("fixed", fixed);
  std::atomic<int> wrong{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (!done) {
        if (gallery.search(fixed)[0].distance != 0) ++wrong;
        for (const Person& person : gallery.people()) {
          if (person.name.starts_with("pair") && person.embeddings != 2) ++wrong;
        }
        if (gallery.images("fixed").size() != 1) ++wrong;
        (void)gallery.calibration();
        if (gallery.search_info().entries < 1) ++wrong;
      }
    });
  }
  std::vector<std::thread> writers;
  for (std::uint64_t w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < 12; ++i) {
        std::vector<Enrolment> pair(2);
        for (std::uint64_t j = 0; j < 2; ++j) {
          pair[j].person = "pair " + std::to_string(w) + " " + std::to_string(i);
          pair[j].embedding = row_of(100 + 1000 * w + 2 * i + j);
        }
        gallery.add(pair);
        if (i % 3 == 0) gallery.remove(pair[0].person);
        if (i % 3 == 1) gallery.rename(pair[0].person, pair[0].person + " again");
        if (i == 6) gallery.calibrate(0.5);
        if (w == 0 && i % 4 == 0) gallery.refresh();
        if (w == 1 && i % 4 == 2) gallery.set_search(i % 8 == 2 ? GallerySearch::exact : GallerySearch::automatic);
      }
    });
  }
  for (auto& writer : writers) writer.join();
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(gallery.size() == 1 + 2 * 2 * 8);
  CHECK(gallery.check().faults.empty());
}

}  // namespace

TEST_CASE("threads add to, remove from and search one gallery") { at_once(Gallery()); }

#ifdef FACENET_HAVE_SQLITE
TEST_CASE("threads add to, remove from and search one gallery in a file") {
  const test::ScratchFolder scratch;
  at_once(Gallery::create(scratch / "g", {std::string(64, 'a'), 16}));
  CHECK(Gallery::open(scratch / "g", {}).size() == 33);
}
#endif

}  // namespace facenet
