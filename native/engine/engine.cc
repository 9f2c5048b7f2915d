#include "engine/engine.h"

#include <chrono>
#include <thread>

#include "model/error.h"

namespace rerank {
namespace {

constexpr auto kParkPatience = std::chrono::seconds(2);

}  // namespace

Engine& Engine::instance() {
  static Engine* engine = new Engine();
  return *engine;
}

void Engine::enter() {
  std::lock_guard lock(mutex_);
  environments_++;
  parked_ = false;
  changed_.notify_all();
  if (thread_started_) return;
  thread_started_ = true;
  std::thread([this] { loop(); }).detach();
}

void Engine::leave() {
  std::deque<Item> dropped;
  std::unique_lock lock(mutex_);
  if (--environments_ > 0) return;
  parked_ = true;
  dropped.swap(queue_);
  lock.unlock();
  dropped.clear();  // without the lock, since this may release encoders; before parking, which destroys them
  lock.lock();
  if (environments_ > 0) return;  // one has entered meanwhile
  const auto done = std::make_shared<bool>(false);
  queue_.emplace_back([this, done] {
    park();
    std::lock_guard inner(mutex_);
    *done = true;
    changed_.notify_all();
  });
  changed_.notify_all();
  // A device that hangs must not keep the process from ending.
  changed_.wait_for(lock, kParkPatience, [&] { return *done; });
}

void Engine::score(ScoreJob job) { push(std::move(job)); }

void Engine::post(std::function<void()> task) { push(std::move(task)); }

std::shared_ptr<Encoder> Engine::adopt(std::unique_ptr<Encoder> encoder) {
  return {encoder.release(), [this](Encoder* retired) {
            std::lock_guard lock(mutex_);
            retired_.emplace_back(retired);
            changed_.notify_all();
          }};
}

void Engine::on_park(std::function<void()> hook) {
  std::lock_guard lock(mutex_);
  park_hooks_.push_back(std::move(hook));
}

void Engine::push(Item item) {
  std::lock_guard lock(mutex_);
  if (parked_) return;
  queue_.push_back(std::move(item));
  changed_.notify_all();
}

void Engine::throw_parked() { throw Error(ErrorCode::kClosed, "the environment that asked for this has ended"); }

void Engine::loop() {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (running_.empty()) {
      changed_.wait(lock, [&] { return !queue_.empty() || (!retired_.empty() && !parked_); });
    }
    if (!retired_.empty() && !parked_) {
      lock.unlock();
      destroy_retired();
      continue;
    }
    if (!running_.empty() && (queue_.empty() || must_settle_before(queue_.front()))) {
      lock.unlock();
      settle_oldest();
      continue;
    }
    if (queue_.empty()) continue;
    Item item = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    if (auto* job = std::get_if<ScoreJob>(&item)) {
      start(std::move(*job));
    } else {
      std::get<std::function<void()>>(item)();
    }
  }
}

void Engine::destroy_retired() {
  std::vector<std::unique_ptr<Encoder>> retired;
  std::lock_guard lock(mutex_);
  retired.swap(retired_);
  // Declared first, destroyed last: encoders go after the lock is released.
}

// Tasks see an idle device; a batch joins others only on the encoder that has room for it.
bool Engine::must_settle_before(const Item& next) const {
  const auto* job = std::get_if<ScoreJob>(&next);
  if (job == nullptr || job->encoder != running_.front().job.encoder) return true;
  return static_cast<int>(running_.size()) >= job->encoder->max_in_flight();
}

void Engine::start(ScoreJob job) {
  try {
    if (job.admit) job.admit();
    // The batch is a view of the vectors, whose memory stays where it is when the job moves.
    auto pending = job.encoder->submit(job.batch());
    running_.push_back({std::move(job), std::move(pending)});
  } catch (...) {
    job.finish({}, std::current_exception());
  }
}

void Engine::settle_oldest() {
  Running running = std::move(running_.front());
  running_.pop_front();
  std::vector<float> logits;
  std::exception_ptr error;
  try {
    logits = running.pending->wait();
  } catch (...) {
    error = std::current_exception();
  }
  running.pending.reset();
  running.job.finish(std::move(logits), error);
}

void Engine::park() {
  destroy_retired();
  std::vector<std::function<void()>> hooks;
  {
    std::lock_guard lock(mutex_);
    hooks = park_hooks_;
  }
  for (const auto& hook : hooks) {
    try {
      hook();
    } catch (...) {
      // Nobody is left to tell, and the process is about to end or to start afresh.
    }
  }
}

}  // namespace rerank
