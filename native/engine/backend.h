#pragma once
#include <memory>

#include "engine/encoder.h"
#include "engine/model_store.h"
#include "model/transformer.h"

namespace rerank {

// Picks the execution path for these options on this machine and builds the encoder. Runs on a loader thread; what
// touches MLX is handed to the engine thread. Throws Error when the combination cannot be had.
std::shared_ptr<Encoder> make_encoder(Transformer model, const LoadOptions& options);

}  // namespace rerank
