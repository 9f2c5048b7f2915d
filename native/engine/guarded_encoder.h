#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/encoder.h"

namespace rerank {

// A sequence whose logits are known from another implementation.
struct Canary {
  std::vector<int32_t> input_ids;
  std::vector<uint8_t> token_type_ids;
  std::vector<float> logits;
};

struct GuardOptions {
  // Taken in turn, so that a stale result of an earlier batch shows. Those too close to another to be told apart are
  // left out; at least two must remain, and eight are enough.
  std::vector<Canary> canaries;
  float tolerance = 0;
  int failures_until_closed = 3;
  std::function<void()> on_closed;  // called once, when the encoder refuses to go on
  std::string note;                 // joins info().reason
};

// Stands between the engine and a device that can fail late or silently (a GPU), so that a fault there becomes an
// error and never a wrong score:
// - each batch carries a canary; a batch whose canary is off, or whose logits are not finite, counts as failed;
// - a batch is handed out only after a later wait, or a check, came back clean: errors may surface one call late;
// - after a failure the batches in flight are computed again, one at a time, halved while memory is short;
// - a batch that fails again is an error of its own caller; after three in a row the encoder refuses to go on.
// Throws kDevice when fewer than two canaries can be told apart.
std::unique_ptr<Encoder> guard(std::unique_ptr<Encoder> encoder, GuardOptions options);

}  // namespace rerank
