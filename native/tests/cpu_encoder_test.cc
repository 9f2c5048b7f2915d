// The CPU encoder as a whole, for every dtype this machine has kernels for: against the plain reference encoder, and
// against itself in other company.
#include "cpu/cpu_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "cpu/reference_encoder.h"
#include "model/error.h"
#include "random_transformer.h"

namespace rerank {
namespace {

struct Precision {
  const char* dtype;
  float tolerance;
};

const Precision kPrecisions[] = {{"float32", 2e-5f}, {"bfloat16", 0.15f}, {"int8", 0.4f}};
const std::vector<int> kLengths = {1, 2, 5, 6, 7, 11, 12, 13, 31, 32, 33, 64, 97, 100, 3, 100, 1};

std::vector<float> run(Encoder& encoder, const OwnedBatch& batch) { return encoder.submit(batch.view())->wait(); }

std::vector<Architecture> shapes() {
  std::vector<Architecture> shapes(6, small_architecture());
  shapes[1].head_size = 64, shapes[1].heads = 1;
  shapes[2].labels = 3, shapes[2].type_vocab_size = 1;
  shapes[3].activation = Activation::kGeluTanh, shapes[3].norm_epsilon = 1e-5f;
  shapes[4].hidden_size = 72, shapes[4].heads = 3, shapes[4].head_size = 24, shapes[4].intermediate_size = 100;
  shapes[5].activation = Activation::kRelu, shapes[5].layers = 1, shapes[5].intermediate_size = 37;
  return shapes;
}

// One sequence of a batch, alone.
OwnedBatch only(const OwnedBatch& batch, int sequence) {
  OwnedBatch one;
  const int begin = batch.offsets[sequence], end = batch.offsets[sequence + 1];
  one.input_ids.assign(batch.input_ids.begin() + begin, batch.input_ids.begin() + end);
  one.token_type_ids.assign(batch.token_type_ids.begin() + begin, batch.token_type_ids.begin() + end);
  one.offsets = {0, end - begin};
  return one;
}

TEST(CpuEncoder, MatchesTheReferenceForEveryShape) {
  for (const Architecture& shape : shapes()) {
    const Transformer model = random_transformer(shape, 21);
    const OwnedBatch batch = random_batch(shape, kLengths, 21);
    const auto expected = run(*make_reference_encoder(model, ""), batch);
    for (const auto& [dtype, tolerance] : kPrecisions) {
      const auto logits = run(*make_cpu_encoder(model, {.dtype = dtype, .threads = 2}), batch);
      ASSERT_EQ(logits.size(), expected.size());
      for (size_t i = 0; i < logits.size(); i++) {
        EXPECT_NEAR(logits[i], expected[i], tolerance) << dtype << ", hidden " << shape.hidden_size << ", logit " << i;
      }
    }
  }
}

TEST(CpuEncoder, BitsDoNotDependOnCompanyOrderOrThreads) {
  for (const Architecture& shape : {shapes()[0], shapes()[4]}) {
    const Transformer model = random_transformer(shape, 22);
    for (const auto& [dtype, _] : kPrecisions) {
      const auto one_thread = make_cpu_encoder(model, {.dtype = dtype, .threads = 1});
      const auto three_threads = make_cpu_encoder(model, {.dtype = dtype, .threads = 3});
      for (uint32_t seed = 0; seed < 8; seed++) {
        std::mt19937 random(seed);
        std::vector<int> lengths;
        for (int i = 0; i < 25; i++) lengths.push_back(1 + random() % shape.max_positions);
        const OwnedBatch batch = random_batch(shape, lengths, seed);
        const auto together = run(*three_threads, batch);
        for (size_t s = 0; s < lengths.size(); s++) {
          ASSERT_EQ(run(*one_thread, only(batch, s))[0], together[s]) << dtype << ", seed " << seed << ", " << lengths[s];
        }
        std::vector<int> order(lengths.size());
        std::iota(order.begin(), order.end(), 0);
        std::shuffle(order.begin(), order.end(), random);
        OwnedBatch shuffled;
        for (const int s : order) {
          const OwnedBatch one = only(batch, s);
          shuffled.input_ids.insert(shuffled.input_ids.end(), one.input_ids.begin(), one.input_ids.end());
          shuffled.token_type_ids.insert(shuffled.token_type_ids.end(), one.token_type_ids.begin(), one.token_type_ids.end());
          shuffled.offsets.push_back(static_cast<int32_t>(shuffled.input_ids.size()));
        }
        const auto logits = run(*three_threads, shuffled);
        for (size_t i = 0; i < order.size(); i++) ASSERT_EQ(logits[i], together[order[i]]) << dtype << ", seed " << seed;
      }
    }
  }
}

TEST(CpuEncoder, SaysWhatRunsAndRefusesWhatCannot) {
  const Transformer model = random_transformer(small_architecture(), 23);
  const auto scalar = make_cpu_encoder(model, {.dtype = "float32", .instruction_set = "scalar"});
  EXPECT_EQ(scalar->info().instruction_set, "scalar");
  const auto best = make_cpu_encoder(model, {.dtype = "float32", .threads = 2, .why_cpu = "A test."});
  EXPECT_EQ(best->info().threads, best->info().instruction_set == "scalar" ? 1 : 2);
  EXPECT_EQ(best->info().reason.find("A test."), 0u) << best->info().reason;
  EXPECT_THROW(make_cpu_encoder(model, {.dtype = "float16"}), Error);
  EXPECT_THROW(make_cpu_encoder(model, {.dtype = "float32", .instruction_set = "mmx"}), Error);
}

}  // namespace
}  // namespace rerank
