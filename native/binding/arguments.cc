#include "binding/arguments.h"

#include "model/error.h"

namespace rerank {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); }

std::string text(const Napi::Object& object, const char* key, std::initializer_list<const char*> choices) {
  const Napi::Value value = object.Get(key);
  std::string expected;
  for (const char* choice : choices) expected += expected.empty() ? choice : std::string(", ") + choice;
  if (!value.IsString()) invalid(std::string(key) + " must be one of " + expected);
  const std::string received = value.As<Napi::String>().Utf8Value();
  for (const char* choice : choices) {
    if (received == choice) return received;
  }
  invalid(std::string(key) + " is \"" + received + "\", expected one of " + expected);
}

int count(const Napi::Object& object, const char* key, int limit) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined()) return 0;
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= limit) || number != static_cast<int>(number)) {
    invalid(std::string(key) + " must be an integer from 0 to " + std::to_string(limit));
  }
  return static_cast<int>(number);
}

template <class Array>
Array typed_array(const Napi::Object& object, const char* key, napi_typedarray_type type, const char* expected) {
  const Napi::Value value = object.Get(key);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    invalid(std::string(key) + " must be " + expected);
  }
  return value.As<Array>();
}

}  // namespace

LoadOptions to_load_options(const Napi::Value& value) {
  if (!value.IsObject()) invalid("options must be an object");
  const auto object = value.As<Napi::Object>();
  LoadOptions options;
  options.device = text(object, "device", {"auto", "gpu", "cpu"});
  options.path = text(object, "path", {"auto", "mlx", "cpu"});
  options.dtype = text(object, "dtype", {"auto", "float32", "float16", "bfloat16", "int8"});
  options.tokenizer_size = count(object, "tokenizerSize", 1 << 30);
  options.threads = count(object, "threads", 1024);
  options.length_multiple = count(object, "lengthMultiple", 512);
  if (!object.Get("attention").IsUndefined()) {
    options.attention = text(object, "attention", {"auto", "plain", "padded", "paired"});
  }
  return options;
}

ScoreJob to_score_job(const Napi::Value& value) {
  if (!value.IsObject()) invalid("batch must be an object with inputIds, tokenTypeIds and offsets");
  const auto object = value.As<Napi::Object>();
  const auto ids = typed_array<Napi::Int32Array>(object, "inputIds", napi_int32_array, "an Int32Array");
  const auto types = typed_array<Napi::Uint8Array>(object, "tokenTypeIds", napi_uint8_array, "a Uint8Array");
  const auto offsets = typed_array<Napi::Int32Array>(object, "offsets", napi_int32_array, "an Int32Array");
  ScoreJob job;
  job.input_ids.assign(ids.Data(), ids.Data() + ids.ElementLength());
  job.token_type_ids.assign(types.Data(), types.Data() + types.ElementLength());
  job.offsets.assign(offsets.Data(), offsets.Data() + offsets.ElementLength());
  return job;
}

}  // namespace rerank
