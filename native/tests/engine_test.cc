// The engine thread with encoders that succeed, fail and take their time.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
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

  static inline std::thread::id destroyed_on;
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

  Engine& engine = Engine::instance();
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
  SumEncoder::destroyed_on = {};
  engine.adopt(std::make_unique<SumEncoder>()).reset();
  engine.run([] {});
  engine.run([] {});  // retired encoders go between two items
  EXPECT_EQ(SumEncoder::destroyed_on, id);
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
