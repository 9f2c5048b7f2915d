#pragma once
#include <functional>
#include <memory>
#include <mutex>

#include "binding/napi_setup.h"

namespace rerank {

// Carries results from other threads back to one JavaScript environment, and stops doing so the moment that
// environment starts to end (exit, worker.terminate()): from then on results are dropped where they arise.
//
// The gate is what makes this safe: close() takes it before the threadsafe function goes, and a sender holds it
// around the call, so no thread ever uses a function that Node has freed.
class Completions : public std::enable_shared_from_this<Completions> {
 public:
  using Work = std::function<void(Napi::Env)>;

  explicit Completions(Napi::Env env);

  // JavaScript thread: one more operation is in flight. While any is, the environment is kept alive.
  void begin(Napi::Env env);
  // Any thread: runs `work` on the JavaScript thread while the operation goes on.
  void tell(Work work) { send({std::move(work), false}); }
  // Any thread: runs `work` on the JavaScript thread and ends the operation.
  void finish(Work work) { send({std::move(work), true}); }
  // Any thread.
  bool open();
  // JavaScript thread, once, when the environment ends.
  void close();

 private:
  struct Message {
    Work work;
    bool ends;
  };
  static void receive(Napi::Env env, Napi::Function, Completions* self, Message* message);
  using Function = Napi::TypedThreadSafeFunction<Completions, Message, receive>;

  void send(Message message);

  std::mutex gate_;
  bool open_ = true;
  Function function_;
  int in_flight_ = 0;  // JavaScript thread only
};

}  // namespace rerank
