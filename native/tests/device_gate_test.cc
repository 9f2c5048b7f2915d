// The gate with devices that are true, false, broken and slow.
#include "engine/device_gate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <numeric>
#include <thread>

#include "model/error.h"

namespace rerank {
namespace {

using namespace std::chrono_literals;

// Gives each sequence the mean of its ids, plus an error; takes its time for batches as long as those it is timed with.
class MeanEncoder : public Encoder {
 public:
  explicit MeanEncoder(float error = 0, std::chrono::milliseconds time = 0ms) : error_(error), time_(time) {
    info_.dtype = "float32";
    info_.limits = {.vocab_size = 1000, .type_vocab_size = 2, .max_length = 512, .labels = 1};
    info_.reason = "It is there.";
  }

  const EncoderInfo& info() const override { return info_; }
  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    batches++;
    return std::make_unique<Run>(*this, batch);
  }
  void check() override {
    if (fails_late) throw Error(ErrorCode::kDevice, "a late failure");
  }
  void recover() override { recovered++; }
  MemoryReport memory() const override { return {}; }

  bool fails_late = false;
  int batches = 0, recovered = 0;

 private:
  struct Run : Pending {
    Run(MeanEncoder& encoder, const PackedBatch& batch) : encoder(encoder), batch(batch) {}
    std::vector<float> wait() override {
      if (batch.tokens() > 2000) std::this_thread::sleep_for(encoder.time_);
      std::vector<float> logits;
      for (int s = 0; s < batch.sequences(); s++) {
        const auto ids = batch.input_ids.subspan(batch.offsets[s], batch.length(s));
        const double sum = std::accumulate(ids.begin(), ids.end(), 0.0);
        logits.push_back(static_cast<float>(sum / ids.size() / 100) + encoder.error_);
      }
      return logits;
    }
    MeanEncoder& encoder;
    PackedBatch batch;
  };

  EncoderInfo info_;
  float error_;
  std::chrono::milliseconds time_;
};

Golden golden() {
  MeanEncoder trusted;
  return make_golden(trusted);
}

std::vector<Candidate> candidates(std::vector<std::pair<std::string, std::unique_ptr<Encoder>>> named) {
  std::vector<Candidate> result;
  for (auto& [name, encoder] : named) result.push_back({name, std::move(encoder)});
  return result;
}

template <class... Named>
std::vector<Candidate> all(Named... named) {
  std::vector<std::pair<std::string, std::unique_ptr<Encoder>>> list;
  (list.push_back(std::move(named)), ...);
  return candidates(std::move(list));
}

auto named(std::string name, float error, std::chrono::milliseconds time = 0ms) {
  return std::pair<std::string, std::unique_ptr<Encoder>>(name, std::make_unique<MeanEncoder>(error, time));
}

TEST(Gate, TriesEachCandidateAndTimesOnlyThoseThatAreRight) {
  auto list = all(named("right", 0, 3ms), named("close", 5e-4f, 1ms), named("wrong", 0.1f), named("nan", NAN));
  const auto trials = try_candidates(list, golden());
  ASSERT_EQ(trials.size(), 4u);
  EXPECT_EQ(trials[0].failure, "");
  EXPECT_EQ(trials[0].max_error, 0);
  EXPECT_GT(trials[0].seconds, trials[1].seconds);
  EXPECT_NEAR(trials[1].max_error, 5e-4f, 1e-5f);
  for (const int wrong : {2, 3}) {
    EXPECT_NE(trials[wrong].failure.find("where the CPU gives"), std::string::npos) << trials[wrong].failure;
    EXPECT_EQ(trials[wrong].seconds, 0);
    const auto& encoder = static_cast<const MeanEncoder&>(*list[wrong].encoder);
    EXPECT_EQ(encoder.batches, 1);
    EXPECT_EQ(encoder.recovered, 1);
  }
}

TEST(Gate, AnErrorThatComesLateCounts) {
  auto list = all(named("late", 0));
  static_cast<MeanEncoder&>(*list[0].encoder).fails_late = true;
  EXPECT_EQ(try_candidates(list, golden())[0].failure, "a late failure");
}

TEST(Gate, LetsTheFastestRightOneInAndSaysSo) {
  const auto admitted = admit_fastest(all(named("wrong", 1), named("slow", 0, 5ms), named("fast", 0, 1ms)), golden());
  EXPECT_NE(admitted->info().reason.find("It is there. Attention fast, the fastest at load (slow "), std::string::npos)
      << admitted->info().reason;
  const std::vector<int32_t> ids{100, 300}, offsets{0, 2};
  const std::vector<uint8_t> types{0, 0};
  EXPECT_EQ(admitted->submit({ids, types, offsets})->wait(), std::vector<float>{2});
}

TEST(Gate, LetsNoneInWhenNoneIsRight) {
  try {
    admit_fastest(all(named("a", 1), named("b", NAN)), golden());
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kDevice);
    EXPECT_NE(std::string(e.what()).find("where the CPU gives"), std::string::npos);
  }
}

TEST(Gate, TheOnlyCandidateNeedsNoWordAboutItsForm) {
  EXPECT_EQ(admit_fastest(all(named("plain", 0)), golden())->info().reason, "It is there.");
}

}  // namespace
}  // namespace rerank
