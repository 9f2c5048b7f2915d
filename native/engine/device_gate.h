#pragma once
#include <memory>
#include <vector>

#include "engine/encoder.h"

namespace rerank {

// A small ragged batch that any model of these limits can take, and what a trusted encoder gives for it.
struct Golden {
  std::vector<int32_t> input_ids;
  std::vector<uint8_t> token_type_ids;
  std::vector<int32_t> offsets;
  std::vector<float> logits;

  PackedBatch batch() const { return {input_ids, token_type_ids, offsets}; }
};

Golden make_golden(Encoder& trusted);

// How far logits of a dtype may be from float32 on a device that works.
float golden_tolerance(const std::string& dtype);

// Lets a device's encoder in: it must give the golden logits, and then runs guarded by canaries taken from them.
// Throws kDevice with the difference that was found. Call it where the encoder lives.
std::unique_ptr<Encoder> admit(std::unique_ptr<Encoder> candidate, const Golden& golden);

}  // namespace rerank
