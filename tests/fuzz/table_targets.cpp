// Texts: tables, landmarks, lists of pairs and people, constraints; and packed pairs.
#include <facenet/constraints.hpp>
#include <facenet/csv.hpp>
#include <facenet/dataset.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/protocols.hpp>

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

std::vector<Bytes> clip_pairs() {
  return {bytes_of("split number, first name, second name, is same\n1, Ada/0, Bob/1, 0\n2, Ada/0, Ada/3, 1\n")};
}
void read_clip_pairs(Input bytes) {
  static const OneFolder folder("ytf", {});
  read_youtube_faces(folder.with("splits.txt", bytes));
}

std::vector<Bytes> cfp_pairs() { return {bytes_of("1,1\n2,1\n")}; }
void read_cfp_pairs(Input bytes) {
  static const OneFolder folder("cfp", {{"Protocol/Pair_list_F.txt", "1 ../a.jpg\n2 ../b.jpg\n"},
                                        {"Protocol/Pair_list_P.txt", "1 ../c.jpg\n"},
                                        {"Protocol/Split/FP/01/diff.txt", "2,1\n"}});
  read_cfp(folder.with("Protocol/Split/FP/01/same.txt", bytes));
}

std::vector<Bytes> template_media() { return {bytes_of("1.jpg 17 501\n2.jpg 17 502\n3.jpg 9 700\n")}; }
void read_template_media(Input bytes) {
  static const OneFolder folder("ijb", {{"meta/x_template_pair_label.txt", "17 9 0\n"},
                                        {"meta/x_name_5pts_score.txt", "1.jpg 1 2 3 4 5 6 7 8 9 10 0.9\n"}});
  read_ijb(folder.with("meta/x_face_tid_mid.txt", bytes));
}

std::vector<Bytes> template_tables() { return {bytes_of("template_a,template_b,same,fold\na,b,0,2\na,a,1,1\n")}; }
void read_template_table(Input bytes) {
  static const OneFolder folder("tables", {{"templates.csv", "file,template\n1.jpg,a\n2.jpg,b\n"}});
  read_ijb(folder.with("template_pairs.csv", bytes));
}

// (["xy", "zw"], [True]) by Python 2 and 3.
std::vector<Bytes> packed_pairs() {
  return {bytes_of("\x80\x02](U\x02xyU\x02zwe]\x88"
                   "a\x86."),
          bytes_of("\x80\x03](C\x02xyq\x01"
                   "C\x02zwh\x01h\x01"
                   "e](\x88\x89"
                   "e\x86."),
          bytes_of("\x80\x02](c_codecs\nencode\nq\x01(X\x02" + std::string(3, '\0') + "xyX\x06" + std::string(3, '\0') +
                   "latin1tRh\x01(X\x01" + std::string(3, '\0') + "zX\x06" + std::string(3, '\0') +
                   "latin1tRe]\x88"
                   "a\x86.")};
}
void read_packed(Input bytes) {
  static const OneFile file(".bin");
  read_packed_pairs(file.with(bytes));
}

constexpr Target kTargets[] = {{"csv", tables, read_table},
                               {"landmarks", landmarks, read_landmark_table},
                               {"lfw-pairs", lfw_pairs, read_lfw},
                               {"pairs", pair_tables, read_pair_table},
                               {"constraints", constraint_tables, read_constraint_table},
                               {"people", people_lists, read_people},
                               {"clip-pairs", clip_pairs, read_clip_pairs},
                               {"cfp", cfp_pairs, read_cfp_pairs},
                               {"template-media", template_media, read_template_media},
                               {"template-pairs", template_tables, read_template_table},
                               {"packed-pairs", packed_pairs, read_packed}};

}  // namespace

std::span<const Target> table_targets() { return kTargets; }

}  // namespace facenet::fuzz
