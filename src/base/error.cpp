// Key functions of the error classes, so that their type information lives in the library once.
#include <facenet/error.hpp>

namespace facenet {

Error::~Error() = default;
InvalidArgument::~InvalidArgument() = default;
FormatError::~FormatError() = default;
IoError::~IoError() = default;
Interrupted::~Interrupted() = default;

}  // namespace facenet
