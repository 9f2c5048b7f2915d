#pragma once
#include <stdexcept>
#include <string>

namespace rerank {

// The subset of the package's error codes (lib/errors.ts) that native code can raise.
enum class ErrorCode {
  kInvalidArgument,
  kModelNotFound,
  kModelUnsupported,
  kModelCorrupt,
  kDevice,
  kOutOfMemory,
  kClosed,
};

// The name JavaScript sees as `error.code`.
const char* error_code_name(ErrorCode code);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace rerank
