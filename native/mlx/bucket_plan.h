#pragma once
#include <cstdint>
#include <vector>

#include "engine/encoder.h"

namespace rerank {

// Neighbouring sequences of one (rounded) length: in the reordered token array they are a plain [count, length] block.
struct LengthBucket {
  int first_token = 0;
  int first_sequence = 0;
  int count = 0;
  int length = 0;
  bool mixed = false;  // some sequence is shorter than `length`: its tail tokens must be masked as keys
};

// A batch reordered for execution without a varlen attention kernel: sequences sorted by length, each length rounded
// up to a multiple (the tail holds dummy tokens), so that attention runs bucket by bucket over contiguous slices.
struct BucketPlan {
  std::vector<int32_t> input_ids;        // [tokens], dummies are id 0
  std::vector<int32_t> token_type_ids;   // [tokens]
  std::vector<int32_t> positions;        // [tokens]
  std::vector<int32_t> first_tokens;     // [sequences], where each sorted sequence starts
  std::vector<int32_t> lengths;          // [sequences], true length of each sorted sequence
  std::vector<int32_t> rank_of_input;    // [sequences], sorted place of each input sequence
  std::vector<LengthBucket> buckets;
};

BucketPlan plan_buckets(const PackedBatch& batch, int length_multiple, int max_positions);

}  // namespace rerank
