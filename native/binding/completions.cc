#include "binding/completions.h"

namespace rerank {

Completions::Completions(Napi::Env env)
    : function_(Function::New(env, "mlx-rerank", /*maxQueueSize=*/0, /*initialThreadCount=*/1, this)) {
  function_.Unref(env);
}

void Completions::begin(Napi::Env env) {
  if (in_flight_++ == 0) function_.Ref(env);
}

void Completions::send(Message message) {
  auto owned = std::make_unique<Message>(std::move(message));
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

void Completions::receive(Napi::Env env, Napi::Function, Completions* self, Message* message) {
  const std::unique_ptr<Message> owned(message);
  if (env == nullptr) return;  // the environment is ending; nothing can be settled
  Napi::HandleScope scope(env);
  if (owned->ends && --self->in_flight_ == 0) self->function_.Unref(env);
  owned->work(env);
}

}  // namespace rerank
