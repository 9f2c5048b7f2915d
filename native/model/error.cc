#include "model/error.h"

namespace rerank {

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "ERR_INVALID_ARGUMENT";
    case ErrorCode::kModelNotFound: return "ERR_MODEL_NOT_FOUND";
    case ErrorCode::kModelUnsupported: return "ERR_MODEL_UNSUPPORTED";
    case ErrorCode::kModelCorrupt: return "ERR_MODEL_CORRUPT";
    case ErrorCode::kDevice: return "ERR_DEVICE";
    case ErrorCode::kOutOfMemory: return "ERR_OUT_OF_MEMORY";
    case ErrorCode::kClosed: return "ERR_CLOSED";
  }
  return "ERR_DEVICE";
}

}  // namespace rerank
