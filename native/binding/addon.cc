// Module init and the one entry point, load(). The JavaScript side of this contract is lib/native/addon.ts.
#include "binding/arguments.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/model_wrap.h"
#ifdef MLX_RERANK_WITH_MLX
#include "mlx/mlx_encoder.h"
#endif

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

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment(env));
  exports.Set("version", MLX_RERANK_VERSION);
#ifdef MLX_RERANK_WITH_MLX
  exports.Set("mlxVersion", mlx_version());
#else
  exports.Set("mlxVersion", env.Null());
#endif
  exports.Set("load", Napi::Function::New(env, load, "load"));
  return exports;
}

}  // namespace
}  // namespace rerank

static Napi::Object init_addon(Napi::Env env, Napi::Object exports) { return rerank::init(env, exports); }
NODE_API_MODULE(mlx_rerank, init_addon)
