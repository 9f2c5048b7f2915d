#pragma once
#include <exception>
#include <string>

#include "binding/napi_setup.h"
#include "model/error.h"

namespace rerank {

// An Error object with `code`.
Napi::Error make_error(Napi::Env env, ErrorCode code, const std::string& message);

// Any exception as an Error object with one of our codes.
Napi::Error make_error(Napi::Env env, std::exception_ptr error);

}  // namespace rerank
