#include "model/config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "model/error.h"

namespace rerank {
namespace {

using nlohmann::json;

[[noreturn]] void unsupported(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kModelUnsupported,
              path + ": " + what + ". Supported are BERT sequence classifiers such as " +
                  "cross-encoder/ms-marco-MiniLM-L6-v2.");
}

[[noreturn]] void corrupt(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kModelCorrupt, path + ": " + what + ". Download the model again.");
}

int positive_int(const json& config, const char* key, const std::string& path, int limit) {
  const auto found = config.find(key);
  if (found == config.end() || !found->is_number_integer()) {
    corrupt(path, std::string("expected an integer \"") + key + "\", found " +
                      (found == config.end() ? "nothing" : found->dump()));
  }
  const int64_t value = found->get<int64_t>();
  if (value < 1 || value > limit) {
    corrupt(path, std::string("\"") + key + "\" is " + std::to_string(value) + ", expected 1 to " +
                      std::to_string(limit));
  }
  return static_cast<int>(value);
}

std::string string_or(const json& config, const char* key, const std::string& fallback) {
  const auto found = config.find(key);
  return found != config.end() && found->is_string() ? found->get<std::string>() : fallback;
}

Activation parse_activation(const json& config, const std::string& path) {
  const std::string name = string_or(config, "hidden_act", "gelu");
  if (name == "gelu" || name == "gelu_python") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh" || name == "gelu_accurate") {
    return Activation::kGeluTanh;
  }
  if (name == "relu") return Activation::kRelu;
  unsupported(path, "hidden_act \"" + name + "\" is not one of gelu, its tanh approximations, or relu");
}

// transformers derives num_labels from id2label and defaults to 2 labels when neither key is present.
int parse_labels(const json& config, const std::string& path) {
  const auto names = config.find("id2label");
  if (names != config.end() && names->is_object() && !names->empty()) return static_cast<int>(names->size());
  if (config.contains("num_labels")) return positive_int(config, "num_labels", path, 1 << 16);
  return 2;
}

}  // namespace

Architecture parse_config(const std::string& json_text, const std::string& path) {
  const json config = json::parse(json_text, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) corrupt(path, "expected a JSON object, found something else");

  const std::string type = string_or(config, "model_type", "(none)");
  if (type != "bert") unsupported(path, "model_type \"" + type + "\" is not \"bert\"");
  const auto classes = config.find("architectures");
  if (classes != config.end() && classes->is_array() && !classes->empty()) {
    bool classifier = false;
    for (const json& name : *classes) classifier |= name == "BertForSequenceClassification";
    if (!classifier) unsupported(path, "architectures " + classes->dump() + " is not a sequence classifier");
  }
  const std::string positions = string_or(config, "position_embedding_type", "absolute");
  if (positions != "absolute") unsupported(path, "position_embedding_type \"" + positions + "\"");

  constexpr int kMaxWidth = 1 << 16;
  Architecture a;
  a.layers = positive_int(config, "num_hidden_layers", path, 1024);
  a.hidden_size = positive_int(config, "hidden_size", path, kMaxWidth);
  a.heads = positive_int(config, "num_attention_heads", path, kMaxWidth);
  a.intermediate_size = positive_int(config, "intermediate_size", path, 1 << 20);
  a.vocab_size = positive_int(config, "vocab_size", path, 1 << 24);
  a.max_positions = positive_int(config, "max_position_embeddings", path, 1 << 20);
  a.type_vocab_size = config.contains("type_vocab_size") ? positive_int(config, "type_vocab_size", path, 256) : 2;
  a.labels = parse_labels(config, path);
  a.activation = parse_activation(config, path);
  if (a.hidden_size % a.heads != 0) {
    corrupt(path, "hidden_size " + std::to_string(a.hidden_size) + " is not a multiple of num_attention_heads " +
                      std::to_string(a.heads));
  }
  a.head_size = a.hidden_size / a.heads;
  const auto epsilon = config.find("layer_norm_eps");
  if (epsilon != config.end()) {
    const double value = epsilon->is_number() ? epsilon->get<double>() : NAN;
    if (!(value > 0 && value < 1)) corrupt(path, "layer_norm_eps " + epsilon->dump() + " is not between 0 and 1");
    a.norm_epsilon = static_cast<float>(value);
  }
  return a;
}

}  // namespace rerank
