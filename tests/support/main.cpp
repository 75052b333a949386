// Catch2's main function where the library brings none (version 2).
#if FACENET_CATCH2_VERSION < 3
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#else
namespace facenet::test {
extern const int kCatchBringsMain;
const int kCatchBringsMain = 3;
}  // namespace facenet::test
#endif
