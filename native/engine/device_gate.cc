#include "engine/device_gate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

#include "engine/median_seconds.h"
#include "model/error.h"

namespace rerank {
namespace {

// Around the tile sizes of GPU kernels, and enough short ones to pick canaries from.
constexpr int kLengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33, 64, 65, 100, 130};
constexpr int kLongestCanary = 16;
constexpr int kRounds = 5;

Sequences made_up(const EncoderLimits& limits, const std::vector<int>& lengths) {
  std::mt19937 random(20260101);
  Sequences sequences;
  for (const int wanted : lengths) {
    const int length = std::min(wanted, limits.max_length);
    std::vector<int32_t> ids;
    std::vector<uint8_t> types;
    for (int t = 0; t < length; t++) {
      ids.push_back(static_cast<int32_t>(random() % limits.vocab_size));
      types.push_back(static_cast<uint8_t>(2 * t < length ? 0 : limits.type_vocab_size - 1));
    }
    sequences.add(ids, types);
  }
  return sequences;
}

// 32 sequences with the length spread of MS MARCO pairs (43 to 142 tokens from the 5th to the 95th percentile).
Sequences made_up_pairs(const EncoderLimits& limits) {
  std::vector<int> lengths;
  for (int i = 0; i < 32; i++) lengths.push_back(43 + i * 99 / 31);
  return made_up(limits, lengths);
}

double seconds_of(Encoder& encoder, const Sequences& sequences) {
  const auto begin = std::chrono::steady_clock::now();
  encoder.submit(sequences.view())->wait();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The greatest distance from the golden logits. Throws when it is too great, or the device fails.
float compare(Encoder& candidate, const Golden& golden) {
  const float tolerance = golden_tolerance(candidate.info().dtype);
  const std::vector<float> logits = candidate.submit(golden.sequences.view())->wait();
  candidate.check();
  if (logits.size() != golden.logits.size()) throw Error(ErrorCode::kDevice, "it gave a wrong number of logits");
  float worst = 0;
  for (size_t i = 0; i < logits.size(); i++) {
    const float error = std::abs(logits[i] - golden.logits[i]);
    if (!(error <= tolerance)) {
      throw Error(ErrorCode::kDevice, "it gave logit " + std::to_string(logits[i]) + " where the CPU gives " +
                                          std::to_string(golden.logits[i]));
    }
    worst = std::max(worst, error);
  }
  return worst;
}

}  // namespace

Golden make_golden(Encoder& trusted) {
  Golden golden;
  golden.sequences = made_up(trusted.info().limits, {std::begin(kLengths), std::end(kLengths)});
  golden.logits = trusted.submit(golden.sequences.view())->wait();
  return golden;
}

float golden_tolerance(const std::string& dtype) {
  if (dtype == "bfloat16") return 0.5f;
  return dtype == "float16" ? 0.08f : 1e-3f;
}

std::vector<Trial> try_candidates(std::vector<Candidate>& candidates, const Golden& golden) {
  std::vector<Trial> trials;
  std::vector<size_t> passed;
  for (Candidate& candidate : candidates) {
    Trial trial{.name = candidate.name};
    try {
      trial.max_error = compare(*candidate.encoder, golden);
      passed.push_back(trials.size());
    } catch (const std::exception& e) {
      trial.failure = e.what();
      candidate.encoder->recover();
    }
    trials.push_back(std::move(trial));
  }
  if (passed.empty()) return trials;
  const Sequences pairs = made_up_pairs(candidates.front().encoder->info().limits);
  const auto seconds = median_seconds(passed.size(), kRounds, [&](size_t i) {
    return seconds_of(*candidates[passed[i]].encoder, pairs);
  });
  for (size_t i = 0; i < passed.size(); i++) trials[passed[i]].seconds = seconds[i];
  return trials;
}

double seconds_of(Encoder& trusted) {
  const Sequences pairs = made_up_pairs(trusted.info().limits);
  return median_seconds(1, kRounds, [&](size_t) { return seconds_of(trusted, pairs); })[0];
}

std::unique_ptr<Encoder> admit(std::unique_ptr<Encoder> candidate, const Golden& golden, GuardOptions options) {
  compare(*candidate, golden);
  options.tolerance = golden_tolerance(candidate->info().dtype);
  const PackedBatch batch = golden.sequences.view();
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

std::unique_ptr<Encoder> admit_fastest(std::vector<Candidate> candidates, const Golden& golden, GuardOptions options) {
  const std::vector<Trial> trials = try_candidates(candidates, golden);
  const Trial* best = nullptr;
  std::string times;
  for (const Trial& trial : trials) {
    char text[64];
    std::snprintf(text, sizeof text, "%s%s %.1f ms", times.empty() ? "" : ", ", trial.name.c_str(), trial.seconds * 1e3);
    if (!trial.failure.empty()) continue;
    times += text;
    if (!best || trial.seconds < best->seconds) best = &trial;
  }
  if (!best) throw Error(ErrorCode::kDevice, trials.front().failure);
  if (trials.size() > 1) options.note += " Attention " + best->name + ", the fastest at load (" + times + ").";
  return admit(std::move(candidates[best - trials.data()].encoder), golden, std::move(options));
}

}  // namespace rerank
