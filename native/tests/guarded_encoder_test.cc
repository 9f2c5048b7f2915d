// Every fault a GPU has been seen to show, injected: the outcome is the right score or an error, never a wrong score.
#include "engine/guarded_encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <functional>
#include <numeric>
#include <random>

#include "model/error.h"

namespace rerank {
namespace {

constexpr int kMemoryLimit = 40;  // tokens

float true_logit(std::span<const int32_t> ids) {
  return static_cast<float>(std::accumulate(ids.begin(), ids.end(), 0)) / 100;
}

enum class Fault { kNone, kThrow, kThrowLate, kWrong, kStale, kNaN, kOneNaN, kOutOfMemory };

// A device that computes sums and fails as `plan` says, one entry for each batch it is given. kThrowLate gives garbage
// and raises its error on the next wait or check.
class FaultyDevice : public Encoder {
 public:
  std::deque<Fault> plan;
  Fault always = Fault::kNone;
  int memory_limit = 1 << 30;
  int batches = 0;
  int in_flight = 0, most_in_flight = 0;
  bool slow = false;      // no batch is done yet
  int slow_from = 1 << 30;  // nor one of this number, from 1, or above

  EncoderInfo& describe() { return info_; }
  const EncoderInfo& info() const override { return info_; }
  int max_in_flight() const override { return 2; }
  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    batches++;
    raise_late_error();
    Fault fault = always;
    if (!plan.empty()) {
      fault = plan.front();
      plan.pop_front();
    }
    most_in_flight = std::max(most_in_flight, ++in_flight);
    return std::make_unique<Run>(*this, batch, fault);
  }
  void check() override { raise_late_error(); }
  void recover() override { late_error_ = false; }
  MemoryReport memory() const override { return {}; }

 private:
  struct Run : Pending {
    Run(FaultyDevice& device, const PackedBatch& batch, Fault fault)
        : device(device), batch(batch), fault(fault), number(device.batches) {}
    ~Run() override { device.in_flight--; }
    bool ready() noexcept override { return !device.slow && number < device.slow_from; }
    std::vector<float> wait() override {
      device.raise_late_error();
      if (batch.tokens() > device.memory_limit) throw Error(ErrorCode::kOutOfMemory, "too large");
      if (fault == Fault::kThrow) throw std::runtime_error("command buffer failed");
      if (fault == Fault::kOutOfMemory) throw Error(ErrorCode::kOutOfMemory, "no memory");
      std::vector<float> logits;
      for (int s = 0; s < batch.sequences(); s++) {
        logits.push_back(true_logit(batch.input_ids.subspan(batch.offsets[s], batch.length(s))));
      }
      if (fault == Fault::kStale) logits = device.last_logits_;
      if (fault == Fault::kWrong) for (float& x : logits) x += 1;
      if (fault == Fault::kNaN) for (float& x : logits) x = NAN;
      if (fault == Fault::kOneNaN) logits[0] = NAN;
      if (fault == Fault::kThrowLate) {
        // The canary happens to be right: only the error that follows tells.
        for (size_t i = 0; i + 1 < logits.size(); i++) logits[i] += 1;
        device.late_error_ = true;
      }
      device.last_logits_ = logits;
      return logits;
    }
    FaultyDevice& device;
    PackedBatch batch;
    Fault fault;
    int number;
  };

  void raise_late_error() {
    if (!late_error_) return;
    late_error_ = false;
    throw std::runtime_error("a batch before this one failed");
  }

  EncoderInfo info_;
  bool late_error_ = false;
  std::vector<float> last_logits_;
};

struct Batch {
  std::vector<int32_t> ids, offsets{0};
  std::vector<uint8_t> types;
  std::vector<float> expected;

  explicit Batch(const std::vector<std::vector<int32_t>>& sequences) {
    for (const auto& sequence : sequences) {
      ids.insert(ids.end(), sequence.begin(), sequence.end());
      offsets.push_back(static_cast<int32_t>(ids.size()));
      expected.push_back(true_logit(sequence));
    }
    types.assign(ids.size(), 0);
  }
  PackedBatch view() const { return {ids, types, offsets}; }
};

class GuardTest : public ::testing::Test {
 protected:
  GuardTest() { renew(); }

  void renew() {
    auto owned = std::make_unique<FaultyDevice>();
    device = owned.get();
    GuardOptions options;
    options.tolerance = 0.01f;
    options.on_closed = [this] { closed++; };
    for (int i = 0; i < 8; i++) {
      const std::vector<int32_t> ids(1 + i % 3, 1000 * (i + 1));
      options.canaries.push_back({ids, std::vector<uint8_t>(ids.size(), 0), {true_logit(ids)}});
    }
    guarded = guard(std::move(owned), std::move(options));
  }

  std::vector<float> score(const Batch& batch) { return guarded->submit(batch.view())->wait(); }

  FaultyDevice* device;
  int closed = 0;
  std::unique_ptr<Encoder> guarded;
  const Batch first{{{1, 2, 3}, {4, 5}, {6}}};
  const Batch second{{{7, 8, 9}, {10, 11}, {12}}};
};

TEST_F(GuardTest, AddsNothingToTheScoresOfAHealthyDevice) {
  EXPECT_EQ(score(first), first.expected);
  EXPECT_EQ(score(second), second.expected);
  EXPECT_EQ(device->batches, 2);
}

TEST_F(GuardTest, EveryPassingFaultEndsInTheRightScore) {
  for (const Fault fault : {Fault::kThrow, Fault::kThrowLate, Fault::kWrong, Fault::kNaN, Fault::kOneNaN,
                            Fault::kOutOfMemory, Fault::kStale}) {
    EXPECT_EQ(score(second), second.expected);
    device->plan = {fault};
    EXPECT_EQ(score(first), first.expected) << "fault " << static_cast<int>(fault);
  }
}

TEST_F(GuardTest, AFaultUnderTwoBatchesInFlightHarmsNeither) {
  for (const Fault fault : {Fault::kThrow, Fault::kThrowLate, Fault::kWrong, Fault::kNaN, Fault::kStale}) {
    for (const bool in_second : {false, true}) {
      score(first);
      device->plan = in_second ? std::deque{Fault::kNone, fault} : std::deque{fault, Fault::kNone};
      auto one = guarded->submit(first.view());
      auto two = guarded->submit(second.view());
      EXPECT_EQ(one->wait(), first.expected) << "fault " << static_cast<int>(fault);
      EXPECT_EQ(two->wait(), second.expected) << "fault " << static_cast<int>(fault);
    }
  }
  EXPECT_EQ(device->most_in_flight, 2);
}

TEST_F(GuardTest, ALateErrorWithNothingBehindItIsFoundByTheCheck) {
  device->plan = {Fault::kThrowLate};
  auto one = guarded->submit(first.view());
  EXPECT_EQ(one->wait(), first.expected);
  // Nothing of it is left for the next batch.
  EXPECT_EQ(score(second), second.expected);
}

TEST_F(GuardTest, HalvesWhatDoesNotFit) {
  std::vector<std::vector<int32_t>> sequences;
  for (int i = 0; i < 13; i++) sequences.push_back(std::vector<int32_t>(7, i));
  const Batch large(sequences);
  device->memory_limit = kMemoryLimit;
  EXPECT_EQ(score(large), large.expected);
  const Batch hopeless({std::vector<int32_t>(kMemoryLimit + 1, 1)});
  try {
    score(hopeless);
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
  }
  EXPECT_EQ(score(first), first.expected);
}

TEST_F(GuardTest, RefusesToGoOnAfterThreeFailuresInARow) {
  device->always = Fault::kWrong;
  for (int i = 0; i < 3; i++) EXPECT_THROW(score(first), Error);
  const int before = device->batches;
  device->always = Fault::kNone;
  EXPECT_THROW(score(first), Error);
  EXPECT_EQ(device->batches, before);
  EXPECT_EQ(closed, 1);
}

TEST_F(GuardTest, OneIsReadyWhenItAndTheOneThatConfirmsItAreDone) {
  auto one = guarded->submit(first.view());
  EXPECT_TRUE(one->ready());
  device->slow = true;
  EXPECT_FALSE(one->ready());
  device->slow = false;
  auto two = guarded->submit(second.view());
  device->slow_from = 2;
  EXPECT_FALSE(one->ready());
  device->slow_from = 1 << 30;
  EXPECT_TRUE(one->ready());
  EXPECT_EQ(one->wait(), first.expected);
  EXPECT_TRUE(two->ready());
  EXPECT_EQ(two->wait(), second.expected);
}

TEST_F(GuardTest, SaysWhatItIsToldToSay) {
  GuardOptions options{.note = " And more."};
  for (const float logit : {1.0f, 2.0f}) options.canaries.push_back({{1}, {0}, {logit}});
  auto inner = std::make_unique<FaultyDevice>();
  inner->describe().reason = "Why.";
  EXPECT_EQ(guard(std::move(inner), options)->info().reason, "Why. And more.");
}

TEST_F(GuardTest, CanariesThatCannotBeToldApartAreNoCanaries) {
  GuardOptions options{.tolerance = 0.1f};
  for (const float logit : {1.0f, 1.15f, 0.9f}) options.canaries.push_back({{1}, {0}, {logit}});
  EXPECT_THROW(guard(std::make_unique<FaultyDevice>(), options), Error);
  options.canaries.push_back({{1}, {0}, {1.3f}});
  EXPECT_NE(guard(std::make_unique<FaultyDevice>(), options), nullptr);
}

TEST_F(GuardTest, FailuresInARowAreForgottenAfterASuccess) {
  for (int i = 0; i < 5; i++) {
    device->plan = {Fault::kWrong, Fault::kWrong};
    EXPECT_THROW(score(first), Error);
    EXPECT_EQ(score(second), second.expected);
  }
}

TEST_F(GuardTest, RandomHistoriesNeverGiveAWrongScore) {
  int scored = 0, failed = 0;
  for (uint32_t seed = 0; seed < 300; seed++) {
    renew();
    std::mt19937 random(seed);
    for (int i = 0; i < 60; i++) {
      device->plan.push_back(random() % 4 ? Fault::kNone : static_cast<Fault>(random() % 8));
    }
    std::deque<std::pair<std::unique_ptr<Pending>, const Batch*>> flights;
    const auto settle_oldest = [&] {
      try {
        EXPECT_EQ(flights.front().first->wait(), flights.front().second->expected) << "seed " << seed;
        scored++;
      } catch (const std::runtime_error&) {
        failed++;
      }
      flights.pop_front();
    };
    try {
      for (int i = 0; i < 20; i++) {
        const Batch& batch = random() % 2 ? first : second;
        flights.emplace_back(guarded->submit(batch.view()), &batch);
        while (flights.size() > random() % 4) settle_oldest();
      }
    } catch (const Error&) {
      // closed after three failures in a row
    }
    while (!flights.empty()) settle_oldest();
  }
  EXPECT_GT(scored, 3000);
  EXPECT_GT(failed, 100);
}

}  // namespace
}  // namespace rerank
