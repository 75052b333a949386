// Keys of people's names, and their text.
#include "io/people_keys.hpp"

#include "catch.hpp"
#include "facenet/error.hpp"

using namespace facenet;

TEST_CASE("names that differ in case, blanks and signs alone are one") {
  CHECK(person_key("Ada_Lovelace") == person_key("ada lovelace"));
  CHECK(person_key("O'Brien, Pat") == person_key("o brien-pat"));
  CHECK(person_key("Zoë") != person_key("Zo"));
  CHECK(person_key("n000012") != person_key("n000021"));
  // SHA-256 of "adalovelace".
  CHECK(people_text({person_key("Ada Lovelace")}) == "8c20c6ec59d3bef9");
}

TEST_CASE("keys are kept in order, each once, and read back") {
  const PeopleKeys keys = with_people(with_people({}, {"Bob", "Ada", "Eve"}), {"ada", "Mallory"});
  REQUIRE(keys.size() == 4);
  const std::string text = people_text(keys);
  CHECK(text.size() == 64);
  CHECK(people_from_text(text, "x") == keys);
  CHECK(people_from_text("", "x").empty());
  CHECK_THROWS_AS(people_from_text(text.substr(1), "x"), FormatError);
  CHECK_THROWS_AS(people_from_text(text.substr(16) + text.substr(0, 16), "x"), FormatError);
  CHECK_THROWS_AS(people_from_text(text.substr(0, 16) + text.substr(0, 16), "x"), FormatError);
  CHECK_THROWS_AS(people_from_text("-000000000000001", "x"), FormatError);
  CHECK_THROWS_AS(people_from_text("00000000000000xy", "x"), FormatError);
}
