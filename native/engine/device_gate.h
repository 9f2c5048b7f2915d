#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/encoder.h"
#include "engine/guarded_encoder.h"
#include "engine/sequences.h"

namespace rerank {

// A small ragged batch that any model of these limits can take, and what a trusted encoder gives for it.
struct Golden {
  Sequences sequences;
  std::vector<float> logits;
};

Golden make_golden(Encoder& trusted);

// How far logits of a dtype may be from float32 on a device that works.
float golden_tolerance(const std::string& dtype);

// One way to run a model on a device, such as a form of attention.
struct Candidate {
  std::string name;
  std::unique_ptr<Encoder> encoder;
};

// What became of a candidate when it was tried.
struct Trial {
  std::string name;
  float max_error = 0;  // of the golden logits
  double seconds = 0;   // a batch of 32 pairs as long as those of MS MARCO, median; 0 when it failed
  std::string failure;  // why it may not be used, such as "it gave logit 3 where the CPU gives 2"; else empty
};

// Each against the golden logits; then those that passed against the clock, interleaved. Call it where the encoders live.
std::vector<Trial> try_candidates(std::vector<Candidate>& candidates, const Golden& golden);

// Median seconds of a trusted encoder for the batch that candidates are timed with.
double seconds_of(Encoder& trusted);

// Lets a device's encoder in: it must give the golden logits, and then runs guarded by canaries taken from them.
// `options` may bring a note and on_closed. Throws kDevice with the difference that was found.
std::unique_ptr<Encoder> admit(std::unique_ptr<Encoder> candidate, const Golden& golden, GuardOptions options = {});

// The fastest of the candidates that pass, let in; its note names it and the times of all. Throws kDevice when none passes.
std::unique_ptr<Encoder> admit_fastest(std::vector<Candidate> candidates, const Golden& golden, GuardOptions options = {});

}  // namespace rerank
