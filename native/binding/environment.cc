#include "binding/environment.h"

#include "binding/model_wrap.h"
#include "engine/engine.h"

namespace rerank {

Environment::Environment(Napi::Env env) : completions(std::make_shared<Completions>(env)) {
  Engine::instance().enter();
  model_constructor = Napi::Persistent(ModelWrap::define(env));
  env.AddCleanupHook([this] {
    completions->close();
    for (ModelWrap* model : *models) model->release();
    models->clear();
    Engine::instance().leave();
  });
}

}  // namespace rerank
