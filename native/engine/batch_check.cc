#include "engine/batch_check.h"

#include "model/error.h"

namespace rerank {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); }

}  // namespace

void check_batch(const PackedBatch& batch, const EncoderLimits& limits) {
  const size_t tokens = batch.input_ids.size();
  if (batch.token_type_ids.size() != tokens) {
    invalid("tokenTypeIds has " + std::to_string(batch.token_type_ids.size()) + " entries, inputIds " +
            std::to_string(tokens) + "; expected one for each token");
  }
  if (batch.offsets.size() < 2) invalid("offsets has " + std::to_string(batch.offsets.size()) + " entries, expected sequences + 1");
  if (batch.offsets.front() != 0) invalid("offsets[0] is " + std::to_string(batch.offsets.front()) + ", expected 0");
  for (size_t i = 1; i < batch.offsets.size(); i++) {
    // In 64 bits: hostile offsets may be far apart.
    const int64_t length = int64_t{batch.offsets[i]} - batch.offsets[i - 1];
    if (length < 1 || length > limits.max_length) {
      invalid("sequence " + std::to_string(i - 1) + " has " + std::to_string(length) + " tokens, expected 1 to " +
              std::to_string(limits.max_length));
    }
  }
  if (static_cast<size_t>(batch.offsets.back()) != tokens) {
    invalid("the last offset is " + std::to_string(batch.offsets.back()) + ", expected the number of inputIds, " +
            std::to_string(tokens));
  }
  for (size_t t = 0; t < tokens; t++) {
    const int32_t id = batch.input_ids[t];
    if (id < 0 || id >= limits.vocab_size) {
      invalid("inputIds[" + std::to_string(t) + "] is " + std::to_string(id) + ", expected 0 to " +
              std::to_string(limits.vocab_size - 1) + " (the model's vocabulary)");
    }
    if (batch.token_type_ids[t] >= limits.type_vocab_size) {
      invalid("tokenTypeIds[" + std::to_string(t) + "] is " + std::to_string(batch.token_type_ids[t]) +
              ", expected 0 to " + std::to_string(limits.type_vocab_size - 1));
    }
  }
}

}  // namespace rerank
