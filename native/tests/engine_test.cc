// The engine thread with encoders that succeed, fail and take their time.
#include "tests/engine_test_encoders.h"

namespace rerank {
namespace {

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

TEST_F(EngineTest, ABatchIsUnderWayWhenTheDeviceSaysSoOrOnceItIsSubmitted) {
  for (const bool tells : {false, true}) {
    const auto device = std::make_shared<SlowDevice>(1);
    device->tells = tells;
    std::atomic<int> under_way{0};
    std::promise<void> finished;
    ScoreJob job = job_of(device, {1});
    job.under_way = [&] { under_way++; };
    job.finish = [&](std::vector<float>, std::exception_ptr) { finished.set_value(); };
    engine.score(std::move(job));
    if (tells) {
      ASSERT_TRUE(within_ten_seconds([&] { return device->submitted == 1; }));
      std::this_thread::sleep_for(20ms);
      EXPECT_EQ(under_way, 0);
      device->begin();
      EXPECT_EQ(under_way, 1);
    }
    EXPECT_TRUE(within_ten_seconds([&] { return under_way == 1; }));
    device->complete(1);
    finished.get_future().wait();
    EXPECT_EQ(under_way, 1);
  }
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
    ScoreJob job = job_of(encoder, {1});
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
  engine.score(job_of(encoder, {1}));
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
  ScoreJob job = job_of(device, {1});
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

// process.exit() gives no environment a chance to leave.
TEST(EngineParking, TheEndOfTheProcessWaitsForTheRunningBatch) {
  Engine& engine = *new Engine();
  engine.enter();
  engine.enter();
  auto device = std::make_shared<SlowDevice>(1);
  std::atomic<int> finished{0};
  for (int i = 0; i < 2; i++) {
    ScoreJob job = job_of(device, {i});
    job.finish = [&](std::vector<float>, std::exception_ptr) { finished++; };
    engine.score(std::move(job));
  }
  while (device->submitted == 0) std::this_thread::sleep_for(1ms);
  std::thread release([&] {
    std::this_thread::sleep_for(30ms);
    device->complete(1);
  });
  engine.end();
  release.join();
  EXPECT_EQ(finished, 1);  // the queued one is dropped
  EXPECT_THROW(engine.run([] {}), Error);
  engine.leave();  // hooks that come after all find nothing to do
  engine.leave();
}

}  // namespace
}  // namespace rerank
