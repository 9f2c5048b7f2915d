#pragma once
#include "binding/napi_setup.h"
#include "engine/engine.h"
#include "engine/model_store.h"

namespace rerank {

// Both throw Error(kInvalidArgument) for a value of another type than lib/native/addon.ts says.
LoadOptions to_load_options(const Napi::Value& value);
// Copies the three arrays of a PackedBatch: JavaScript may change its own while the engine works.
ScoreJob to_score_job(const Napi::Value& value);

}  // namespace rerank
