#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
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
  // Called on any thread, at most once, when nothing of the batch waits for the device any more; as soon as it is submitted
  // to one that cannot tell. May be empty.
  std::function<void()> under_way;
  // Called on a thread of the engine with the logits or the error: exactly once, unless the engine parks first.
  std::function<void(std::vector<float> logits, std::exception_ptr error)> finish;

  PackedBatch batch() const { return {input_ids, token_type_ids, offsets}; }
};

// The one thread of the process on which encoders run. MLX streams belong to the thread that made them, so whatever
// touches MLX is made, used and freed here; the JavaScript threads and libuv's pool never do.
//
// A device can hang, and with it the thread that waits for it. What has a patience is watched: when it runs out, all
// that the thread holds is settled with kDevice, the thread is left to itself for the rest of the process, and another
// takes over the queue. Encoders with a patience are never touched again; those without one, the CPU's, go on.
class Engine {
 public:
  Engine() = default;
  // Never destroyed: at process exit the thread may still be inside a batch.
  static Engine& instance();

  // Environments (Node's main thread, each worker) that use the engine. When the last one leaves, what is queued is
  // dropped, the running batch is waited for (at most two seconds), the park hooks run, and the thread sleeps.
  void enter();
  void leave();
  // The same for all at once: the process ends, and process.exit() gives environments no chance to leave.
  void end();

  // First in, first out, together with tasks. Batches of one encoder overlap as far as it allows.
  void score(ScoreJob job);
  void post(std::function<void()> task);
  // Runs `work` on the engine thread and waits; throws what it throws, or kClosed when the engine is parked. A `work`
  // that may hang needs a patience and must own all it uses: when that runs out, the caller gets kDevice and goes on.
  template <class Work>
  auto run(Work work, std::chrono::milliseconds patience = {}) -> decltype(work());
  // Owns `encoder`; the last owner's release has it destroyed on the engine thread. One that is released while the
  // engine is parked stays until it wakes: the process may be in its exit handlers, which MLX does not survive.
  std::shared_ptr<Encoder> adopt(std::unique_ptr<Encoder> encoder);
  // `hook` is called on the engine thread each time it parks, after all encoders whose owners are gone are destroyed.
  void on_park(std::function<void()> hook);

  // Any thread: this process shall not use its GPU for further models. The first reason is kept.
  void report_device_fault(const std::string& reason);
  std::optional<std::string> device_fault();

 private:
  struct Task {
    std::function<void()> run;
    std::function<void(std::exception_ptr)> give_up;  // may be empty when there is no patience
    std::chrono::milliseconds patience{0};
  };
  using Item = std::variant<ScoreJob, Task>;
  struct Running {
    Item item;
    std::unique_ptr<Pending> pending;  // of a ScoreJob, once it is submitted
    bool wakes = false;                // whether changed_ is notified when it is ready
  };
  // A thread and what it is at work on: one task, or batches of one encoder, oldest first. Only its thread adds and
  // removes, under the mutex.
  struct Lane {
    std::deque<Running> running;
    uint64_t turns = 0;  // rises whenever something comes back, and when work starts after a rest
    bool given_up = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  void push(Item item);
  [[noreturn]] void loop(std::shared_ptr<Lane> lane);
  void start_next(Lane& lane, Lock& lock);
  void settle_oldest(Lane& lane, Lock& lock);
  void destroy_retired(Lock& lock);
  void rest(Lock& lock);
  void park();
  template <class Work>
  static void unlocked(Lane& lane, Lock& lock, Work work);
  static bool must_settle_before(const Lane& lane, const Item& next);
  static bool has_room(const Lane& lane);
  static std::chrono::milliseconds patience_of(const Item& item);

  void start_thread();
  [[noreturn]] void watch();
  void give_up(Lock& lock);
  [[noreturn]] static void throw_parked();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  std::vector<std::unique_ptr<Encoder>> retired_;
  std::vector<std::unique_ptr<Encoder>> lost_;  // with a thread that was given up; never destroyed
  std::vector<std::function<void()>> park_hooks_;
  int environments_ = 0;
  bool parked_ = true;
  std::shared_ptr<Lane> lane_;

  std::condition_variable watched_;
  bool watching_ = false;
  std::exception_ptr hung_;  // what everybody gets who wants an encoder with a patience, once one ran out
  std::optional<std::string> fault_;
};

template <class Work>
auto Engine::run(Work work, std::chrono::milliseconds patience) -> decltype(work()) {
  using Result = decltype(work());
  auto promise = std::make_shared<std::promise<Result>>();
  auto result = promise->get_future();
  const auto fail = [](std::promise<Result>& to_fail, std::exception_ptr error) {
    try {
      to_fail.set_exception(error);
    } catch (const std::future_error&) {
      // Patience ran out in the moment in which the work ended: whichever came first counts.
    }
  };
  {
    // Gone before we wait: a std::function that was moved from may still hold the promise.
    Task task;
    task.run = [promise, fail, work = std::move(work)]() mutable {
      try {
        if constexpr (std::is_void_v<Result>) {
          work();
          promise->set_value();
        } else {
          promise->set_value(work());
        }
      } catch (...) {
        fail(*promise, std::current_exception());
      }
    };
    task.give_up = [promise, fail](std::exception_ptr hung) { fail(*promise, hung); };
    task.patience = patience;
    push(std::move(task));
  }
  promise.reset();  // a task dropped by parking then breaks its promise instead of waiting for ever
  try {
    return result.get();
  } catch (const std::future_error&) {
    throw_parked();
  }
}

}  // namespace rerank
