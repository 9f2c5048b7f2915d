// The whole CPU encoder: against the reference, and against itself under other batches, orders and threads.
#include "cpu/cpu_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <deque>
#include <numeric>

#include "cpu/reference_encoder.h"
#include "model/error.h"
#include "tests/cpu_test_kernels.h"
#include "tests/cpu_test_model.h"

namespace rerank {
namespace {

std::vector<float> score(Encoder& encoder, const OwnedBatch& batch) { return encoder.submit(batch.view())->wait(); }

std::unique_ptr<Encoder> encoder_of(const TestKernels& kernels, Transformer model, int threads = 1) {
  return make_cpu_encoder(std::move(model), {.dtype = kernels.dtype, .threads = threads}, kernels.choice);
}

class EncoderTest : public testing::TestWithParam<TestKernels> {
 protected:
  // Logits of these random models are of size 1.
  double tolerance() const {
    if (GetParam().dtype == "float32") return 2e-5;
    return GetParam().dtype == "bfloat16" ? 0.1 : 0.2;
  }

  void expect_like_reference(const Transformer& model, const std::vector<int>& lengths, uint32_t seed) {
    const OwnedBatch batch = random_batch(model.architecture, lengths, seed);
    const std::vector<float> wanted = score(*make_reference_encoder(model, "A test."), batch);
    const std::vector<float> actual = score(*encoder_of(GetParam(), model), batch);
    ASSERT_EQ(actual.size(), wanted.size());
    for (size_t i = 0; i < actual.size(); i++) EXPECT_NEAR(actual[i], wanted[i], tolerance()) << "logit " << i;
  }
};

TEST_P(EncoderTest, MatchesTheReferenceInEveryShape) {
  struct Case {
    int layers, heads, head_size, intermediate, labels;
    Activation activation;
  };
  const Case cases[] = {
      {2, 2, 32, 128, 1, Activation::kGelu},  // the shape kernels are tuned for, small
      {1, 1, 64, 96, 1, Activation::kGelu},   // one layer: nothing but the pooled rows
      {2, 3, 20, 61, 3, Activation::kGelu},   // no extent fills a panel
      {2, 1, 1, 1, 1, Activation::kRelu},     // the smallest of all
      {3, 2, 48, 500, 2, Activation::kGeluTanh},
      {2, 4, 12, 384, 5, Activation::kRelu},
      {1, 8, 64, 640, 40, Activation::kGelu},  // hidden 512, more labels than a panel
  };
  uint32_t seed = 1;
  for (const Case& c : cases) {
    Architecture a = test_architecture(c.layers, c.heads, c.head_size, c.intermediate);
    a.labels = c.labels;
    a.activation = c.activation;
    SCOPED_TRACE(testing::Message() << c.heads << " heads of " << c.head_size << ", " << c.intermediate);
    expect_like_reference(random_transformer(a, seed), {1, 17, 2, 40, 33}, seed);
    seed++;
  }
}

TEST_P(EncoderTest, MatchesTheReferenceOnWeightsStoredInSixteenBits) {
  const Transformer model = random_transformer(test_architecture(2, 2, 32, 100), 3);
  expect_like_reference(stored_as(model, FloatType::kFloat16), {5, 31}, 3);
  expect_like_reference(stored_as(model, FloatType::kBFloat16), {5, 31}, 3);
}

TEST_P(EncoderTest, NoBiasOnTheHead) {
  Transformer model = random_transformer(test_architecture(1, 2, 32, 64), 5);
  model.pooler.bias.reset();
  model.classifier.bias.reset();
  expect_like_reference(model, {9}, 5);
}

TEST_P(EncoderTest, LongestSequence) {
  expect_like_reference(random_transformer(test_architecture(2, 1, 32, 64), 8), {512, 511, 3}, 8);
}

// The property that callers see: a pair has one score, whatever shares its batch.
TEST_P(EncoderTest, ScoresDoNotDependOnBatchOrderOrThreads) {
  for (const Architecture& a : {test_architecture(2, 2, 32, 200), test_architecture(2, 3, 24, 100)}) {
    const Transformer model = random_transformer(a, 21);
    const auto one = encoder_of(GetParam(), model, 1);
    std::vector<int> lengths = passage_lengths(8, 120, 4);
    lengths.insert(lengths.end(), {1, 1, 2, 170});
    const OwnedBatch all = random_batch(a, lengths, 6);
    std::vector<float> alone;
    for (size_t s = 0; s < lengths.size(); s++) {
      OwnedBatch single;
      append(single, all, static_cast<int>(s));
      alone.push_back(score(*one, single)[0]);
    }
    std::mt19937 random(9);
    for (int threads : {1, 3}) {
      const auto encoder = encoder_of(GetParam(), model, threads);
      for (int trial = 0; trial < 4; trial++) {
        std::vector<int> order(lengths.size());
        std::iota(order.begin(), order.end(), 0);
        std::shuffle(order.begin(), order.end(), random);
        order.resize(trial == 0 ? order.size() : 1 + random() % order.size());
        OwnedBatch batch;
        for (int s : order) append(batch, all, s);
        const std::vector<float> together = score(*encoder, batch);
        for (size_t i = 0; i < order.size(); i++) {
          ASSERT_EQ(std::bit_cast<uint32_t>(together[i]), std::bit_cast<uint32_t>(alone[order[i]]))
              << "sequence " << order[i] << " of " << order.size() << " with " << threads << " threads";
        }
      }
    }
  }
}

// Batches share the threads while they are in flight together, and one that nobody waits for harms no other.
TEST_P(EncoderTest, BatchesInFlightTogether) {
  const Architecture a = test_architecture(2, 2, 32, 100);
  const Transformer model = random_transformer(a, 17);
  const auto encoder = encoder_of(GetParam(), model, 3);
  std::vector<OwnedBatch> batches;
  std::vector<std::vector<float>> alone;
  for (int i = 0; i < 6; i++) {
    batches.push_back(random_batch(a, passage_lengths(1 + 3 * i % 7, 90, i), i));
    alone.push_back(score(*encoder, batches.back()));
  }
  for (int trial = 0; trial < 5; trial++) {
    std::deque<std::unique_ptr<Pending>> pending;
    for (const OwnedBatch& batch : batches) pending.push_back(encoder->submit(batch.view()));
    pending[trial].reset();
    for (int i = 5; i >= 0; i--) {
      if (i == trial) continue;
      EXPECT_GT(encoder->memory().active, encoder->info().parameter_bytes);  // may be asked for at any time
      EXPECT_EQ(pending[i]->wait(), alone[i]) << "batch " << i;
      EXPECT_TRUE(pending[i]->ready());
    }
  }
}

TEST_P(EncoderTest, TellsOnceWhenNothingOfABatchWaits) {
  const Transformer model = random_transformer(test_architecture(2, 2, 32, 100), 5);
  const auto encoder = encoder_of(GetParam(), model, 1);
  const OwnedBatch batches[] = {random_batch(model.architecture, std::vector<int>(12, 100), 1),
                                random_batch(model.architecture, std::vector<int>(3, 100), 2)};
  const auto first = encoder->submit(batches[0].view());
  const auto second = encoder->submit(batches[1].view());
  int calls = 0;
  bool first_done = false, second_done = true;
  const bool tells = second->when_under_way([&] {
    calls++;
    first_done = first->ready();
    second_done = second->ready();
  });
  second->wait();
  EXPECT_EQ(calls, tells ? 1 : 0);
  if (!tells) GTEST_SKIP() << "the reference computes a batch when it is waited for";
  EXPECT_TRUE(first_done);
  EXPECT_FALSE(second_done);
  first->when_under_way([&] { calls++; });
  EXPECT_EQ(calls, 2);
}

TEST_P(EncoderTest, EmptyBatch) {
  const auto encoder = encoder_of(GetParam(), random_transformer(test_architecture(1, 1, 32, 32), 1));
  EXPECT_TRUE(score(*encoder, OwnedBatch()).empty());
}

TEST_P(EncoderTest, NotANumberStaysOne) {
  Transformer model = random_transformer(test_architecture(2, 1, 32, 64), 2);
  std::vector<float> values = widen(model.layers[0].up.weight);
  values[5] = INFINITY;
  std::shared_ptr<std::byte[]> bytes(new std::byte[values.size() * 4]);
  std::memcpy(bytes.get(), values.data(), values.size() * 4);
  model.layers[0].up.weight.data = bytes;
  for (float logit : score(*encoder_of(GetParam(), model), random_batch(model.architecture, {4, 60}, 1))) {
    EXPECT_FALSE(std::isfinite(logit));
  }
}

INSTANTIATE_TEST_SUITE_P(All, EncoderTest, testing::ValuesIn(runnable_kernels()),
                         [](const auto& info) { return name_of(info.param); });

TEST(CpuEncoderFuzz, RandomModelsAndBatches) {
  std::mt19937 random(77);
  const auto pick = [&](int low, int high) { return low + static_cast<int>(random() % (high - low + 1)); };
  const std::vector<TestKernels> all = runnable_kernels();
  for (int trial = 0; trial < 25; trial++) {
    Architecture a = test_architecture(pick(1, 3), pick(1, 4), pick(1, 40), pick(1, 150));
    a.labels = pick(1, 3);
    a.type_vocab_size = pick(1, 2);
    const Transformer model = random_transformer(a, trial);
    std::vector<int> lengths(pick(1, 20));
    for (int& l : lengths) l = pick(0, 9) == 0 ? pick(100, 300) : pick(1, 60);
    const OwnedBatch batch = random_batch(a, lengths, trial);
    const std::vector<float> wanted = score(*make_reference_encoder(model, "A test."), batch);
    for (const TestKernels& kernels : all) {
      if (kernels.dtype != "float32") continue;
      const std::vector<float> actual = score(*encoder_of(kernels, model, pick(1, 3)), batch);
      for (size_t i = 0; i < wanted.size(); i++) {
        ASSERT_NEAR(actual[i], wanted[i], 5e-5) << name_of(kernels) << ", trial " << trial << ", logit " << i;
      }
    }
  }
}

TEST(CpuEncoder, TellsWhatItIs) {
  const auto encoder = make_cpu_encoder(random_transformer(test_architecture(2, 2, 32, 128), 1),
                                        {.dtype = "float32", .threads = 2, .why_cpu = "No GPU."});
  const EncoderInfo& info = encoder->info();
  EXPECT_EQ(info.path, "cpu");
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.dtype, "float32");
  EXPECT_EQ(info.limits.max_length, 512);
  EXPECT_EQ(info.limits.labels, 1);
  EXPECT_TRUE(info.reason.starts_with("No GPU. ")) << info.reason;
  EXPECT_EQ(info.threads, info.instruction_set == "scalar" ? 1 : 2);
  EXPECT_GT(info.parameter_bytes, 0u);
  EXPECT_GE(encoder->memory().active, info.parameter_bytes);
}

TEST(CpuEncoder, ScalarIsTheReference) {
  const Transformer model = random_transformer(test_architecture(1, 2, 16, 40), 1);
  const auto encoder = make_cpu_encoder(model, {.dtype = "float32", .instruction_set = "scalar"});
  EXPECT_EQ(encoder->info().instruction_set, "scalar");
  const OwnedBatch batch = random_batch(model.architecture, {3, 9}, 1);
  EXPECT_EQ(score(*encoder, batch), score(*make_reference_encoder(model, "A test."), batch));
}

TEST(CpuEncoder, FreesWhatItPacked) {
  Transformer model = random_transformer(test_architecture(1, 2, 32, 64), 1);
  const std::weak_ptr<const std::byte[]> packed = model.layers[0].up.weight.data;
  const std::weak_ptr<const std::byte[]> kept = model.word_embeddings.data;
  const auto encoder = make_cpu_encoder(std::move(model), CpuOptions{});
  if (encoder->info().instruction_set == "scalar") GTEST_SKIP() << "the reference keeps no packed weights";
  EXPECT_TRUE(packed.expired());
  EXPECT_FALSE(kept.expired());
}

TEST(KernelChoice, BestFirstAndOnlyWhatTheMachineHas) {
  EXPECT_EQ(choose_kernels("float32", "", CpuFeatures{}).instruction_set, "scalar");
  EXPECT_EQ(choose_kernels("float32", "", CpuFeatures{}).layers, nullptr);
  CpuFeatures f;
#if defined(__x86_64__)
  f.avx2 = true;
  EXPECT_EQ(choose_kernels("float32", "", f).instruction_set, "avx2");
  f.avx512 = true;
  EXPECT_EQ(choose_kernels("int8", "", f).instruction_set, "avx512");
  f.avx512_vnni = true;
  EXPECT_EQ(choose_kernels("int8", "", f).instruction_set, "avx512+vnni");
  EXPECT_EQ(choose_kernels("bfloat16", "", f).instruction_set, "avx512");
  f.avx512_bf16 = true;
  EXPECT_EQ(choose_kernels("bfloat16", "", f).instruction_set, "avx512+bf16");
  EXPECT_EQ(choose_kernels("int8", "", f).instruction_set, "avx512+vnni+bf16");
  EXPECT_EQ(choose_kernels("int8", "avx2", f).instruction_set, "avx2");
#elif defined(__aarch64__)
  f.neon = true;
  EXPECT_EQ(choose_kernels("float32", "", f).instruction_set, "neon");
  EXPECT_EQ(choose_kernels("bfloat16", "", f).instruction_set, "neon");
  f.neon_dot = f.neon_bf16 = true;
  EXPECT_EQ(choose_kernels("bfloat16", "", f).instruction_set, "neon+bf16");
  EXPECT_EQ(choose_kernels("int8", "neon", f).instruction_set, "neon+dot+bf16");
#endif
}

TEST(KernelChoice, RefusesWhatIsNotThere) {
  const auto code_and_message = [](const char* dtype, const char* instruction_set) {
    try {
      choose_kernels(dtype, instruction_set, CpuFeatures{});
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      return std::string(e.what());
    }
    return std::string("nothing thrown");
  };
  EXPECT_NE(code_and_message("float16", "").find("float32, bfloat16 or int8"), std::string::npos);
  EXPECT_NE(code_and_message("float32", "avx2").find("one of scalar"), std::string::npos);
  EXPECT_NE(code_and_message("bfloat16", "scalar").find("float32"), std::string::npos);
}

}  // namespace
}  // namespace rerank
