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

struct BucketOptions {
  int length_multiple = 1;  // lengths are rounded up to this
  // What one more bucket costs, in tokens of work: neighbouring buckets are merged where padding costs less.
  double bucket_cost = 0;
  // Round the number of tokens up to one of a few sizes per octave. MLX's allocator gives a freed buffer only to a
  // request of nearly the same size, so free-form sizes would grow its cache without end.
  bool token_ladder = false;
  int max_positions = 0;
};

// A batch reordered for execution without a varlen attention kernel: sequences sorted by length, each length rounded
// up (the tail holds dummy tokens), so that attention runs bucket by bucket over contiguous slices.
struct BucketPlan {
  std::vector<int32_t> input_ids;       // [tokens], dummies are id 0
  std::vector<int32_t> token_type_ids;  // [tokens]
  std::vector<int32_t> positions;       // [tokens]
  std::vector<int32_t> first_tokens;    // [sequences], where each sorted sequence starts
  std::vector<int32_t> lengths;         // [sequences], true length of each sorted sequence
  std::vector<int32_t> rank_of_input;   // [sequences], sorted place of each input sequence
  std::vector<LengthBucket> buckets;
  int tail = 0;  // dummy tokens behind the last bucket, of the ladder
};

BucketPlan plan_buckets(const PackedBatch& batch, const BucketOptions& options);

// The rung at or above `tokens`: sixteen to an octave, never closer than 32 tokens. At most 1/16 is wasted above 512.
int ladder_tokens(int tokens);

}  // namespace rerank
