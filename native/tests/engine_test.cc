// The engine thread with encoders that succeed, fail and take their time.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>

#include "engine/batch_check.h"
#include "model/error.h"

namespace rerank {
namespace {

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
    ScoreJob job;
    job.token_type_ids.assign(ids.size(), 0);
    job.offsets = {0, static_cast<int32_t>(ids.size())};
    job.input_ids = std::move(ids);
    job.encoder = std::move(encoder);
    job.admit = std::move(admit);
    job.finish = [promise](std::vector<float> logits, std::exception_ptr error) {
      promise->set_value({std::move(logits), error});
    };
    engine.score(std::move(job));
    return future;
  }

  Engine& engine;
};

TEST_F(EngineTest, ResultsReachTheirOwnJobs) {
  const auto encoder = std::make_shared<SumEncoder>(2);
  std::vector<std::future<Result>> futures;
  for (int i = 0; i < 100; i++) futures.push_back(score(encoder, {i, i + 1, 1000}));
  for (int i = 0; i < 100; i++) EXPECT_EQ(futures[i].get().logits, std::vector<float>{float(2 * i + 1001)});
}

TEST_F(EngineTest, KeepsAsManyInFlightAsTheEncoderAllowsAndNoMore) {
  for (const int limit : {1, 2}) {
    // The engine is kept busy elsewhere until all jobs are queued.
    const auto other = std::make_shared<SumEncoder>();
    other->hold = true;
    const auto encoder = std::make_shared<SumEncoder>(limit);
    encoder->hold = true;
    std::vector<std::future<Result>> futures;
    futures.push_back(score(other, {1}));
    for (int i = 0; i < 10; i++) futures.push_back(score(encoder, {i}));
    other->hold = false;
    while (encoder->waiting < limit) std::this_thread::sleep_for(1ms);
    encoder->hold = false;
    for (auto& future : futures) future.get();
    EXPECT_EQ(encoder->most_waiting, limit);
  }
}

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
  std::atomic<int> submitted{0};
  std::atomic<bool> hang_in_submit{false};

 private:
  struct Run : Pending {
    Run(SlowDevice& device, const PackedBatch& batch, int number) : device(device), batch(batch), number(number) {}
    bool ready() noexcept override {
      std::lock_guard lock(device.mutex_);
      return device.completed_ >= number;
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
};

bool within_ten_seconds(const std::function<bool()>& condition) {
  for (int i = 0; i < 10000 && !condition(); i++) std::this_thread::sleep_for(1ms);
  return condition();
}

bool is_done(const std::future<Result>& future) { return future.wait_for(0ms) == std::future_status::ready; }

TEST_F(EngineTest, ABatchThatArrivesLateJoinsTheOneThatRuns) {
  const auto device = std::make_shared<SlowDevice>(2);
  auto first = score(device, {1});
  ASSERT_TRUE(within_ten_seconds([&] { return device->submitted == 1; }));
  auto second = score(device, {2});
  EXPECT_TRUE(within_ten_seconds([&] { return device->submitted == 2; }));
  EXPECT_FALSE(is_done(first));
  // No third, until one is back.
  auto third = score(device, {3});
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(device->submitted, 2);
  device->complete(1);
  EXPECT_EQ(first.get().logits, std::vector<float>{1});
  EXPECT_TRUE(within_ten_seconds([&] { return device->submitted == 3; }));
  device->complete(2);
  EXPECT_EQ(second.get().logits, std::vector<float>{2});
  EXPECT_EQ(third.get().logits, std::vector<float>{3});
}

TEST_F(EngineTest, WhatIsDoneIsHandedOutThoughNothingElseArrives) {
  const auto device = std::make_shared<SlowDevice>(3);
  auto first = score(device, {1});
  auto second = score(device, {2});
  device->complete(1);
  EXPECT_EQ(first.get().logits, std::vector<float>{1});
  EXPECT_FALSE(is_done(second));
  device->complete(1);
  EXPECT_EQ(second.get().logits, std::vector<float>{2});
}

TEST_F(EngineTest, ATaskThatArrivesLateWaitsForAnIdleDevice) {
  const auto device = std::make_shared<SlowDevice>(3);
  auto first = score(device, {1});
  ASSERT_TRUE(within_ten_seconds([&] { return device->submitted == 1; }));
  std::atomic<bool> ran{false};
  engine.post([&] { ran = true; });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(ran);
  device->complete(1);
  first.get();
  EXPECT_TRUE(within_ten_seconds([&] { return ran.load(); }));
}

TEST_F(EngineTest, OneFailureHarmsNobodyElse) {
  const auto encoder = std::make_shared<SumEncoder>(2);
  auto good = score(encoder, {1});
  auto submit = score(encoder, {666});
  auto wait = score(encoder, {667});
  auto odd = score(encoder, {668});
  auto after = score(encoder, {2});
  EXPECT_THROW(std::rethrow_exception(submit.get().error), std::runtime_error);
  EXPECT_THROW(std::rethrow_exception(wait.get().error), Error);
  EXPECT_THROW(std::rethrow_exception(odd.get().error), int);
  EXPECT_EQ(good.get().logits, std::vector<float>{1});
  EXPECT_EQ(after.get().logits, std::vector<float>{2});
}

TEST_F(EngineTest, AJobNobodyWantsIsNotComputed) {
  const auto encoder = std::make_shared<SumEncoder>();
  auto refused = score(encoder, {1}, [] { throw Error(ErrorCode::kClosed, "gone"); });
  EXPECT_THROW(std::rethrow_exception(refused.get().error), Error);
  EXPECT_EQ(encoder->submitted, 0);
}

TEST_F(EngineTest, TasksRunOnTheEngineThreadAndGiveBackWhatTheyThrow) {
  const auto id = engine.run([] { return std::this_thread::get_id(); });
  EXPECT_NE(id, std::this_thread::get_id());
  EXPECT_EQ(engine.run([] { return std::this_thread::get_id(); }), id);
  EXPECT_THROW(engine.run([]() -> int { throw Error(ErrorCode::kDevice, "no"); }), Error);
}

TEST_F(EngineTest, AdoptedEncodersDieOnTheEngineThread) {
  const auto id = engine.run([] { return std::this_thread::get_id(); });
  SumEncoder::destroyed_on = std::thread::id();
  engine.adopt(std::make_unique<SumEncoder>()).reset();
  engine.run([] {});
  engine.run([] {});  // retired encoders go between two items
  EXPECT_EQ(SumEncoder::destroyed_on.load(), id);
}

TEST(EngineParking, DropsQueuedJobsWaitsForTheRunningOneAndWakesAgain) {
  Engine& engine = Engine::instance();
  engine.enter();
  const auto id = engine.run([] { return std::this_thread::get_id(); });
  static int hook_calls = 0;  // the engine keeps the hook for the life of the process
  engine.on_park([] { hook_calls++; });

  auto encoder = std::make_shared<SumEncoder>();
  encoder->hold = true;
  std::atomic<int> finished{0};
  for (int i = 0; i < 3; i++) {
    ScoreJob job;
    job.input_ids = {1};
    job.token_type_ids = {0};
    job.offsets = {0, 1};
    job.encoder = encoder;
    job.finish = [&](std::vector<float>, std::exception_ptr) { finished++; };
    engine.score(std::move(job));
  }
  while (encoder->waiting == 0) std::this_thread::sleep_for(1ms);
  std::thread release([&] {
    std::this_thread::sleep_for(30ms);
    encoder->hold = false;
  });
  engine.leave();
  release.join();
  EXPECT_EQ(finished, 1);
  EXPECT_EQ(hook_calls, 1);
  EXPECT_THROW(engine.run([] {}), Error);

  engine.enter();
  EXPECT_EQ(engine.run([] { return std::this_thread::get_id(); }), id);
  engine.leave();
  EXPECT_EQ(hook_calls, 2);
}

TEST(EngineParking, AHungDeviceDoesNotHoldTheProcess) {
  Engine& engine = Engine::instance();
  engine.enter();
  auto encoder = std::make_shared<SumEncoder>();
  encoder->hold = true;
  ScoreJob job;
  job.input_ids = {1};
  job.token_type_ids = {0};
  job.offsets = {0, 1};
  job.encoder = encoder;
  job.finish = [](std::vector<float>, std::exception_ptr) {};
  engine.score(std::move(job));
  while (encoder->waiting == 0) std::this_thread::sleep_for(1ms);
  engine.leave();  // returns although the batch never ends
  EXPECT_EQ(encoder->waiting, 1);
  encoder->hold = false;
}

TEST(EngineParking, LeavingWhileABatchIsWatchedForWaitsForIt) {
  Engine& engine = *new Engine();  // never destroyed, like the real one
  engine.enter();
  auto device = std::make_shared<SlowDevice>(2);
  std::atomic<int> finished{0};
  ScoreJob job;
  job.input_ids = {1};
  job.token_type_ids = {0};
  job.offsets = {0, 1};
  job.encoder = device;
  job.finish = [&](std::vector<float>, std::exception_ptr) { finished++; };
  engine.score(std::move(job));
  while (device->submitted == 0) std::this_thread::sleep_for(1ms);
  std::thread release([&] {
    std::this_thread::sleep_for(30ms);
    device->complete(1);
  });
  engine.leave();
  release.join();
  EXPECT_EQ(finished, 1);
}

// Each on an engine of its own, since one that has met a hung device does not use another.
class HangTest : public EngineTest {
 protected:
  HangTest() : EngineTest(*new Engine()) {}

  static std::string message_of(std::future<Result>& future) {
    try {
      std::rethrow_exception(future.get().error);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kDevice);
      return e.what();
    }
  }
};

constexpr auto kPatience = 60ms;

TEST_F(HangTest, EverythingOnAHungDeviceIsRejectedOnce) {
  const auto device = std::make_shared<SlowDevice>(2, kPatience);
  std::vector<std::future<Result>> futures;
  for (int i = 0; i < 5; i++) futures.push_back(score(device, {i}));  // two in flight, three queued
  for (auto& future : futures) EXPECT_NE(message_of(future).find("gave no answer for 60 ms"), std::string::npos);
  EXPECT_EQ(device->submitted, 2);
  EXPECT_NE(engine.device_fault().value().find("gave no answer"), std::string::npos);
  // What comes back after all is nobody's: setting these promises again would throw on the engine's thread.
  device->complete(5);
  std::this_thread::sleep_for(20ms);
  auto later = score(device, {6});
  EXPECT_NE(message_of(later).find("gave no answer"), std::string::npos);
  EXPECT_EQ(device->submitted, 2);
}

TEST_F(HangTest, ADeviceThatHangsInSubmitIsNoticedToo) {
  const auto device = std::make_shared<SlowDevice>(2, kPatience);
  device->hang_in_submit = true;
  auto future = score(device, {1});
  EXPECT_NE(message_of(future).find("gave no answer"), std::string::npos);
}

TEST_F(HangTest, EncodersWithoutAPatienceGoOn) {
  const auto device = std::make_shared<SlowDevice>(2, kPatience);
  const auto cpu = std::make_shared<SumEncoder>();
  const auto thread_before = engine.run([] { return std::this_thread::get_id(); });
  auto hung = score(device, {1});
  auto waiting = score(cpu, {20, 22});
  EXPECT_NE(message_of(hung).find("gave no answer"), std::string::npos);
  EXPECT_EQ(waiting.get().logits, std::vector<float>{42});
  EXPECT_EQ(score(cpu, {1, 2}).get().logits, std::vector<float>{3});
  EXPECT_NE(engine.run([] { return std::this_thread::get_id(); }), thread_before);
}

TEST_F(HangTest, ATaskThatHangsThrowsWhereItIsWaitedFor) {
  const auto device = std::make_shared<SlowDevice>(1);
  EXPECT_THROW(engine.run([device] { return device->submit({})->wait().size(); }, kPatience), Error);
  EXPECT_THROW(engine.run([] {}, kPatience), Error);  // the device is not asked again
  engine.run([] {});
}

// Longer at work than its patience, without a rest, but each batch comes back in time.
TEST_F(HangTest, SlowIsNotHung) {
  const auto device = std::make_shared<SlowDevice>(2, 600ms);
  std::vector<std::future<Result>> futures;
  for (int i = 0; i < 16; i++) futures.push_back(score(device, {i}));
  for (auto& future : futures) {
    std::this_thread::sleep_for(60ms);
    device->complete(1);
    EXPECT_EQ(future.get().error, nullptr);
  }
  EXPECT_FALSE(engine.device_fault());
}

TEST_F(HangTest, EncodersOnItsThreadAreNeverDestroyed) {
  auto hung = engine.adopt(std::make_unique<SlowDevice>(2, kPatience));
  auto idle = engine.adopt(std::make_unique<SlowDevice>(2, kPatience));
  auto unbound = engine.adopt(std::make_unique<SlowDevice>(2));
  auto future = score(hung, {1});
  message_of(future);
  SlowDevice::destroyed = 0;
  hung.reset();
  idle.reset();
  unbound.reset();
  engine.run([] {});
  engine.run([] {});
  EXPECT_EQ(SlowDevice::destroyed, 1);
}

TEST_F(HangTest, LeavingDoesNotWaitForItNorRunTheHooks) {
  bool ran = false;
  engine.on_park([&] { ran = true; });
  const auto device = std::make_shared<SlowDevice>(2, kPatience);
  auto future = score(device, {1});
  message_of(future);
  engine.leave();
  EXPECT_FALSE(ran);
  engine.enter();
  engine.run([] {});
}

TEST(BatchCheck, AcceptsTheLimitsAndNamesWhatIsBeyond) {
  const EncoderLimits limits{.vocab_size = 10, .type_vocab_size = 2, .max_length = 3, .labels = 1};
  const auto message = [&](std::vector<int32_t> ids, std::vector<uint8_t> types, std::vector<int32_t> offsets) {
    try {
      check_batch({ids, types, offsets}, limits);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(message({0, 9, 5, 1}, {0, 1, 0, 1}, {0, 3, 4}), "");
  EXPECT_NE(message({10}, {0}, {0, 1}).find("inputIds[0] is 10"), std::string::npos);
  EXPECT_NE(message({-1}, {0}, {0, 1}).find("inputIds[0] is -1"), std::string::npos);
  EXPECT_NE(message({1}, {2}, {0, 1}).find("tokenTypeIds[0] is 2"), std::string::npos);
  EXPECT_NE(message({1}, {}, {0, 1}).find("tokenTypeIds has 0"), std::string::npos);
  EXPECT_NE(message({1, 1, 1, 1}, {0, 0, 0, 0}, {0, 4}).find("has 4 tokens"), std::string::npos);
  EXPECT_NE(message({1}, {0}, {0, 0, 1}).find("has 0 tokens"), std::string::npos);
  EXPECT_NE(message({1, 1}, {0, 0}, {0, 2, 1}).find("has -1 tokens"), std::string::npos);
  EXPECT_NE(message({1}, {0}, {1, 1}).find("offsets[0] is 1"), std::string::npos);
  EXPECT_NE(message({1, 1}, {0, 0}, {0, 1}).find("the last offset is 1"), std::string::npos);
  EXPECT_NE(message({}, {}, {0}).find("offsets has 1"), std::string::npos);
  EXPECT_NE(message({1}, {0}, {0, INT32_MIN}).find("tokens, expected 1 to 3"), std::string::npos);
  EXPECT_NE(message({1}, {0}, {0, INT32_MAX, INT32_MIN}).find("tokens, expected 1 to 3"), std::string::npos);
}

}  // namespace
}  // namespace rerank
