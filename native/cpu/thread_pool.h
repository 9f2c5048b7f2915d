#pragma once
#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cpu/event.h"

namespace rerank {

// Threads that sleep while there is no task. Each takes its part in every task, in the order in which tasks were
// started, and goes on to the next without waiting for the others.
class ThreadPool {
 public:
  class Task {
   public:
    Task(std::function<void(int)> body, int parts) : body_(std::move(body)), left_(parts), done_(parts == 0) {}
    bool done() const { return done_.load(std::memory_order_acquire); }
    // Returns when every thread has done its part; throws the first exception of a part.
    void wait();
    // Calls `call` once when it is done, on one of the threads, or at once if it is done already. At most one.
    void when_done(std::function<void()> call) { ended_.then(std::move(call)); }

   private:
    friend class ThreadPool;
    void take_part(int index);

    std::function<void(int)> body_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int left_;
    std::atomic<bool> done_;
    std::exception_ptr failure_;
    Event ended_;
    std::shared_ptr<Task> next_;  // guarded by the pool's mutex
  };

  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(threads_.size()); }
  // Has body(0) .. body(threads() - 1) called, each on its own thread. Keep what body refers to until it is done.
  std::shared_ptr<Task> start(std::function<void(int)> body);
  void run(std::function<void(int)> body) { start(std::move(body))->wait(); }

 private:
  void work(int index, std::shared_ptr<Task> last);

  std::mutex mutex_;
  std::condition_variable started_;
  bool stopping_ = false;
  std::shared_ptr<Task> newest_ = std::make_shared<Task>(nullptr, 0);
  std::vector<std::thread> threads_;
};

}  // namespace rerank
