#pragma once
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rerank {

// Threads that sleep between tasks. The thread that calls run() is one of them. Not reentrant.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  // Calls task(0) .. task(threads() - 1), each on its own thread, and returns when all have. The first exception
  // is thrown again here.
  void run(const std::function<void(int)>& task);

 private:
  void work(int index);
  void call(int index);

  const std::function<void(int)>* task_ = nullptr;
  std::atomic<int> round_{0};    // raised to start a task; negative: stop
  std::atomic<int> running_{0};  // workers still in the current task
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  std::vector<std::thread> workers_;
};

}  // namespace rerank
