#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "engine/encoder.h"

namespace rerank {

// A batch waiting for the engine, with its own memory.
struct ScoreJob {
  std::vector<int32_t> input_ids;
  std::vector<uint8_t> token_type_ids;
  std::vector<int32_t> offsets;
  std::shared_ptr<Encoder> encoder;
  // Called before the batch is computed; throws when nobody wants the result any more.
  std::function<void()> admit;
  // Called on the engine thread with the logits or the error: exactly once, unless the engine parks first.
  std::function<void(std::vector<float> logits, std::exception_ptr error)> finish;

  PackedBatch batch() const { return {input_ids, token_type_ids, offsets}; }
};

// The one thread of the process on which encoders run. MLX streams belong to the thread that made them, so whatever
// touches MLX is made, used and freed here; the JavaScript threads and libuv's pool never do.
class Engine {
 public:
  // Never destroyed: at process exit the thread may still be inside a batch.
  static Engine& instance();

  // Environments (Node's main thread, each worker) that use the engine. When the last one leaves, what is queued is
  // dropped, the running batch is waited for (at most two seconds), the park hooks run, and the thread sleeps.
  void enter();
  void leave();

  // First in, first out, together with tasks.
  void score(ScoreJob job);
  void post(std::function<void()> task);
  // Runs `task` on the engine thread and waits; throws what it throws, or kClosed when the engine is parked.
  template <class Task>
  auto run(Task task) -> decltype(task());
  // Owns `encoder`; the last owner's release has it destroyed on the engine thread. One that is released while the
  // engine is parked stays until it wakes: the process may be in its exit handlers, which MLX does not survive.
  std::shared_ptr<Encoder> adopt(std::unique_ptr<Encoder> encoder);
  // `hook` is called on the engine thread each time it parks, after all encoders whose owners are gone are destroyed.
  void on_park(std::function<void()> hook);

 private:
  using Item = std::variant<ScoreJob, std::function<void()>>;
  struct Running {
    ScoreJob job;
    std::unique_ptr<Pending> pending;
  };

  Engine() = default;
  [[noreturn]] void loop();
  void push(Item item);
  void start(ScoreJob job);
  void settle_oldest();
  void destroy_retired();
  void park();
  bool must_settle_before(const Item& next) const;
  [[noreturn]] static void throw_parked();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  std::vector<std::unique_ptr<Encoder>> retired_;
  std::vector<std::function<void()>> park_hooks_;
  int environments_ = 0;
  bool thread_started_ = false;
  bool parked_ = true;

  std::deque<Running> running_;  // engine thread only, oldest first
};

template <class Task>
auto Engine::run(Task task) -> decltype(task()) {
  auto packaged = std::make_shared<std::packaged_task<decltype(task())()>>(std::move(task));
  auto result = packaged->get_future();
  post([packaged] { (*packaged)(); });
  packaged.reset();  // a task dropped by parking then breaks its promise instead of waiting for ever
  try {
    return result.get();
  } catch (const std::future_error&) {
    throw_parked();
  }
}

}  // namespace rerank
