#pragma once
#include <string>

#include "model/transformer.h"

namespace rerank {

// Reads a Hugging Face config.json of a BERT sequence classifier. Throws kModelUnsupported for a model this
// library cannot run and kModelCorrupt for a file that is not a configuration.
Architecture parse_config(const std::string& json_text, const std::string& path);

}  // namespace rerank
