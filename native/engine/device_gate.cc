#include "engine/device_gate.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/guarded_encoder.h"
#include "model/error.h"

namespace rerank {
namespace {

// Around the tile sizes of GPU kernels, and enough short ones to pick canaries from.
constexpr int kLengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33, 64, 65, 100, 130};
constexpr int kLongestCanary = 16;

}  // namespace

Golden make_golden(Encoder& trusted) {
  const EncoderLimits& limits = trusted.info().limits;
  std::mt19937 random(20260101);
  Golden golden;
  golden.offsets.push_back(0);
  for (const int length : kLengths) {
    for (int t = 0; t < std::min(length, limits.max_length); t++) {
      golden.input_ids.push_back(static_cast<int32_t>(random() % limits.vocab_size));
      golden.token_type_ids.push_back(static_cast<uint8_t>(2 * t < length ? 0 : limits.type_vocab_size - 1));
    }
    golden.offsets.push_back(static_cast<int32_t>(golden.input_ids.size()));
  }
  golden.logits = trusted.submit(golden.batch())->wait();
  return golden;
}

float golden_tolerance(const std::string& dtype) {
  if (dtype == "bfloat16") return 0.5f;
  return dtype == "float16" ? 0.08f : 1e-3f;
}

std::unique_ptr<Encoder> admit(std::unique_ptr<Encoder> candidate, const Golden& golden) {
  const float tolerance = golden_tolerance(candidate->info().dtype);
  const std::vector<float> logits = candidate->submit(golden.batch())->wait();
  candidate->check();
  if (logits.size() != golden.logits.size()) throw Error(ErrorCode::kDevice, "it gave a wrong number of logits");
  for (size_t i = 0; i < logits.size(); i++) {
    if (!(std::abs(logits[i] - golden.logits[i]) <= tolerance)) {
      throw Error(ErrorCode::kDevice, "it gave logit " + std::to_string(logits[i]) + " where the CPU gives " +
                                          std::to_string(golden.logits[i]));
    }
  }

  GuardOptions options;
  options.tolerance = tolerance;
  const PackedBatch batch = golden.batch();
  const int labels = candidate->info().limits.labels;
  for (int s = 0; s < batch.sequences(); s++) {
    if (batch.length(s) > kLongestCanary) continue;
    const auto ids = batch.input_ids.subspan(batch.offsets[s], batch.length(s));
    const auto types = batch.token_type_ids.subspan(batch.offsets[s], batch.length(s));
    const auto expected = golden.logits.begin() + s * labels;
    options.canaries.push_back({{ids.begin(), ids.end()}, {types.begin(), types.end()}, {expected, expected + labels}});
  }
  return guard(std::move(candidate), std::move(options));
}

}  // namespace rerank
