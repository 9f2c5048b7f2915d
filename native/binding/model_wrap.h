#pragma once
#include <atomic>
#include <memory>
#include <mutex>

#include "binding/environment.h"
#include "engine/encoder.h"

namespace rerank {

// The JavaScript object of a loaded model (NativeModel in lib/native/addon.ts): argument checks and promises only.
class ModelWrap : public Napi::ObjectWrap<ModelWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  // A new object that owns a share of `encoder`.
  static Napi::Object create(Napi::Env env, std::shared_ptr<Encoder> encoder);

  explicit ModelWrap(const Napi::CallbackInfo& info);
  ~ModelWrap() override;

  // Gives up the encoder; queued batches of this object are then refused. Idempotent.
  void release();

 private:
  // Outlives this object while batches are in flight.
  struct State {
    std::atomic<bool> closed{false};
    std::mutex mutex;
    MemoryReport memory;
  };

  Napi::Value score(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::shared_ptr<std::unordered_set<ModelWrap*>> open_models_;
};

}  // namespace rerank
