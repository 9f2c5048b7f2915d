#include "engine/engine.h"

#include <algorithm>
#include <iterator>
#include <thread>

#include "model/error.h"

namespace rerank {
namespace {

using namespace std::chrono_literals;

constexpr auto kParkPatience = 2s;
// How often a running batch that cannot wake us is looked at while another could be submitted: short beside the milliseconds a GPU takes
// for one, and five thousand glances a second are little work.
constexpr auto kGlance = 200us;
// Patience is counted in naps of the watching thread, not by the clock: a laptop that sleeps, or a process that is
// stopped for an hour, is not a device that hangs.
constexpr int kNaps = 12;

std::string text_of(std::chrono::milliseconds patience) {
  return patience < 1s ? std::to_string(patience.count()) + " ms" : std::to_string(patience / 1s) + " s";
}

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
  if (!lane_) start_thread();
}

void Engine::leave() {
  Lock lock(mutex_);
  if (environments_ == 0) return;  // the process has ended already
  if (--environments_ == 0) rest(lock);
}

void Engine::end() {
  Lock lock(mutex_);
  environments_ = 0;
  if (!parked_) rest(lock);
}

void Engine::rest(Lock& lock) {
  std::deque<Item> dropped;
  parked_ = true;
  dropped.swap(queue_);
  lock.unlock();
  dropped.clear();  // without the lock, since this may release encoders; before parking, which destroys them
  lock.lock();
  if (environments_ > 0) return;  // one has entered meanwhile
  const auto done = std::make_shared<bool>(false);
  queue_.emplace_back(Task{.run = [this, done] {
    park();
    std::lock_guard inner(mutex_);
    *done = true;
    changed_.notify_all();
  }});
  changed_.notify_all();
  // A device that hangs must not keep the process from ending.
  changed_.wait_for(lock, kParkPatience, [&] { return *done; });
}

void Engine::score(ScoreJob job) { push(std::move(job)); }

void Engine::post(std::function<void()> task) { push(Task{.run = std::move(task)}); }

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

void Engine::report_device_fault(const std::string& reason) {
  std::lock_guard lock(mutex_);
  if (!fault_) fault_ = reason;
}

std::optional<std::string> Engine::device_fault() {
  std::lock_guard lock(mutex_);
  return fault_;
}

void Engine::push(Item item) {
  std::lock_guard lock(mutex_);
  if (parked_) return;
  queue_.push_back(std::move(item));
  changed_.notify_all();
}

void Engine::throw_parked() { throw Error(ErrorCode::kClosed, "the environment that asked for this has ended"); }

void Engine::start_thread() {
  lane_ = std::make_shared<Lane>();
  std::thread([this, lane = lane_] { loop(lane); }).detach();
}

void Engine::loop(std::shared_ptr<Lane> owned) {
  Lane& lane = *owned;
  Lock lock(mutex_);
  for (;;) {
    const auto rest_is_over = [&] { return !queue_.empty() || (!retired_.empty() && !parked_); };
    if (!retired_.empty() && !parked_) {
      destroy_retired(lock);
    } else if (!queue_.empty() && !must_settle_before(lane, queue_.front())) {
      start_next(lane, lock);
    } else if (lane.running.empty()) {
      changed_.wait(lock, rest_is_over);
    } else if (queue_.empty() && has_room(lane)) {
      const Running& oldest = lane.running.front();
      bool ready = false;
      if (oldest.wakes) {
        changed_.wait(lock, [&] { return rest_is_over() || oldest.pending->ready(); });
        ready = oldest.pending->ready();
      } else {
        unlocked(lane, lock, [&] { ready = oldest.pending->ready(); });
        if (!ready) changed_.wait_for(lock, kGlance, rest_is_over);
      }
      if (ready && queue_.empty()) settle_oldest(lane, lock);
    } else {
      settle_oldest(lane, lock);
    }
  }
}

// Runs `work`, which may take long or for ever, without the mutex. Does not return on a thread that was given up
// meanwhile: what it held is settled, and what it made is nobody's any more.
template <class Work>
void Engine::unlocked(Lane& lane, Lock& lock, Work work) {
  lock.unlock();
  work();
  lock.lock();
  if (!lane.given_up) return;
  lock.unlock();
  for (;;) std::this_thread::sleep_for(24h);
}

// Tasks see an idle device; a batch joins others only on the encoder that has room for it.
bool Engine::must_settle_before(const Lane& lane, const Item& next) {
  if (lane.running.empty()) return false;
  const auto* job = std::get_if<ScoreJob>(&next);
  if (job == nullptr || job->encoder != std::get<ScoreJob>(lane.running.front().item).encoder) return true;
  return !has_room(lane);
}

bool Engine::has_room(const Lane& lane) {
  const Encoder& encoder = *std::get<ScoreJob>(lane.running.front().item).encoder;
  return static_cast<int>(lane.running.size()) < encoder.max_in_flight();
}

std::chrono::milliseconds Engine::patience_of(const Item& item) {
  if (const auto* job = std::get_if<ScoreJob>(&item)) return job->encoder->info().patience;
  return std::get<Task>(item).patience;
}

void Engine::start_next(Lane& lane, Lock& lock) {
  lane.running.push_back({std::move(queue_.front()), nullptr});
  queue_.pop_front();
  Running& running = lane.running.back();
  if (lane.running.size() == 1) lane.turns++;
  if (patience_of(running.item) > 0ms) {
    if (!watching_) std::thread([this] { watch(); }).detach();
    watching_ = true;
    watched_.notify_one();
  }
  const std::exception_ptr lost = patience_of(running.item) > 0ms ? hung_ : nullptr;
  std::exception_ptr error;
  unlocked(lane, lock, [&] {
    try {
      if (lost) std::rethrow_exception(lost);
      if (auto* task = std::get_if<Task>(&running.item)) return task->run();
      const auto& job = std::get<ScoreJob>(running.item);
      if (job.admit) job.admit();
      running.pending = job.encoder->submit(job.batch());
      running.wakes = running.pending->wake_when_ready([this] {
        std::lock_guard inner(mutex_);
        changed_.notify_all();
      });
      if (job.under_way && !running.pending->when_under_way(job.under_way)) job.under_way();
    } catch (...) {
      error = std::current_exception();
    }
  });
  if (running.pending) return;
  Running over = std::move(running);
  lane.running.pop_back();
  lane.turns++;
  lock.unlock();
  if (auto* job = std::get_if<ScoreJob>(&over.item)) {
    job->finish({}, error);
  } else if (error) {
    std::get<Task>(over.item).give_up(error);
  }
  over = {};  // may release an encoder, which takes the mutex
  lock.lock();
}

void Engine::settle_oldest(Lane& lane, Lock& lock) {
  Running& oldest = lane.running.front();
  std::vector<float> logits;
  std::exception_ptr error;
  unlocked(lane, lock, [&] {
    try {
      logits = oldest.pending->wait();
    } catch (...) {
      error = std::current_exception();
    }
    oldest.pending.reset();
  });
  Running over = std::move(oldest);
  lane.running.pop_front();
  lane.turns++;
  lock.unlock();
  std::get<ScoreJob>(over.item).finish(std::move(logits), error);
  over = {};
  lock.lock();
}

void Engine::destroy_retired(Lock& lock) {
  std::vector<std::unique_ptr<Encoder>> retired;
  retired.swap(retired_);
  if (hung_) {
    // Those of a thread that was given up stay: nobody may touch what they hold.
    const auto bound = std::stable_partition(retired.begin(), retired.end(),
                                             [](const auto& encoder) { return encoder->info().patience == 0ms; });
    lost_.insert(lost_.end(), std::make_move_iterator(bound), std::make_move_iterator(retired.end()));
    retired.erase(bound, retired.end());
  }
  lock.unlock();
  retired.clear();
  lock.lock();
}

void Engine::park() {
  std::vector<std::function<void()>> hooks;
  {
    Lock lock(mutex_);
    destroy_retired(lock);
    if (hung_) return;  // the hooks are for a device that answers, on the thread that knows it
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

void Engine::watch() {
  Lock lock(mutex_);
  const auto patience = [&] { return lane_->running.empty() ? 0ms : patience_of(lane_->running.front().item); };
  for (;;) {
    watched_.wait(lock, [&] { return patience() > 0ms; });
    const auto turns = lane_->turns;
    const auto nap = std::chrono::duration_cast<std::chrono::microseconds>(patience()) / kNaps;
    bool same = true;
    for (int naps = 0; same && naps < kNaps; naps++) {
      lock.unlock();
      std::this_thread::sleep_for(nap);
      lock.lock();
      same = lane_->turns == turns && !lane_->running.empty();
    }
    if (same) give_up(lock);
  }
}

void Engine::give_up(Lock& lock) {
  const std::shared_ptr<Lane> given_up = lane_;
  const std::string reason = "the GPU gave no answer for " + text_of(patience_of(given_up->running.front().item));
  const auto error = std::make_exception_ptr(Error(
      ErrorCode::kDevice,
      reason + ", so this process does not use it any more. Load the model again: it runs on the CPU then."));
  given_up->given_up = true;
  hung_ = error;
  if (!fault_) fault_ = reason;
  start_thread();
  std::vector<std::function<void(std::exception_ptr)>> owners;
  for (Running& running : given_up->running) {
    if (auto* job = std::get_if<ScoreJob>(&running.item)) {
      owners.push_back([finish = std::move(job->finish)](std::exception_ptr error) { finish({}, error); });
    } else {
      owners.push_back(std::move(std::get<Task>(running.item).give_up));
    }
  }
  lock.unlock();
  for (const auto& tell : owners) tell(error);
  owners.clear();
  lock.lock();
}

}  // namespace rerank
