#include "binding/errors.h"

#include <new>

namespace rerank {

Napi::Error make_error(Napi::Env env, ErrorCode code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, error_code_name(code)));
  return error;
}

Napi::Error make_error(Napi::Env env, std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return make_error(env, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return make_error(env, ErrorCode::kOutOfMemory, "not enough memory. Use a smaller batch or a smaller model.");
  } catch (const std::exception& e) {
    return make_error(env, ErrorCode::kDevice, std::string("unexpected native error: ") + e.what());
  } catch (...) {
    return make_error(env, ErrorCode::kDevice, "unexpected native error of unknown type");
  }
}

}  // namespace rerank
