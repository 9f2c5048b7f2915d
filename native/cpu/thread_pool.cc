#include "cpu/thread_pool.h"

#include <utility>

namespace rerank {

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; i++) workers_.emplace_back([this, i] { work(i); });
}

ThreadPool::~ThreadPool() {
  round_.store(-1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(const std::function<void(int)>& task) {
  task_ = &task;
  running_.store(threads() - 1, std::memory_order_relaxed);
  const int next = (round_.load(std::memory_order_relaxed) + 1) & 0x7fffffff;
  round_.store(next, std::memory_order_release);
  round_.notify_all();
  call(0);
  while (const int left = running_.load(std::memory_order_acquire)) running_.wait(left, std::memory_order_acquire);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadPool::work(int index) {
  for (int seen = 0;;) {
    round_.wait(seen, std::memory_order_acquire);
    const int round = round_.load(std::memory_order_acquire);
    if (round < 0) return;
    if (round == seen) continue;
    seen = round;
    call(index);
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_all();
  }
}

void ThreadPool::call(int index) {
  try {
    (*task_)(index);
  } catch (...) {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

}  // namespace rerank
