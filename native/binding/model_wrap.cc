#include "binding/model_wrap.h"

#include <optional>

#include "binding/arguments.h"
#include "binding/errors.h"
#include "engine/batch_check.h"
#include "engine/engine.h"

namespace rerank {
namespace {

// Marks our objects, so that a method called on a foreign receiver is an error and not a wild pointer.
constexpr napi_type_tag kModelTag = {0x6d6c782d72657261ull, 0x6e6b2d6d6f64656cull};

Napi::Object describe(Napi::Env env, const Encoder& encoder) {
  const EncoderInfo& info = encoder.info();
  Napi::Object object = Napi::Object::New(env);
  object.Set("path", info.path);
  object.Set("reason", info.reason);
  object.Set("device", info.device);
  object.Set("deviceName", info.device_name);
  object.Set("dtype", info.dtype);
  object.Set("instructionSet", info.instruction_set);
  object.Set("threads", info.threads);
  object.Set("lengthMultiple", info.length_multiple);
  object.Set("maxInFlight", encoder.max_in_flight());
  object.Set("labels", info.limits.labels);
  object.Set("layers", info.layers);
  object.Set("hiddenSize", info.hidden_size);
  object.Set("vocabSize", info.limits.vocab_size);
  object.Set("typeVocabSize", info.limits.type_vocab_size);
  object.Set("maxLength", info.limits.max_length);
  object.Set("parameterBytes", static_cast<double>(info.parameter_bytes));
  object.Freeze();
  return object;
}

// What score() calls when its batch is under way; JavaScript thread only, but for the destructor.
class UnderWay {
 public:
  UnderWay(Napi::Env env, Napi::Value callback) {
    if (!callback.IsFunction()) return;
    // By way of a promise, because a reference to the function could only be dropped on the JavaScript thread.
    deferred_.emplace(env);
    deferred_->Promise().Then(callback.As<Napi::Function>());
  }
  void tell(Napi::Env env) {
    if (deferred_) deferred_->Resolve(env.Undefined());
    deferred_.reset();
  }

 private:
  std::optional<Napi::Promise::Deferred> deferred_;
};

[[noreturn]] void throw_closed() { throw Error(ErrorCode::kClosed, "the model is closed"); }

}  // namespace

Napi::Function ModelWrap::define(Napi::Env env) {
  return DefineClass(env, "NativeModel",
                     {InstanceMethod<&ModelWrap::score>("score"), InstanceMethod<&ModelWrap::memory>("memory"),
                      InstanceMethod<&ModelWrap::close>("close")});
}

Napi::Object ModelWrap::create(Napi::Env env, std::shared_ptr<Encoder> encoder) {
  auto* environment = env.GetInstanceData<Environment>();
  return environment->model_constructor.New({Napi::External<std::shared_ptr<Encoder>>::New(env, &encoder)});
}

ModelWrap::ModelWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ModelWrap>(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsExternal()) throw Napi::TypeError::New(env, "models are made by load()");
  encoder_ = *info[0].As<Napi::External<std::shared_ptr<Encoder>>>().Data();
  state_->memory.active = state_->memory.peak = encoder_->info().parameter_bytes;
  auto object = info.This().As<Napi::Object>();
  object.TypeTag(&kModelTag);
  object.DefineProperty(Napi::PropertyDescriptor::Value("info", describe(env, *encoder_), napi_enumerable));
  open_models_ = env.GetInstanceData<Environment>()->models;
  open_models_->insert(this);
}

// Collected unclosed: batches in flight hold their own share of the encoder and still end well.
ModelWrap::~ModelWrap() {
  if (open_models_) open_models_->erase(this);
}

void ModelWrap::release() {
  state_->closed = true;
  encoder_.reset();
}

Napi::Value ModelWrap::score(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto deferred = Napi::Promise::Deferred::New(env);
  try {
    if (!info.This().As<Napi::Object>().CheckTypeTag(&kModelTag)) {
      throw Error(ErrorCode::kInvalidArgument, "score() was called on something that is not a model");
    }
    if (!encoder_) throw_closed();
    ScoreJob job = to_score_job(info[0]);
    check_batch(job.batch(), encoder_->info().limits);

    auto completions = env.GetInstanceData<Environment>()->completions;
    job.encoder = encoder_;
    job.admit = [state = state_, completions] {
      if (state->closed || !completions->open()) throw_closed();
    };
    auto under_way = std::make_shared<UnderWay>(env, info[1]);
    job.under_way = [completions, under_way] {
      completions->tell([under_way](Napi::Env env) { under_way->tell(env); });
    };
    job.finish = [state = state_, completions, deferred, under_way, encoder = encoder_.get()](
                     std::vector<float> logits, std::exception_ptr error) {
      // An encoder that failed may be on a thread that was given up, and is not asked.
      if (!error) {
        std::lock_guard lock(state->mutex);
        state->memory = encoder->memory();
      }
      completions->finish([deferred, under_way, logits = std::move(logits), error](Napi::Env env) {
        under_way->tell(env);
        if (error) return deferred.Reject(make_error(env, error).Value());
        auto array = Napi::Float32Array::New(env, logits.size());
        std::copy(logits.begin(), logits.end(), array.Data());
        deferred.Resolve(array);
      });
    };
    // The reference that keeps the process alive is taken last: nothing after it may throw.
    completions->begin(env);
    Engine::instance().score(std::move(job));
  } catch (const Napi::Error& error) {
    deferred.Reject(error.Value());
  } catch (...) {
    deferred.Reject(make_error(env, std::current_exception()).Value());
  }
  return deferred.Promise();
}

Napi::Value ModelWrap::memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  MemoryReport report;
  {
    std::lock_guard lock(state_->mutex);
    report = state_->memory;
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("active", static_cast<double>(report.active));
  object.Set("cache", static_cast<double>(report.cache));
  object.Set("peak", static_cast<double>(report.peak));
  return object;
}

Napi::Value ModelWrap::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto deferred = Napi::Promise::Deferred::New(env);
  open_models_->erase(this);
  release();
  // Behind whatever is queued: batches of this model are refused, the running one ends first.
  auto completions = env.GetInstanceData<Environment>()->completions;
  completions->begin(env);
  Engine::instance().post([completions, deferred] {
    completions->finish([deferred](Napi::Env env) { deferred.Resolve(env.Undefined()); });
  });
  return deferred.Promise();
}

}  // namespace rerank
