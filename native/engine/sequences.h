#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/encoder.h"

namespace rerank {

// A batch with memory of its own.
struct Sequences {
  std::vector<int32_t> input_ids;
  std::vector<uint8_t> token_type_ids;
  std::vector<int32_t> offsets{0};

  void add(std::span<const int32_t> ids, std::span<const uint8_t> types) {
    input_ids.insert(input_ids.end(), ids.begin(), ids.end());
    token_type_ids.insert(token_type_ids.end(), types.begin(), types.end());
    offsets.push_back(static_cast<int32_t>(input_ids.size()));
  }
  PackedBatch view() const { return {input_ids, token_type_ids, offsets}; }
};

}  // namespace rerank
