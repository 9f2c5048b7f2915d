// Module init and the one entry point, load(). The JavaScript side of this contract is lib/native/addon.ts.
#include <thread>

#include "binding/arguments.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/model_wrap.h"
#include "engine/backend.h"
#include "model/bert.h"

namespace rerank {
namespace {

Napi::Value load(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto deferred = Napi::Promise::Deferred::New(env);
  try {
    if (!info[0].IsString()) throw Error(ErrorCode::kInvalidArgument, "folder must be a string");
    const std::string folder = info[0].As<Napi::String>().Utf8Value();
    const LoadOptions options = to_load_options(info[1]);
    auto completions = env.GetInstanceData<Environment>()->completions;
    load_model(folder, options, [completions, deferred](std::shared_ptr<Encoder> encoder, std::exception_ptr error) {
      completions->finish([deferred, encoder = std::move(encoder), error](Napi::Env env) {
        if (error) return deferred.Reject(make_error(env, error).Value());
        deferred.Resolve(ModelWrap::create(env, encoder));
      });
    });
    // Its result comes through the event loop, so counting it only now is early enough.
    completions->begin(env);
  } catch (const Napi::Error& error) {
    deferred.Reject(error.Value());
  } catch (...) {
    deferred.Reject(make_error(env, std::current_exception()).Value());
  }
  return deferred.Promise();
}

// Runs `work` on a thread of its own; the promise gets what `to_value` makes of its result.
template <class Work, class ToValue>
Napi::Value promise_of(Napi::Env env, Work work, ToValue to_value) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  auto completions = env.GetInstanceData<Environment>()->completions;
  std::thread([completions, deferred, work = std::move(work), to_value] {
    try {
      completions->finish([deferred, to_value, result = work()](Napi::Env env) { deferred.Resolve(to_value(env, result)); });
    } catch (...) {
      completions->finish([deferred, error = std::current_exception()](Napi::Env env) {
        deferred.Reject(make_error(env, error).Value());
      });
    }
  }).detach();
  completions->begin(env);  // its result comes through the event loop
  return deferred.Promise();
}

Napi::Value gpu(const Napi::CallbackInfo& info) {
  return promise_of(info.Env(), find_gpu, [](Napi::Env env, const std::optional<GpuInfo>& gpu) -> Napi::Value {
    if (!gpu) return env.Null();
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", gpu->name);
    object.Set("architecture", gpu->architecture);
    object.Set("memoryBytes", static_cast<double>(gpu->memory_bytes));
    return object;
  });
}

Napi::Value to_value(Napi::Env env, const GpuReport& report) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("dtype", report.dtype);
  object.Set("tolerance", report.tolerance);
  object.Set("cpuMs", report.cpu_seconds * 1e3);
  Napi::Array forms = Napi::Array::New(env);
  for (const Trial& trial : report.trials) {
    Napi::Object form = Napi::Object::New(env);
    form.Set("name", trial.name);
    if (trial.failure.empty()) {
      form.Set("maxError", trial.max_error);
      form.Set("ms", trial.seconds * 1e3);
    } else {
      form.Set("failure", trial.failure);
    }
    forms.Set(forms.Length(), form);
  }
  object.Set("forms", forms);
  return object;
}

Napi::Value try_gpu(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    if (!info[0].IsString()) throw Error(ErrorCode::kInvalidArgument, "folder must be a string");
    const std::string folder = info[0].As<Napi::String>().Utf8Value();
    const LoadOptions options = to_load_options(info[1]);
    return promise_of(env, [folder, options] { return rerank::try_gpu(load_bert(folder), options); },
                      [](Napi::Env env, const GpuReport& report) { return to_value(env, report); });
  } catch (...) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(make_error(env, std::current_exception()).Value());
    return deferred.Promise();
  }
}

Napi::Value device_fault(const Napi::CallbackInfo& info) {
  const auto fault = Engine::instance().device_fault();
  if (!fault) return info.Env().Null();
  return Napi::String::New(info.Env(), *fault);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment(env));
  exports.Set("version", MLX_RERANK_VERSION);
  const auto mlx = built_with_mlx();
  exports.Set("mlxVersion", mlx ? Napi::Value(Napi::String::New(env, *mlx)) : env.Null());
  exports.Set("load", Napi::Function::New(env, load, "load"));
  exports.Set("gpu", Napi::Function::New(env, gpu, "gpu"));
  exports.Set("tryGpu", Napi::Function::New(env, try_gpu, "tryGpu"));
  exports.Set("deviceFault", Napi::Function::New(env, device_fault, "deviceFault"));
  return exports;
}

}  // namespace
}  // namespace rerank

static Napi::Object init_addon(Napi::Env env, Napi::Object exports) { return rerank::init(env, exports); }
NODE_API_MODULE(mlx_rerank, init_addon)
