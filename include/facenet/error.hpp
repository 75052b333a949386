// The errors that FaceNetLib throws: one hierarchy, so that a caller may catch as narrowly as it needs.
#pragma once

#include <stdexcept>
#include <string>

#include <facenet/export.hpp>

namespace facenet {

/// Base of everything the library throws on purpose. The message names the thing (operator, file, argument),
/// the shapes or offset concerned, and what to do.
class FACENET_API Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
  ~Error() override;
};

/// An argument cannot be used: a wrong shape, a value out of range, an unknown name.
class FACENET_API InvalidArgument : public Error {
 public:
  explicit InvalidArgument(const std::string& message) : Error(message) {}
  ~InvalidArgument() override;
};

/// A file's bytes are not what they should be: truncated, corrupt, of another kind or version.
class FACENET_API FormatError : public Error {
 public:
  explicit FormatError(const std::string& message) : Error(message) {}
  ~FormatError() override;
};

/// The system refused a read or write: missing file, no permission, full disk.
class FACENET_API IoError : public Error {
 public:
  explicit IoError(const std::string& message) : Error(message) {}
  ~IoError() override;
};

/// Long work was stopped through its stop token; what the message says was saved can be continued.
class FACENET_API Interrupted : public Error {
 public:
  explicit Interrupted(const std::string& message) : Error(message) {}
  ~Interrupted() override;
};

}  // namespace facenet
