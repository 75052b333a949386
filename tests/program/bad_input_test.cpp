// What is wrong with embeddings and galleries, and how each command says so.
#include <fcntl.h>
#include <unistd.h>

#include <cmath>

#include <facenet/embeddings.hpp>

#include "catch.hpp"
#include "npz_file.hpp"
#include "program.hpp"
#include "world.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

// Four faces of two people, as NAME.npy and NAME.csv.
std::string write_rows(const fs::path& npy, const Embeddings& rows) {
  std::string table = "file,face\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    table += "p" + std::to_string(i / 2) + "/" + std::to_string(i) + ".jpg,0\n";
  }
  write_npy(npy, rows);
  write_text(fs::path(npy).replace_extension(".csv"), table);
  return npy;
}

std::string filled_gallery(const fs::path& path) {
  REQUIRE(run({"gallery", "create", path, "-m", world().model}).status == 0);
  REQUIRE(run({"gallery", "add", path, "-m", world().model, "--name", "Ada", world().face(1, 1)}).status == 0);
  return path;
}

std::vector<std::string> identify(const std::string& gallery) {
  return {"identify", world().face(1, 1), "-m", world().model, "--gallery", gallery, "--threshold", "1", "--json"};
}

}  // namespace

TEST_CASE("a row that is no embedding is named, whoever reads it", "[program]") {
  const ScratchFolder scratch;
  const std::string good = write_rows(scratch / "good.npy", {2, {1, 0, 1, 0.1F, 0, 1, 0.1F, 1}});
  write_text(scratch / "pairs.csv", "file_a,file_b,same\np0/0.jpg,p0/1.jpg,1\np0/0.jpg,p1/2.jpg,0\n");
  const std::string gallery = filled_gallery(scratch / "g");
  const std::string saved = scratch / "k";
  REQUIRE(run({"cluster", "--embeddings", good, "--threshold", "0.5", "--save", saved, "--csv"}).status == 0);
  for (const float wrong : {NAN, INFINITY, 0.0F}) {
    const std::string bad = write_rows(scratch / "bad.npy", {2, {1, 0, 1, 0.1F, wrong, 0, 0, 1}});
    const std::vector<std::vector<std::string>> calls{
        {"cluster", "--embeddings", bad, "--threshold", "0.5"},
        {"cluster", "--embeddings", bad, "--method", "kmeans"},
        {"cluster", "--embeddings", bad, "--join", saved},
        {"cluster", "--embeddings", good, "--threshold-from", bad},
        {"eval", "--pairs", scratch / "pairs.csv", "--embeddings", bad},
        {"calibrate", "-m", world().model, "--embeddings", bad, "--far", "0.5", "-o", scratch / "m.fnm"},
        {"gallery", "evaluate", "--embeddings", bad},
        {"gallery", "calibrate", gallery, "--fpir", "0.5", "--strangers", bad}};
    for (const auto& call : calls) {
      const auto result = run(call);
      INFO(call[0] << " " << call[1] << " " << call[2] << ": " << result.err);
      CHECK(result.status == 4);
      CHECK(result.says("bad.npy': row 2 of 4, of 'p1/2.jpg',"));
      CHECK(result.out.empty());
    }
  }
}

TEST_CASE("what is wrong in an .npz is said, whoever reads it", "[program]") {
  const ScratchFolder scratch;
  const std::string numbers = npy_of("<f4", "(2, 1)", std::string("\0\0\x80\x3f\0\0\x80\x3f", 8));
  const std::string two = npy_of("<U1", "(2,)", std::string("a\0\0\0b\0\0\0", 8));
  const std::string one = npy_of("<U1", "(1,)", std::string("a\0\0\0", 4));
  const std::string npz = scratch / "x.npz";
  const auto said = [&](const std::string& bytes, const std::string& words) {
    write_text(npz, bytes);
    for (const auto& call : std::vector<std::vector<std::string>>{
             {"cluster", "--embeddings", npz, "--threshold", "1"},
             {"gallery", "evaluate", "--embeddings", npz},
             {"calibrate", "-m", world().model, "--embeddings", npz, "-o", scratch / "m.fnm"}}) {
      const auto result = run(call);
      INFO(call[0] << ": " << result.err);
      CHECK(result.status == 4);
      CHECK(result.says("x.npz'"));
      CHECK(result.says(words));
    }
  };
  said(npz_of({{"file", two}}), "has no array 'embeddings'");
  said(npz_of({{"embeddings", npy_of("<f8", "(1, 1)", std::string(8, '\0'))}, {"file", one}}), "[1,1] F64");
  said(npz_of({{"embeddings", numbers}, {"file", one}}), "'file' has 1 rows, but 'embeddings' has 2");
  said(npz_of({{"embeddings", numbers}, {"file", two}}).substr(0, 200), "cut off");
  said(npz_of({{"embeddings", npy_of("<f4", "(2, 1)", std::string("\0\0\x80\x3f\0\0\0\0", 8))}, {"file", two}}),
       "row 1 of 2, of 'b', is all zeros");
  said(npz_of({{"embeddings", numbers}, {"file", two}, {"face", npy_of("<i8", "(2,)", std::string(16, '\xff'))}}),
       "is no number of a face");
  write_text(npz, npz_of({{"embeddings", numbers}, {"file", two}}));
  CHECK(run({"cluster", "--embeddings", npz, "--threshold", "1"}).status == 0);
  write_text(scratch / "x.csv", "file,face,quality\na,0,1\nb,0,1\n");  // is of another file
  const auto quality = run({"cluster", "--embeddings", npz, "--threshold", "1", "--minimum-quality", "0.5"});
  CHECK(quality.status == 4);
  CHECK(quality.says("has file, face and norm only"));
}

TEST_CASE("embeddings of another size are refused", "[program]") {
  const ScratchFolder scratch;
  const std::string two = write_rows(scratch / "two.npy", {2, {1, 0, 1, 0.1F, 0, 1, 0.1F, 1}});
  const std::string three = write_rows(scratch / "three.npy", {3, {1, 0, 0, 1, 0.1F, 0, 0, 1, 0, 0.1F, 1, 0}});
  write_text(scratch / "pairs.csv", "file_a,file_b,same\np0/0.jpg,p0/1.jpg,1\np0/0.jpg,p1/2.jpg,0\n");
  REQUIRE(run({"cluster", "--embeddings", two, "--threshold", "0.5", "--save", scratch / "k", "--csv"}).status == 0);
  CHECK(run({"cluster", "--embeddings", three, "--join", scratch / "k"}).says("3 numbers, and the clusters are of 2"));
  CHECK(run({"cluster", "--embeddings", three, "--threshold-from", two}).status == 4);
  const auto codes =
      run({"eval", "--pairs", scratch / "pairs.csv", "--embeddings", three, "--codes", "8bit", "--codes-from", two});
  CHECK(codes.status == 2);
  CHECK(codes.says("both must come from the same model"));
  const auto strangers =
      run({"gallery", "calibrate", filled_gallery(scratch / "g"), "--fpir", "0.5", "--strangers", two});
  CHECK(strangers.status == 2);
  CHECK(strangers.says("all must come from the same model"));
}

TEST_CASE("one face, identical faces, and none", "[program]") {
  const ScratchFolder scratch;
  const std::string none = write_rows(scratch / "none.npy", {2, {}});
  const std::string one = write_rows(scratch / "one.npy", {2, {1, 0}});
  const std::string same = write_rows(scratch / "same.npy", {2, {1, 0, 1, 0, 1, 0, 1, 0}});
  for (const std::string method : {"average", "complete", "single", "centroid", "graph", "kmeans"}) {
    INFO(method);
    std::vector<std::string> call{"cluster", "--method", method, "--json", "--embeddings", one};
    if (method != "kmeans") call.insert(call.end(), {"--threshold", "0.5"});
    CHECK(run(call).says("\"clusters\":1"));
    call[5] = same;
    CHECK(run(call).says("\"clusters\":1"));
    call[5] = none;
    CHECK(run(call).says("there are no faces to group"));
  }
  CHECK(run({"cluster", "--embeddings", one, "--clusters", "2"}).says("2 clusters of 1 items"));
  CHECK(run({"gallery", "evaluate", "--embeddings", one}).status == 2);
  CHECK(run({"gallery", "evaluate", "--embeddings", same}).status == 0);
}

TEST_CASE("a gallery with nobody, with one face, with the same face twice, and more candidates than people",
          "[program]") {
  const ScratchFolder scratch;
  const std::string g = scratch / "g";
  REQUIRE(run({"gallery", "create", g, "-m", world().model}).status == 0);
  const auto nobody = run(identify(g));
  REQUIRE(nobody.status == 0);
  CHECK(nobody.object().at("name").is_null());
  CHECK(nobody.object().at("candidates").empty());
  CHECK(nobody.object().at("distance").is_null());
  CHECK(run({"gallery", "list", g}).says("0 people, 0 images"));
  CHECK(run({"gallery", "calibrate", g, "--fpir", "0.1"}).status == 2);
  fs::create_directory(scratch / "empty");
  CHECK(run({"gallery", "add", g, "-m", world().model, "--folder", scratch / "empty"}).status != 0);
  CHECK(run(identify(scratch / "empty")).status != 0);

  REQUIRE(run({"gallery", "add", g, "-m", world().model, "--name", "Ada", world().face(1, 1)}).status == 0);
  auto call = identify(g);
  call.insert(call.end(), {"-k", "50"});
  CHECK(run(call).object().at("candidates").size() == 1);
  // Under another name too: it is named, with what to do, and both are found at the same distance.
  const auto twice = run({"gallery", "add", g, "-m", world().model, "--name", "Bea", world().face(1, 1)});
  CHECK(twice.says("under another name"));
  const auto both = run(call).object();
  REQUIRE(both.at("candidates").size() == 2);
  CHECK(both.at("candidates")[0].at("distance") == both.at("candidates")[1].at("distance"));
  call.back() = "0";
  CHECK(run(call).status == 2);
  // A name that is taken, and names of any letters.
  CHECK(run({"gallery", "rename", g, "Bea", "Ada"}).says("merge them if they are one"));
  CHECK(run({"gallery", "rename", g, "Bea", "Zoë 李小龍 🙂"}).status == 0);
  CHECK(run({"gallery", "list", g}).out.find("Zoë 李小龍 🙂") != std::string::npos);
}

TEST_CASE("a gallery's file that is locked, read-only, damaged or newer", "[program]") {
  const ScratchFolder scratch;
  const fs::path path = filled_gallery(scratch / "g");
  const std::string bytes = content_of(path);
  const auto changed = [&](std::size_t at, const std::string& with, std::size_t size) {
    std::string copy = bytes.substr(0, size);
    copy.replace(at, with.size(), with);
    write_text(scratch / "changed", copy);
    const auto result = run(identify(scratch / "changed"));
    CHECK(result.status == 4);
    CHECK(result.out.empty());
    CHECK(run({"gallery", "list", scratch / "changed"}).status == 4);
    CHECK(content_of(scratch / "changed") == copy);
    return result.err;
  };
  // The header of SQLite's files has the schema's version at byte 60.
  CHECK(changed(60, std::string("\0\0\0\x63", 4), bytes.size()).find("newer FaceNetLib") != std::string::npos);
  CHECK(changed(0, "no database", bytes.size()).find("no SQLite database") != std::string::npos);
  CHECK(changed(4096, std::string(200, '\xff'), bytes.size()).find("damaged") != std::string::npos);
  changed(0, "", 4096);

  // Another program is writing: SQLite's lock is on these bytes.
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = 0x40000000;
  lock.l_len = 512;
  REQUIRE(::fcntl(file, F_SETLK, &lock) == 0);
  const auto locked = run({"gallery", "rename", path, "Ada", "Bea"});
  CHECK(locked.status == 4);
  CHECK(locked.says("is locked"));
  ::close(file);
  CHECK(content_of(path) == bytes);
  CHECK(run({"gallery", "list", path}).status == 0);

  // May only be read: as somebody whom permissions bind, which root is not.
  fs::permissions(scratch.path(), fs::perms::all);
  fs::permissions(path, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  const unsigned user = ::geteuid() == 0 ? 65534 : 0;
  fs::copy_file(world().model, scratch / "model.fnm");
  fs::permissions(scratch / "model.fnm", fs::perms::all);
  if (user != 0 && run({.arguments = {"info"}, .user = user}).status != 0) {
    WARN("SKIPPED: the program may not be run as another user here");
    return;
  }
  const auto rename = run({.arguments = {"gallery", "rename", path, "Ada", "Bea"}, .user = user});
  CHECK(rename.status == 4);
  CHECK(rename.says("read-only"));
  CHECK(run({.arguments = {"gallery", "list", path}, .user = user}).out.find("Ada") != std::string::npos);
  CHECK(content_of(path) == bytes);
}

}  // namespace facenet::test
