#pragma once
#include <memory>

#include "engine/encoder.h"
#include "model/transformer.h"

namespace rerank {

// The transformer as the papers write it, in plain loops over one sequence at a time: what every faster encoder is
// tested against, and what runs on a CPU none of them knows. One thread, float32.
std::unique_ptr<Encoder> make_reference_encoder(Transformer model, const std::string& reason);

}  // namespace rerank
