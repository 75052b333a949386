// SHA-256 against the vectors of FIPS 180-4.
#include "base/sha256.hpp"

#include "catch.hpp"

using facenet::Sha256;

TEST_CASE("SHA-256 gives the standard's digests, with the processor's instructions and without") {
  for (const bool instructions : {true, false}) {
    Sha256 empty(instructions);
    CHECK(empty.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    Sha256 abc(instructions);
    abc.update("abc");
    CHECK(abc.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (const int piece : {1, 40, 64, 1000}) {
      Sha256 million(instructions);
      for (int i = 0; i < 1000000; i += piece) million.update(std::string(static_cast<std::size_t>(piece), 'a'));
      CHECK(million.hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
  }
}
