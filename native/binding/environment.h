#pragma once
#include <memory>
#include <unordered_set>

#include "binding/completions.h"

namespace rerank {

class ModelWrap;

// What the addon holds for one JavaScript environment (the main thread or a worker); its instance data.
struct Environment {
  explicit Environment(Napi::Env env);

  std::shared_ptr<Completions> completions;
  Napi::FunctionReference model_constructor;
  // Open ones: released when the environment ends, before any finalizer. Shared because a finalizer may run last.
  std::shared_ptr<std::unordered_set<ModelWrap*>> models = std::make_shared<std::unordered_set<ModelWrap*>>();
};

}  // namespace rerank
