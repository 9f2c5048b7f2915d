#include "binding/completions.h"

namespace rerank {

Completions::Completions(Napi::Env env)
    : function_(Function::New(env, "mlx-rerank", /*maxQueueSize=*/0, /*initialThreadCount=*/1, this)) {
  function_.Unref(env);
}

void Completions::begin(Napi::Env env) {
  if (in_flight_++ == 0) function_.Ref(env);
}

void Completions::finish(Work work) {
  auto owned = std::make_unique<Work>(std::move(work));
  std::lock_guard lock(gate_);
  if (open_ && function_.NonBlockingCall(owned.get()) == napi_ok) owned.release();
}

bool Completions::open() {
  std::lock_guard lock(gate_);
  return open_;
}

void Completions::close() {
  {
    std::lock_guard lock(gate_);
    open_ = false;
  }
  function_.Abort();
}

void Completions::call(Napi::Env env, Napi::Function, Completions* self, Work* work) {
  const std::unique_ptr<Work> owned(work);
  if (env == nullptr) return;  // the environment is ending; nothing can be settled
  Napi::HandleScope scope(env);
  if (--self->in_flight_ == 0) self->function_.Unref(env);
  (*owned)(env);
}

}  // namespace rerank
