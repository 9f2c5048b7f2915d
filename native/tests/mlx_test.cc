// The MLX graph on MLX's CPU device against the plain reference encoder.
#include <gtest/gtest.h>
#include <mlx/mlx.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <set>

#include "cpu/reference_encoder.h"
#include "engine/device_gate.h"
#include "engine/engine.h"
#include "mlx/bucket_plan.h"
#include "engine/median_seconds.h"
#include "mlx/mlx_encoder.h"
#include "model/error.h"
#include "random_transformer.h"

namespace rerank {
namespace {

std::vector<float> run(Encoder& encoder, const OwnedBatch& batch) { return encoder.submit(batch.view())->wait(); }

// Makes, runs and destroys the encoder on the engine thread, as in life.
std::vector<float> mlx_logits(const Transformer& model, const MlxOptions& options, const OwnedBatch& batch) {
  return Engine::instance().run([&] {
    const auto encoder = make_mlx_encoder(model, options);
    return run(*encoder, batch);
  });
}

float max_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  float worst = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); i++) {
    const float difference = std::abs(a[i] - b[i]);
    worst = difference <= worst ? worst : difference;  // a NaN becomes the worst
  }
  return worst;
}

class MlxTest : public ::testing::Test {
 protected:
  void SetUp() override { Engine::instance().enter(); }
  void TearDown() override { Engine::instance().leave(); }
};

const std::vector<int> kLengths = {7, 1, 33, 8, 100, 9, 2, 31, 32, 7, 64, 97, 1};

TEST_F(MlxTest, MatchesTheReferenceForEveryShapeAndLengthMultiple) {
  std::vector<Architecture> shapes(5, small_architecture());
  shapes[1].head_size = 64, shapes[1].heads = 1;
  shapes[2].labels = 3, shapes[2].type_vocab_size = 1;
  shapes[3].activation = Activation::kGeluTanh, shapes[3].norm_epsilon = 1e-5f;
  shapes[4].hidden_size = 72, shapes[4].heads = 3, shapes[4].head_size = 24, shapes[4].intermediate_size = 100;
  for (size_t i = 0; i < shapes.size(); i++) {
    const Transformer model = random_transformer(shapes[i], 100 + i);
    const OwnedBatch batch = random_batch(shapes[i], kLengths, i);
    const auto expected = run(*make_reference_encoder(model, ""), batch);
    for (const int multiple : {1, 8}) {
      EXPECT_LT(max_difference(mlx_logits(model, {.length_multiple = multiple}, batch), expected), 2e-5f)
          << "shape " << i << ", length multiple " << multiple;
    }
  }
}

TEST_F(MlxTest, HalfTypesStayClose) {
  const Transformer model = random_transformer(small_architecture(), 7);
  const OwnedBatch batch = random_batch(model.architecture, kLengths, 7);
  const auto expected = run(*make_reference_encoder(model, ""), batch);
  EXPECT_LT(max_difference(mlx_logits(model, {.dtype = "float16", .length_multiple = 8}, batch), expected), 0.02f);
  EXPECT_LT(max_difference(mlx_logits(model, {.dtype = "bfloat16", .length_multiple = 8}, batch), expected), 0.15f);
}

TEST_F(MlxTest, AScoreDoesNotDependOnItsBatch) {
  const Transformer model = random_transformer(small_architecture(), 8);
  const OwnedBatch all = random_batch(model.architecture, kLengths, 8);
  for (const int multiple : {1, 8}) {
    const auto together = mlx_logits(model, {.length_multiple = multiple}, all);
    for (size_t s = 0; s < kLengths.size(); s++) {
      OwnedBatch one;
      const auto begin = all.offsets[s], end = all.offsets[s + 1];
      one.input_ids.assign(all.input_ids.begin() + begin, all.input_ids.begin() + end);
      one.token_type_ids.assign(all.token_type_ids.begin() + begin, all.token_type_ids.begin() + end);
      one.offsets = {0, end - begin};
      EXPECT_NEAR(mlx_logits(model, {.length_multiple = multiple}, one)[0], together[s], 1e-5f);
    }
  }
}

TEST_F(MlxTest, SurvivesParking) {
  const Transformer model = random_transformer(small_architecture(), 9);
  const OwnedBatch batch = random_batch(model.architecture, {5, 6}, 9);
  const auto before = mlx_logits(model, {}, batch);
  Engine::instance().leave();
  Engine::instance().enter();
  EXPECT_EQ(mlx_logits(model, {}, batch), before);
}

TEST_F(MlxTest, AnMlxExceptionBecomesAnError) {
  Transformer model = random_transformer(small_architecture(), 10);
  model.layers[1].down.weight.shape = {128, 64};  // as many elements, the wrong way round
  const OwnedBatch batch = random_batch(model.architecture, {5}, 10);
  try {
    mlx_logits(model, {}, batch);
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_STREQ(error_code_name(e.code()), "ERR_DEVICE") << e.what();
    EXPECT_NE(std::string(e.what()).find("MLX failed"), std::string::npos) << e.what();
  }
}

TEST_F(MlxTest, EveryAttentionFormIsExactOverRaggedBatches) {
  const Transformer model = random_transformer(small_architecture(), 11);
  const OwnedBatch batch = random_batch(model.architecture, kLengths, 11);
  const auto expected = run(*make_reference_encoder(model, ""), batch);
  for (const std::string form : {"plain", "padded", "paired"}) {
    for (const auto& [dtype, tolerance] : {std::pair{"float32", 2e-5f}, {"float16", 0.02f}, {"bfloat16", 0.15f}}) {
      for (const bool gpu_shape : {false, true}) {
        const MlxOptions options{.dtype = dtype,
                                 .length_multiple = gpu_shape ? 8 : 1,
                                 .attention = form,
                                 .merge_buckets = gpu_shape,
                                 .token_ladder = gpu_shape};
        EXPECT_LT(max_difference(mlx_logits(model, options, batch), expected), tolerance)
            << form << " " << dtype << (gpu_shape ? ", as on a GPU" : "");
      }
    }
  }
}

TEST_F(MlxTest, AFormThatDoesNotFitIsRefused) {
  Architecture a = small_architecture();
  a.heads = 1, a.head_size = 64;
  EXPECT_THROW(mlx_logits(random_transformer(a, 1), {.attention = "paired"}, random_batch(a, {3}, 1)), Error);
}

TEST_F(MlxTest, TheGateAdmitsATrueDeviceAndRefusesAFalseOne) {
  const Transformer model = random_transformer(small_architecture(), 12);
  const Golden golden = make_golden(*make_reference_encoder(model, ""));
  const OwnedBatch batch = random_batch(model.architecture, kLengths, 12);
  const auto expected = run(*make_reference_encoder(model, ""), batch);
  const auto admitted = [&](const Transformer& candidate, const std::string& dtype) {
    return Engine::instance().run([&] {
      const auto encoder = admit(make_mlx_encoder(candidate, {.dtype = dtype, .length_multiple = 8}), golden);
      return run(*encoder, batch);
    });
  };
  EXPECT_LT(max_difference(admitted(model, "float32"), expected), 2e-5f);
  EXPECT_LT(max_difference(admitted(model, "float16"), expected), 0.02f);
  Transformer broken = model;
  broken.layers[1].output_norm = broken.layers[0].output_norm;
  EXPECT_THROW(admitted(broken, "float32"), Error);
}

// What a GPU does, on MLX's CPU device: batches that overlap, through the guard and the engine.
TEST_F(MlxTest, BatchesThatOverlapKeepTheirScores) {
  const Transformer model = random_transformer(small_architecture(), 14);
  const auto reference = make_reference_encoder(model, "");
  const Golden golden = make_golden(*reference);
  Engine& engine = Engine::instance();
  const auto encoder = engine.run([&] {
    const MlxOptions as_on_a_gpu{.length_multiple = 8, .merge_buckets = true, .token_ladder = true, .asynchronous = true};
    return engine.adopt(admit(make_mlx_encoder(model, as_on_a_gpu), golden));
  });
  EXPECT_EQ(encoder->max_in_flight(), 3);
  std::vector<std::future<std::vector<float>>> futures;
  std::vector<std::vector<float>> expected;
  for (int i = 0; i < 40; i++) {
    const OwnedBatch batch = random_batch(model.architecture, {1 + i, 3, 90 - i, 17}, i);
    expected.push_back(run(*reference, batch));
    auto promise = std::make_shared<std::promise<std::vector<float>>>();
    futures.push_back(promise->get_future());
    ScoreJob job{.input_ids = batch.input_ids, .token_type_ids = batch.token_type_ids, .offsets = batch.offsets};
    job.encoder = encoder;
    job.finish = [promise](std::vector<float> logits, std::exception_ptr error) {
      error ? promise->set_exception(error) : promise->set_value(std::move(logits));
    };
    engine.score(std::move(job));
  }
  for (size_t i = 0; i < futures.size(); i++) EXPECT_LT(max_difference(futures[i].get(), expected[i]), 2e-5f) << i;
}

// MLX must not hold on to more and more memory however the batches vary.
TEST_F(MlxTest, MemoryStaysUnderThePlanOverRaggedBatches) {
  Architecture a = small_architecture();
  a.layers = 1;
  const Transformer model = random_transformer(a, 13);
  Engine::instance().run([&] {
    const auto encoder = make_mlx_encoder(model, {.length_multiple = 8, .merge_buckets = true, .token_ladder = true});
    std::mt19937 random(13);
    // Per token: hidden-sized and intermediate-sized activations, a few of each alive at once, and unfused scores.
    const size_t per_token = 4 * (10 * a.hidden_size + 6 * a.intermediate_size + 3 * a.heads * a.max_positions);
    const size_t plan = encoder->info().parameter_bytes + ladder_tokens(1024 + 8 * 24) * per_token;
    for (int i = 0; i < 2000; i++) {
      std::vector<int> lengths;
      for (int tokens = 0; tokens < static_cast<int>(random() % 1024);) {
        lengths.push_back(1 + random() % a.max_positions);
        tokens += lengths.back();
      }
      lengths.push_back(1);
      run(*encoder, random_batch(a, lengths, i));
    }
    const MemoryReport memory = encoder->memory();
    EXPECT_LT(memory.active, encoder->info().parameter_bytes * 3 / 2);
    EXPECT_LT(memory.peak, plan);
  });
}

TEST(BucketPlan, MergesWhatCostsMoreThanItsPadding) {
  Architecture a = small_architecture();
  const OwnedBatch batch = random_batch(a, {16, 17, 17, 25, 80, 81, 82, 83}, 4);
  const auto lengths = [&](double cost) {
    std::vector<int> result;
    for (const auto& bucket : plan_buckets(batch.view(), {.bucket_cost = cost, .max_positions = 100}).buckets) {
      result.push_back(bucket.length);
    }
    return result;
  };
  EXPECT_EQ(lengths(0), (std::vector<int>{16, 17, 25, 80, 81, 82, 83}));
  EXPECT_EQ(lengths(8), (std::vector<int>{17, 25, 83}));
  EXPECT_EQ(lengths(1e6), (std::vector<int>{83}));
}

TEST(BucketPlan, LadderHasFewRungsAndWastesLittle) {
  std::set<int> rungs;
  for (int tokens = 1; tokens <= 16384; tokens++) {
    const int rung = ladder_tokens(tokens);
    ASSERT_GE(rung, tokens);
    ASSERT_LT(rung - tokens, std::max(32, tokens / 16 + 1));
    rungs.insert(rung);
  }
  EXPECT_LT(rungs.size(), 100u);
}

TEST(FormChoice, TakesTheMedianOfInterleavedRoundsWithoutTheFirst) {
  int call = 0;
  const auto medians = median_seconds(2, 3, [&](size_t candidate) {
    const int round = call++ / 2;
    EXPECT_EQ(candidate, size_t(call - 1) % 2);
    return round == 0 ? 1000.0 : candidate == 0 ? double(round) : 10.0 * (4 - round);
  });
  EXPECT_EQ(medians, (std::vector<double>{2, 20}));
}

TEST(BucketPlan, SortsRoundsAndKeepsEverySequence) {
  Architecture a = small_architecture();
  const OwnedBatch batch = random_batch(a, kLengths, 3);
  const PackedBatch view = batch.view();
  for (const int multiple : {1, 8, 64}) {
    const BucketPlan plan = plan_buckets(view, {.length_multiple = multiple, .max_positions = a.max_positions});
    for (int s = 0; s < view.sequences(); s++) {
      const int rank = plan.rank_of_input[s];
      ASSERT_EQ(plan.lengths[rank], view.length(s));
      for (int t = 0; t < view.length(s); t++) {
        ASSERT_EQ(plan.input_ids[plan.first_tokens[rank] + t], view.input_ids[view.offsets[s] + t]);
        ASSERT_EQ(plan.positions[plan.first_tokens[rank] + t], t);
      }
    }
    int tokens = 0, sequences = 0;
    for (const LengthBucket& b : plan.buckets) {
      EXPECT_EQ(b.first_token, tokens);
      EXPECT_EQ(b.first_sequence, sequences);
      EXPECT_EQ(b.length % multiple, 0);
      bool mixed = false;
      for (int i = 0; i < b.count; i++) mixed |= plan.lengths[b.first_sequence + i] != b.length;
      EXPECT_EQ(b.mixed, mixed);
      tokens += b.count * b.length;
      sequences += b.count;
    }
    EXPECT_EQ(tokens, static_cast<int>(plan.input_ids.size()));
    EXPECT_EQ(sequences, view.sequences());
    // Rounding may pass the position table; its last row then serves the dummies.
    EXPECT_LT(*std::max_element(plan.positions.begin(), plan.positions.end()), a.max_positions);
  }
}

}  // namespace
}  // namespace rerank
