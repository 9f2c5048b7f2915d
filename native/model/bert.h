#pragma once
#include <string>

#include "model/transformer.h"

namespace rerank {

// Loads a Hugging Face folder of a BERT sequence classifier (config.json and safetensors) into host memory.
// Throws Error: kModelNotFound, kModelUnsupported or kModelCorrupt, naming the file, the tensor and what was expected.
Transformer load_bert(const std::string& folder);

}  // namespace rerank
