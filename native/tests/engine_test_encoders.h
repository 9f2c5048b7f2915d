// What the tests of the engine share: encoders that succeed, fail, take their time or hang, and a way to score on one.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "model/error.h"

namespace rerank {

using namespace std::chrono_literals;

// Each logit is the sum of its sequence's ids, computed in wait().
class SumEncoder : public Encoder {
 public:
  explicit SumEncoder(int in_flight = 1) : in_flight_(in_flight) {}
  ~SumEncoder() override { destroyed_on = std::this_thread::get_id(); }

  const EncoderInfo& info() const override { return info_; }
  int max_in_flight() const override { return in_flight_; }
  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    submitted++;
    if (batch.input_ids[0] == 666) throw std::runtime_error("refused at submit");
    waiting++;
    most_waiting = std::max(most_waiting.load(), waiting.load());
    return std::make_unique<Run>(*this, batch);
  }
  MemoryReport memory() const override { return {}; }

  static inline std::atomic<std::thread::id> destroyed_on;
  std::atomic<int> submitted{0}, waiting{0}, most_waiting{0};
  std::atomic<bool> hold{false};

 private:
  struct Run : Pending {
    Run(SumEncoder& encoder, const PackedBatch& batch) : encoder(encoder), batch(batch) {}
    std::vector<float> wait() override {
      while (encoder.hold) std::this_thread::sleep_for(1ms);
      encoder.waiting--;
      if (batch.input_ids[0] == 667) throw Error(ErrorCode::kOutOfMemory, "refused at wait");
      if (batch.input_ids[0] == 668) throw 7;  // not an exception class at all
      std::vector<float> sums;
      for (int s = 0; s < batch.sequences(); s++) {
        const auto ids = batch.input_ids.subspan(batch.offsets[s], batch.length(s));
        sums.push_back(static_cast<float>(std::accumulate(ids.begin(), ids.end(), 0)));
      }
      return sums;
    }
    SumEncoder& encoder;
    PackedBatch batch;
  };
  EncoderInfo info_;
  int in_flight_;
};

// Like a GPU: a submitted batch is done when the test says so, and until then there is nothing to do but wait.
class SlowDevice : public Encoder {
 public:
  explicit SlowDevice(int in_flight, std::chrono::milliseconds patience = 0ms) : in_flight_(in_flight) {
    info_.patience = patience;
  }
  ~SlowDevice() override { destroyed++; }

  const EncoderInfo& info() const override { return info_; }
  int max_in_flight() const override { return in_flight_; }
  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    if (hang_in_submit) wait_until(1 << 30);
    submitted++;
    return std::make_unique<Run>(*this, batch, submitted);
  }
  MemoryReport memory() const override { return {}; }

  void complete(int batches) {
    std::lock_guard lock(mutex_);
    completed_ += batches;
    changed_.notify_all();
  }

  static inline std::atomic<int> destroyed{0};
  // That the newest batch is under way; only with `tells`, otherwise the device cannot tell.
  void begin() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ != nullptr; });
    const auto call = std::exchange(begun_, nullptr);
    lock.unlock();
    call();
  }

  std::atomic<int> submitted{0};
  std::atomic<bool> hang_in_submit{false};
  bool tells = false;

 private:
  struct Run : Pending {
    Run(SlowDevice& device, const PackedBatch& batch, int number) : device(device), batch(batch), number(number) {}
    bool ready() noexcept override {
      std::lock_guard lock(device.mutex_);
      return device.completed_ >= number;
    }
    bool when_under_way(std::function<void()> call) override {
      if (!device.tells) return false;
      std::lock_guard lock(device.mutex_);
      device.begun_ = std::move(call);
      device.changed_.notify_all();
      return true;
    }
    std::vector<float> wait() override {
      device.wait_until(number);
      return {static_cast<float>(batch.input_ids[0])};
    }
    SlowDevice& device;
    PackedBatch batch;
    int number;
  };

  void wait_until(int number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return completed_ >= number; });
  }

  EncoderInfo info_;
  int in_flight_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int completed_ = 0;
  std::function<void()> begun_;
};

// A batch of one sequence.
inline ScoreJob job_of(std::shared_ptr<Encoder> encoder, std::vector<int32_t> ids) {
  ScoreJob job;
  job.token_type_ids.assign(ids.size(), 0);
  job.offsets = {0, static_cast<int32_t>(ids.size())};
  job.input_ids = std::move(ids);
  job.encoder = std::move(encoder);
  job.finish = [](std::vector<float>, std::exception_ptr) {};
  return job;
}

struct Result {
  std::vector<float> logits;
  std::exception_ptr error;
};

class EngineTest : public ::testing::Test {
 protected:
  explicit EngineTest(Engine& engine = Engine::instance()) : engine(engine) {}
  void SetUp() override { engine.enter(); }
  void TearDown() override { engine.leave(); }

  std::future<Result> score(std::shared_ptr<Encoder> encoder, std::vector<int32_t> ids,
                            std::function<void()> admit = nullptr) {
    auto promise = std::make_shared<std::promise<Result>>();
    auto future = promise->get_future();
    ScoreJob job = job_of(std::move(encoder), std::move(ids));
    job.admit = std::move(admit);
    job.finish = [promise](std::vector<float> logits, std::exception_ptr error) {
      promise->set_value({std::move(logits), error});
    };
    engine.score(std::move(job));
    return future;
  }

  Engine& engine;
};

}  // namespace rerank
