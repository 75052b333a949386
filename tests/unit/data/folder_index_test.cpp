// Folders of people: order, filters, and folders that are not what they should be.
#include "data/folder_index.hpp"

#include <facenet/error.hpp>
#include <facenet/image.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"

using namespace facenet;
namespace fs = std::filesystem;
using facenet::test::Contains;

namespace {

void put(const fs::path& path) {
  fs::create_directories(path.parent_path());
  write_file(path, "x");
}

}  // namespace

TEST_CASE("people and images in the order of their bytes; hidden and other files are passed over") {
  const test::ScratchFolder folder;
  for (const char* file : {"b/2.JPG", "b/10.jpeg", "b/.hidden.jpg", "b/notes.txt", "a/x.png", "B/y.bmp", ".git/z.png",
                           "empty/readme.md", "loose.png", "c/nested/deep.png"}) {
    put(folder / file);
  }
  const FolderIndex index = index_folder(folder.path());
  CHECK(index.people == std::vector<std::string>{"B", "a", "b"});
  const std::vector<FolderIndex::Entry> expected{{"B/y.bmp", 0}, {"a/x.png", 1}, {"b/10.jpeg", 2}, {"b/2.JPG", 2}};
  CHECK(index.images == expected);
  CHECK(index.labels() == std::vector<std::int32_t>{0, 1, 2, 2});
  CHECK(index.counts() == std::vector<std::int32_t>{1, 1, 2});
  CHECK(index.path(3) == folder / "b/2.JPG");
  const FolderIndex some = index.filtered({false, true, false, true});
  CHECK(some.people == std::vector<std::string>{"a", "b"});
  CHECK(some.images == std::vector<FolderIndex::Entry>{{"a/x.png", 0}, {"b/2.JPG", 1}});
}

TEST_CASE("only the people of a list, and who is missing is named") {
  const test::ScratchFolder folder;
  put(folder / "data/Ann/1.png");
  put(folder / "data/Bob/1.png");
  put(folder / "data/Cy/1.png");
  write_file(folder / "list.txt", "2\n3\r\nAnn\t17\nCy\r\n\n");
  const auto list = read_people_list(folder / "list.txt", folder / "data");
  CHECK(list == std::vector<std::string>{"Ann", "Cy"});
  CHECK(index_folder(folder / "data", list).people == std::vector<std::string>{"Ann", "Cy"});
  CHECK_THROWS_WITH(index_folder(folder / "data", std::vector<std::string>{"Ann", "Zoe"}), Contains("'Zoe'"));
  write_file(folder / "none.txt", "\n8\n");
  CHECK_THROWS_AS(read_people_list(folder / "none.txt", folder / "data"), FormatError);
}

TEST_CASE("people whose names are numbers: a line of digits is a count only when it names no folder") {
  const test::ScratchFolder folder;
  for (const char* person : {"0000045", "0000099", "17", "Ann"}) put(folder / "data" / person / "1.png");
  put(folder / "data/3");  // a file is nobody
  write_file(folder / "list.txt", "3\n0000045\n17\r\nAnn\t1\n0000100\n");
  const auto list = read_people_list(folder / "list.txt", folder / "data");
  CHECK(list == std::vector<std::string>{"0000045", "17", "Ann"});
  CHECK(index_folder(folder / "data", list).people == list);
}

TEST_CASE("folders that cannot be indexed") {
  const test::ScratchFolder folder;
  CHECK_THROWS_AS(index_folder(folder / "absent"), IoError);
  put(folder / "file");
  CHECK_THROWS_AS(index_folder(folder / "file"), IoError);
  fs::create_directory(folder / "data");
  CHECK_THROWS_WITH(index_folder(folder / "data"), Contains("no folders of people"));
  fs::create_directory(folder / "data/ann");
  CHECK_THROWS_WITH(index_folder(folder / "data"), Contains("no images"));
}
