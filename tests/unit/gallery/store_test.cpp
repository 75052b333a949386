// The gallery's file: what it keeps, what it forgets, and what it survives.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "data.hpp"
#include "facenet/error.hpp"
#include "people.hpp"

#ifdef FACENET_HAVE_SQLITE
#include "gallery/sqlite.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_bytes(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string hex_digest(std::uint64_t seed) {
  Random random(seed);
  std::string digest;
  for (int i = 0; i < 64; ++i) digest += "0123456789abcdef"[random.below(16)];
  return digest;
}

std::string raw(const std::vector<float>& row) {
  std::string bytes(row.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), row.data(), bytes.size());
  return bytes;
}

// Everything in the folder, the gallery's file and all that lies beside it.
bool found_in(const fs::path& folder, const std::string& bytes) {
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [&](const auto& entry) { return bytes_of(entry.path()).find(bytes) != std::string::npos; });
}

}  // namespace

TEST_CASE("a gallery's file keeps people, images and what was said of them") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "people.gallery";
  const std::string unicode = "Zoë Łukasz 李小龍 🙂";
  {
    Gallery gallery = Gallery::create(path, kModel);
    Enrolment full = enrolment(unicode, face_of(32, 1, 1), "/photos/李/1.jpg", hex_digest(1));
    full.landmarks = Landmarks{1, 2, 3, 4, 5, 6, 7, 8, 9, 10.5F};
    full.quality = 0.75F;
    const std::vector<Enrolment> images{full,
                                        enrolment("b\xff not UTF-8", face_of(32, 2, 1)),
                                        enrolment(unicode, face_of(32, 1, 2)),
                                        enrolment("c", face_of(32, 3, 1)),
                                        enrolment("d", face_of(32, 3, 2)),
                                        enrolment("e", face_of(32, 5, 1))};
    gallery.add(images);
    gallery.set_metadata(unicode, R"({"born": 1940})");
    gallery.rename("c", "C");
    gallery.merge("d", "C");
    REQUIRE(gallery.remove("e") == 1);
    REQUIRE(gallery.remove("e") == 0);
  }
  for (const auto access : {GalleryAccess::read_only, GalleryAccess::read_write}) {
    const Gallery gallery = Gallery::open(path, kModel.fingerprint, access);
    CHECK(gallery.model().fingerprint == kModel.fingerprint);
    CHECK(gallery.model().dimension == 32);
    CHECK(gallery.path() == path);
    CHECK(gallery.size() == 5);
    const auto people = gallery.people();
    REQUIRE(people.size() == 3);
    CHECK(people[0].name == "C");
    CHECK(people[0].embeddings == 2);
    CHECK(people[1].name == unicode);
    CHECK(people[1].metadata == R"({"born": 1940})");
    CHECK(people[2].name == "b\xff not UTF-8");
    const auto images = gallery.images(unicode);
    REQUIRE(images.size() == 2);
    CHECK(images[0].image == "/photos/李/1.jpg");
    CHECK(images[0].digest == hex_digest(1));
    CHECK(*images[0].quality == 0.75F);
    CHECK((*images[0].landmarks)[9] == 10.5F);
    CHECK_FALSE(images[1].landmarks.has_value());
    CHECK(gallery.search(face_of(32, 3, 2))[0].name == "C");
    CHECK(gallery.search(face_of(32, 3, 2))[0].distance == 0);
    CHECK(gallery.check().faults.empty());
  }
  CHECK(std::distance(fs::directory_iterator(scratch.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("who is removed leaves no trace in the file or beside it") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "people.gallery";
  Gallery gallery = Gallery::create(path, kModel);
  // Enough to split and join the pages of the trees many times, which is when copies of rows are left behind.
  constexpr std::uint64_t kPeople = 400;
  const auto name = [](std::uint64_t p) { return "the person " + hex_digest(p).substr(0, 12); };
  const auto images_of = [&](std::uint64_t p) {
    std::vector<Enrolment> images;
    for (std::uint64_t i = 0; i < 3; ++i) {
      images.push_back(enrolment(name(p), face_of(32, p, i), "/photos/" + hex_digest(5000 + 3 * p + i),
                                 hex_digest(9000 + 3 * p + i)));
    }
    return images;
  };
  Random random(1);
  std::vector<std::uint64_t> order(kPeople);
  for (std::uint64_t p = 0; p < kPeople; ++p) order[p] = p;
  std::vector<Enrolment> all;
  for (const auto p : order) {
    for (auto& image : images_of(p)) all.push_back(std::move(image));
  }
  for (std::size_t i = all.size() - 1; i > 0; --i) std::swap(all[i], all[random.below(i + 1)]);
  for (std::size_t i = 0; i < all.size(); i += 40) gallery.add(std::span(all).subspan(i, 40));
  for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  for (std::size_t n = 0; n < 60; ++n) {
    gallery.set_metadata(name(order[n]), "note " + hex_digest(70000 + order[n]));
    if (n % 4 == 0) gallery.calibrate(0.1);
  }
  const auto traces = [&](std::uint64_t p) {
    std::vector<std::string> words{name(p), hex_digest(70000 + p)};
    for (const auto& image : images_of(p)) {
      words.push_back(image.image);
      words.push_back(image.digest);
      words.push_back(raw(image.embedding));
      words.push_back(raw(image.embedding).substr(64, 32));  // nor a part of it
    }
    return words;
  };
  for (std::size_t n = 0; n < 60; ++n) {
    INFO("removal " << n);
    for (const auto& word : traces(order[n])) REQUIRE(found_in(scratch.path(), word));
    if (n % 3 == 2) {
      for (const auto& image : gallery.images(name(order[n]))) REQUIRE(gallery.remove_image(image.id));
    } else {
      REQUIRE(gallery.remove(name(order[n])) == 3);
    }
    for (const auto& word : traces(order[n])) REQUIRE_FALSE(found_in(scratch.path(), word));
    REQUIRE(gallery.search(face_of(32, order[n], 0))[0].name != name(order[n]));
  }
  CHECK(gallery.check().faults.empty());
  CHECK(found_in(scratch.path(), raw(face_of(32, order[100], 1))));
}

TEST_CASE("a removal that was killed before its traces were cleared is finished by the next opening") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "g";
  const auto secret = face_of(32, 1, 1);
  Gallery::create(path, kModel).add("someone", secret);
  Gallery::open(path, {}).add("other", face_of(32, 2, 1));
  {
    // What a kill between the two leaves: removed and marked, with a row's copy in a page's unused part. Without
    // secure_delete, the row itself is that copy.
    Database database(path, SQLITE_OPEN_READWRITE);
    database.execute("PRAGMA secure_delete = OFF");
    database.execute(
        "BEGIN; DELETE FROM image WHERE person = (SELECT id FROM person WHERE name = 'someone');"
        "DELETE FROM person WHERE name = 'someone'; UPDATE gallery SET value = 1 WHERE key = 'scrub';"
        "COMMIT");
  }
  REQUIRE(found_in(scratch.path(), raw(secret).substr(16)));
  CHECK(Gallery::open(path, {}, GalleryAccess::read_only).size() == 1);
  REQUIRE(found_in(scratch.path(), raw(secret).substr(16)));
  CHECK(Gallery::open(path, {}).size() == 1);
  REQUIRE_FALSE(found_in(scratch.path(), raw(secret).substr(16)));
}

TEST_CASE("a killed process loses nothing that was acknowledged") {
  Random random(7);
  for (int round = 0; round < 12; ++round) {
    const ScratchFolder scratch;
    const fs::path path = scratch / "g";
    Gallery::create(path, kModel);
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // Adds person after person, three images each, removes every fifth again, and tells after each call.
      try {
        Gallery gallery = Gallery::open(path, kModel.fingerprint);
        for (std::int32_t p = 0;; ++p) {
          std::vector<Enrolment> images;
          for (std::uint64_t i = 0; i < 3; ++i) {
            images.push_back(enrolment(std::to_string(p), face_of(32, static_cast<std::uint64_t>(p), i)));
          }
          gallery.add(images);
          if (::write(pipe[1], &p, sizeof p) != sizeof p) break;
          if (p % 5 != 4) continue;
          gallery.remove(std::to_string(p));
          const std::int32_t removed = -p;
          if (::write(pipe[1], &removed, sizeof removed) != sizeof removed) break;
        }
      } catch (...) {
      }
      ::_exit(1);
    }
    ::close(pipe[1]);
    // Killed at any point: after so many answers, and a while.
    std::int32_t said = 0;
    std::int32_t last_added = -1;
    std::int32_t last_removed = 0;
    const auto hear = [&] {
      if (::read(pipe[0], &said, sizeof said) != sizeof said) return false;
      (said < 0 ? last_removed : last_added) = said < 0 ? -said : said;
      return true;
    };
    for (int answers = 0; answers < 3 + round; ++answers) REQUIRE(hear());
    ::usleep(static_cast<useconds_t>(random.below(6000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    while (hear()) {
    }
    ::close(pipe[0]);
    REQUIRE(WIFSIGNALED(status));

    if (round % 2 == 0) CHECK(Gallery::open(path, {}, GalleryAccess::read_only).size() >= 0);
    const Gallery gallery = Gallery::open(path, kModel.fingerprint);
    CHECK(gallery.check().faults.empty());
    std::int32_t people = 0;
    for (const auto& person : gallery.people()) {
      CHECK(person.embeddings == 3);  // all of a call or nothing
      const int p = std::stoi(person.name);
      CHECK(p <= last_added + 1);
      if (p % 5 == 4) CHECK(p > last_removed);
      CHECK(gallery.search(face_of(32, static_cast<std::uint64_t>(p), 1))[0].distance == 0);
      people += p <= last_added && p % 5 != 4 ? 1 : 0;
    }
    CHECK(people == last_added + 1 - (last_added + 1) / 5);
    for (const auto& entry : fs::directory_iterator(scratch.path())) {
      INFO(entry.path() << ", " << entry.file_size() << " bytes, after " << said);
      CHECK(entry.path() == path);
    }
  }
}

TEST_CASE("what is no gallery, or cannot be used, is refused with the reason") {
  const ScratchFolder scratch;
  const fs::path good = scratch / "good";
  {
    std::vector<Enrolment> images;
    for (std::uint64_t p = 0; p < 200; ++p) images.push_back(enrolment(std::to_string(p), face_of(32, p, 1)));
    Gallery::create(good, kModel).add(images);
  }
  const auto refused = [](const fs::path& path, const std::string& fingerprint = {}) -> std::string {
    try {
      Gallery::open(path, fingerprint);
    } catch (const Error& error) {
      return error.what();
    }
    return "opened";
  };
  CHECK_THROWS_AS(Gallery::open(scratch / "none", {}), IoError);
  CHECK_THROWS_AS(Gallery::open(scratch.path(), {}), IoError);
  CHECK_THROWS_AS(Gallery::create(good, kModel), InvalidArgument);
  CHECK_THROWS_AS(Gallery::create(scratch / "no/folder/g", kModel), IoError);
  CHECK_THROWS_AS(Gallery::create(scratch / "g", {std::string(64, 'a'), 0}), InvalidArgument);

  write_bytes(scratch / "text",
              "this is no database at all, though it is long enough to be one. " + std::string(1000, 'x'));
  CHECK_THROWS_AS(Gallery::open(scratch / "text", {}), FormatError);
  CHECK_THAT(refused(scratch / "text"), Contains("no SQLite database"));
  write_bytes(scratch / "empty", "");
  CHECK_THAT(refused(scratch / "empty"), Contains("database of something else"));
  Database(scratch / "other", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE).execute("CREATE TABLE t (x)");
  CHECK_THAT(refused(scratch / "other"), Contains("database of something else"));

  CHECK_THROWS_AS(Gallery::open(good, std::string(64, 'b')), InvalidArgument);
  CHECK_THAT(refused(good, std::string(64, 'b')), Contains("migrate"));

  const auto changed = [&](const char* sql) {
    const fs::path copy = scratch / "changed";
    fs::copy_file(good, copy, fs::copy_options::overwrite_existing);
    sqlite3* handle = nullptr;  // a stranger's program, without our care
    REQUIRE(sqlite3_open(copy.c_str(), &handle) == SQLITE_OK);
    REQUIRE(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(handle);
    CHECK_THROWS_AS(Gallery::open(copy, {}), FormatError);
    return refused(copy);
  };
  CHECK_THAT(changed("PRAGMA user_version = 2"), Contains("newer FaceNetLib"));
  CHECK_THAT(changed("CREATE TRIGGER keep AFTER DELETE ON image BEGIN SELECT 1; END"), Contains("'keep'"));
  CHECK_THAT(changed("DROP INDEX image_person"), Contains("damaged"));
  CHECK_THAT(changed("UPDATE image SET embedding = zeroblob(12) WHERE id = 7"), Contains("image 7 has 12 bytes"));
  CHECK_THAT(changed("UPDATE image SET embedding = CAST(X'FFFFFFFF' || zeroblob(124) AS BLOB) WHERE id = 7"),
             Contains("not finite"));
  CHECK_THAT(changed("UPDATE image SET person = 9999 WHERE id = 3"), Contains("has no person"));
  CHECK_THAT(changed("UPDATE gallery SET value = 1e12 WHERE key = 'dimension'"), Contains("dimension"));
  CHECK_THAT(changed("UPDATE gallery SET value = 'best' WHERE key = 'ranking'"), Contains("ranking"));
  CHECK_THAT(changed("INSERT INTO gallery VALUES ('calibration', '{\"fpir\": 7}')"), Contains("calibration"));
  CHECK_THAT(changed("UPDATE image SET landmarks = zeroblob(8) WHERE id = 2"), Contains("landmarks"));

  // Damaged bytes never crash or hang: refused, or found by the check, or without effect on what is read.
  const std::string bytes = bytes_of(good);
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    std::string damaged = bytes;
    if (round % 3 == 0) {
      damaged.resize(random.below(bytes.size()));
    } else {
      for (int i = 0; i < 40; ++i) {
        const std::size_t at = round % 3 == 1 ? random.below(bytes.size()) : random.below(200);
        damaged[at] = static_cast<char>(random.below(256));
      }
    }
    write_bytes(scratch / "damaged", damaged);
    try {
      const Gallery gallery = Gallery::open(scratch / "damaged", {});
      (void)gallery.check();
      (void)gallery.search(face_of(32, 1, 1));
    } catch (const Error&) {
    }
    fs::remove(scratch / "damaged-journal");
  }
  std::string half = bytes;
  half.resize(bytes.size() / 2 / 4096 * 4096);
  write_bytes(scratch / "half", half);
  CHECK_THROWS_AS(Gallery::open(scratch / "half", {}), FormatError);
}

// SQLite reads the file that such a journal names for a list of journals, and deletes it.
TEST_CASE("a journal that came with a gallery deletes no file") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "people.gallery";
  Gallery::create(path, kModel).add({{enrolment("Ada", face_of(32, 1, 1))}});
  const std::string victim = (scratch / "victim").string();
  write_bytes(victim, "photographs, and no list of journals");
  const auto big = [](std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> static_cast<unsigned>(shift));
    return bytes;
  };
  const std::string magic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
  constexpr std::uint32_t kPage = 4096;
  std::string journal = magic + big(0) + big(0) + big(static_cast<std::uint32_t>(fs::file_size(path) / kPage));
  journal += big(512) + big(kPage);
  journal.resize(512);
  std::uint32_t sum = 0;
  for (const char c : victim) sum += static_cast<std::uint32_t>(c);
  journal += big(0x40000000U / kPage + 1) + victim + big(static_cast<std::uint32_t>(victim.size())) + big(sum) + magic;
  for (const auto access : {GalleryAccess::read_only, GalleryAccess::read_write}) {
    write_bytes(scratch / "people.gallery-journal", journal);
    CHECK_THROWS_AS(Gallery::open(path, {}, access), FormatError);
    CHECK(fs::exists(victim));
  }
  fs::remove(scratch / "people.gallery-journal");
  CHECK(Gallery::open(path, {}).size() == 1);
}

TEST_CASE("a locked gallery says so after a while, and works again afterwards") {
  const ScratchFolder scratch;
  Gallery gallery = Gallery::create(scratch / "g", kModel);
  {
    Database other(scratch / "g", SQLITE_OPEN_READWRITE);
    other.execute("BEGIN EXCLUSIVE");
    CHECK_THROWS_WITH(gallery.add("x", face_of(32, 1, 1)), Contains("is locked"));
    CHECK(gallery.size() == 0);
    CHECK(gallery.search(face_of(32, 1, 1)).empty());  // searching needs no file
  }
  gallery.add("x", face_of(32, 1, 1));
  CHECK(Gallery::open(scratch / "g", {}).size() == 1);
}

TEST_CASE("a gallery that may only be read is read, and not changed") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "g";
  Gallery::create(path, kModel).add("x", face_of(32, 1, 1));
  Gallery reader = Gallery::open(path, {}, GalleryAccess::read_only);
  CHECK(reader.search(face_of(32, 1, 1))[0].name == "x");
  CHECK_THROWS_WITH(reader.add("y", face_of(32, 2, 1)), Contains("read only"));
  CHECK_THROWS_AS(reader.remove("x"), InvalidArgument);

  // The file itself: as somebody whom permissions bind (root is not).
  fs::permissions(scratch.path(), fs::perms::owner_all | fs::perms::group_all | fs::perms::others_all);
  fs::permissions(path, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  const pid_t child = ::fork();
  if (child == 0) {
    int result = 1;
    if (::geteuid() != 0 || ::setuid(65534) == 0) {
      try {
        Gallery::open(path, {});
      } catch (const IoError& error) {
        const bool reads = Gallery::open(path, {}, GalleryAccess::read_only).size() == 1;
        result = std::string(error.what()).find("read-only") != std::string::npos && reads ? 0 : 2;
      } catch (...) {
        result = 3;
      }
    }
    ::_exit(result);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("two programs with one gallery see each other's changes") {
  const ScratchFolder scratch;
  Gallery a = Gallery::create(scratch / "g", kModel);
  Gallery b = Gallery::open(scratch / "g", {});
  a.add("x", face_of(32, 1, 1));
  CHECK(b.size() == 0);
  CHECK(b.refresh());
  CHECK_FALSE(b.refresh());
  CHECK(b.size() == 1);
  a.rename("x", "y");
  b.add("y", face_of(32, 1, 2));  // begins with the new name
  REQUIRE(b.people().size() == 1);
  CHECK(b.people()[0].embeddings == 2);
  CHECK_THROWS_AS(b.rename("x", "z"), InvalidArgument);
  CHECK(a.remove("y") == 2);
  CHECK(b.refresh());
  CHECK(b.size() == 0);
}

TEST_CASE("a gallery changes to another model whole or not at all") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "g";
  const GalleryModel next{std::string(64, 'c'), 16};
  Gallery gallery = Gallery::create(path, kModel);
  Embeddings rows{16, {}};
  std::vector<std::int64_t> ids;
  for (std::uint64_t p = 0; p < 20; ++p) gallery.add("p" + std::to_string(p), face_of(32, p, 1));
  gallery.calibrate(0.2);
  for (const auto& image : gallery.images()) {
    ids.push_back(image.id);
    rows.append(face_of(16, static_cast<std::uint64_t>(image.id), 2));
  }
  const std::string before = bytes_of(path);
  auto short_rows = rows;
  short_rows.values.resize(19 * 16);
  auto doubled = ids;
  doubled[3] = doubled[4];
  auto broken = rows;
  broken.values[100] = NAN;
  CHECK_THROWS_AS(gallery.migrate(next, std::span(ids).first(19), short_rows), InvalidArgument);
  CHECK_THROWS_AS(gallery.migrate(next, ids, short_rows), InvalidArgument);
  CHECK_THROWS_AS(gallery.migrate(next, doubled, rows), InvalidArgument);
  CHECK_THROWS_AS(gallery.migrate(next, ids, broken), InvalidArgument);
  CHECK(bytes_of(path) == before);
  std::reverse(ids.begin(), ids.end());  // any order, as long as rows and ids agree
  Embeddings reversed{16, {}};
  for (std::size_t i = 20; i-- > 0;) reversed.append(rows[i]);
  gallery.migrate(next, ids, reversed);
  CHECK_FALSE(gallery.calibration().has_value());
  CHECK_THROWS_AS(Gallery::open(path, kModel.fingerprint), InvalidArgument);
  const Gallery again = Gallery::open(path, next.fingerprint);
  CHECK(again.size() == 20);
  CHECK(again.search(rows[5])[0].name == "p5");
  CHECK(again.search(rows[5])[0].distance == 0);
  CHECK_FALSE(found_in(scratch.path(), raw(face_of(32, 5, 1)).substr(16, 64)));
}

}  // namespace facenet::test
#endif
