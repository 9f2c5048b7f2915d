#pragma once
#include "engine/encoder.h"

namespace rerank {

// Throws kInvalidArgument unless every id, type, offset and length is one the model can take. O(tokens).
// MLX does not bounds-check a gather on a GPU: a foreign id would read foreign memory and give a plausible score.
void check_batch(const PackedBatch& batch, const EncoderLimits& limits);

}  // namespace rerank
