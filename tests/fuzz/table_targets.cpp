// Texts: tables, landmarks, lists of pairs and people, constraints.
#include <facenet/constraints.hpp>
#include <facenet/csv.hpp>
#include <facenet/dataset.hpp>
#include <facenet/evaluation.hpp>

#include "data/csv.hpp"
#include "data/folder_index.hpp"
#include "through_file.hpp"

namespace facenet::fuzz {
namespace {

using Input = std::span<const std::uint8_t>;

std::vector<Bytes> tables() {
  return {bytes_of("file,x,y\na.jpg,1,2.5\n\"b,\"\"c\"\".jpg\",-3,4e2\r\n\n"), bytes_of("\xef\xbb\xbfname\nÄ\n")};
}
void read_table(Input bytes) {
  const auto table = CsvTable::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "fuzz");
  if (table.has_column("x")) {
    for (std::size_t row = 0; row < table.rows.size(); ++row) table.number(row, table.column("x"));
  }
}

std::vector<Bytes> landmarks() {
  return {bytes_of(landmarks_header() + "\nAda/1.jpg,1,2,3,4,5,6,7,8,9,10\nBob/1.jpg,1.5,2,3,4e1,5,6,7,8,9,-10\n")};
}
void read_landmark_table(Input bytes) {
  static const OneFile file(".landmarks");
  read_landmarks(file.with(bytes));
}

std::vector<Bytes> lfw_pairs() {
  return {bytes_of("2\t1\nAda\t1\t2\nAda\t1\tBob\t2\nBob\t1\t3\nEve\t4\tBob\t2\n"),
          bytes_of("1\nAda\t1\t2\nAda\t1\tBob\t2\n")};
}
void read_lfw(Input bytes) {
  static const OneFile file(".pairs");
  read_lfw_pairs(file.with(bytes));
}

std::vector<Bytes> pair_tables() {
  return {bytes_of("file_a,file_b,same,fold,light\na.jpg,b.jpg,1,1,day\na.jpg,c.jpg,false,2,night\n"),
          bytes_of("file_a,file_b,same\na.jpg,b.jpg,true\nb.jpg,c.jpg,0\n")};
}
void read_pair_table(Input bytes) {
  static const OneFile file(".csv");
  read_pairs_csv(file.with(bytes));
}

std::vector<Bytes> constraint_tables() {
  return {bytes_of("file_a,face_a,file_b,face_b,relation\n"
                   "Ada/1.jpg,0,x/Ada/2.jpg,0,same\nAda/1.jpg,0,Bob/1.jpg,0,different\nBob/2.jpg,1,,,not a face\n"),
          bytes_of("file_a,file_b,relation\nx/Ada/1.jpg,y/Ada/2.jpg,same\nAda/1.jpg,Bob/1.jpg,different\n")};
}
void read_constraint_table(Input bytes) {
  static const std::vector<FaceName> faces{{"x/Ada/1.jpg", 0}, {"x/Ada/2.jpg", 0}, {"x/Bob/1.jpg", 0},
                                           {"x/Bob/2.jpg", 0}, {"x/Bob/2.jpg", 1}, {"y/Ada/2.jpg", 0}};
  static const OneFile file(".constraints");
  read_constraints(file.with(bytes), faces);
}

std::vector<Bytes> people_lists() { return {bytes_of("Ada\nBob\t3\n\n2\nZo\xc3\xab Smith\r\n")}; }
void read_people(Input bytes) {
  static const OneFile file(".people");
  read_people_list(file.with(bytes), file.path().parent_path());
}

constexpr Target kTargets[] = {{"csv", tables, read_table},
                               {"landmarks", landmarks, read_landmark_table},
                               {"lfw-pairs", lfw_pairs, read_lfw},
                               {"pairs", pair_tables, read_pair_table},
                               {"constraints", constraint_tables, read_constraint_table},
                               {"people", people_lists, read_people}};

}  // namespace

std::span<const Target> table_targets() { return kTargets; }

}  // namespace facenet::fuzz
