// CSV tables and landmarks files, good and bad.
#include "data/csv.hpp"

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"

using namespace facenet;

TEST_CASE("quotes, commas, line ends of either kind, blank lines, a byte order mark") {
  const CsvTable table = CsvTable::parse(
      "\xef\xbb\xbf"
      "file,x\r\n\"a, \"\"b\"\".png\",1.5\r\n\n\"two\nlines\",-2e3",
      "t.csv");
  REQUIRE(table.rows.size() == 2);
  CHECK(table.header == std::vector<std::string>{"file", "x"});
  CHECK(table.rows[0][0] == "a, \"b\".png");
  CHECK(table.number(0, 1) == 1.5);
  CHECK(table.rows[1][0] == "two\nlines");
  CHECK(table.number(1, 1) == -2000);
  CHECK(table.lines[1] == 4);
  CHECK(CsvTable::parse("a\n" + csv_field("x,\"y\n"), "t").rows[0][0] == "x,\"y\n");
}

TEST_CASE("what a table may not be, said with its line") {
  using facenet::test::Contains;
  CHECK_THROWS_WITH(CsvTable::parse("a,b\n1,2\n3\n", "t.csv"), Contains("t.csv, line 3"));
  CHECK_THROWS_WITH(CsvTable::parse("a,b\n\"1,2\n3\n", "t.csv"), Contains("line 2") && Contains("not closed"));
  CHECK_THROWS_AS(CsvTable::parse("", "t.csv"), FormatError);
  const CsvTable table = CsvTable::parse("a\n1x\nnan\n\"\"\n", "t.csv");
  for (std::size_t row = 0; row < 3; ++row) CHECK_THROWS_WITH(table.number(row, 0), Contains("not a number"));
  CHECK_THROWS_WITH(table.column("b"), Contains("no column 'b'"));
}

TEST_CASE("landmarks are found by column name; a missing column, a bad number and a double row are errors") {
  const test::ScratchFolder folder;
  const auto path = folder / "landmarks.csv";
  const std::string header =
      "note,mouth_right_y,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_"
      "right_x,file\n";
  write_file(path, header + "n,10,1,2,3,4,5,6,7,8,9,p/a.jpg\n");
  const LandmarkTable table = read_landmarks(path);
  CHECK(table.at("p/a.jpg") == Landmarks{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  write_file(path, header + "n,10,1,2,3,4,5,6,7,8,9,a\nn,10,1,2,3,4,5,6,7,8,9,a\n");
  CHECK_THROWS_WITH(read_landmarks(path), facenet::test::Contains("line 3") && facenet::test::Contains("second"));
  write_file(path, header + "n,ten,1,2,3,4,5,6,7,8,9,a\n");
  CHECK_THROWS_AS(read_landmarks(path), FormatError);
  write_file(path, "file,left_eye_x\na,1\n");
  CHECK_THROWS_AS(read_landmarks(path), FormatError);
  CHECK_THROWS_AS(read_landmarks(folder / "absent.csv"), IoError);
}
