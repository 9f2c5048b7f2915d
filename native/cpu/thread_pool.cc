#include "cpu/thread_pool.h"

#include <utility>

namespace rerank {

ThreadPool::ThreadPool(int threads) {
  for (int i = 0; i < threads; i++) threads_.emplace_back([this, i, last = newest_] { work(i, last); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  started_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::shared_ptr<ThreadPool::Task> ThreadPool::start(std::function<void(int)> body) {
  auto task = std::make_shared<Task>(std::move(body), threads());
  {
    const std::lock_guard lock(mutex_);
    newest_->next_ = task;
    newest_ = task;
  }
  started_.notify_all();
  return task;
}

void ThreadPool::work(int index, std::shared_ptr<Task> last) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      started_.wait(lock, [&] { return stopping_ || last->next_; });
      if (!last->next_) return;
      last = last->next_;
    }
    last->take_part(index);
  }
}

void ThreadPool::Task::take_part(int index) {
  std::exception_ptr failure;
  try {
    body_(index);
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = failure;
    if (--left_ > 0) return;
    body_ = nullptr;  // every thread keeps its last task, but not what that refers to
    done_.store(true, std::memory_order_release);
    changed_.notify_all();
  }
  ended_.happen();
}

void ThreadPool::Task::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done(); });
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace rerank
