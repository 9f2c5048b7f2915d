#pragma once
#include <functional>
#include <mutex>
#include <utility>

namespace rerank {

// Something that happens once, and what is to be called then.
class Event {
 public:
  // Calls what waits for it, on this thread.
  void happen() {
    std::function<void()> call;
    {
      const std::lock_guard lock(mutex_);
      happened_ = true;
      call = std::exchange(call_, nullptr);
    }
    if (call) call();
  }

  // Has `call` called once it happens, or at once if it has. At most one.
  void then(std::function<void()> call) {
    {
      const std::lock_guard lock(mutex_);
      if (!happened_) {
        call_ = std::move(call);
        return;
      }
    }
    call();
  }

 private:
  std::mutex mutex_;
  bool happened_ = false;
  std::function<void()> call_;
};

}  // namespace rerank
