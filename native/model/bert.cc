#include "model/bert.h"

#include "model/checkpoint.h"
#include "model/config.h"
#include "model/error.h"
#include "model/file.h"

namespace rerank {
namespace {

constexpr size_t kMaxConfigBytes = 16 << 20;

// Names as BertForSequenceClassification saves them; BertModel checkpoints lack the "bert." prefix.
class BertReader {
 public:
  BertReader(const Checkpoint& checkpoint, const Architecture& architecture)
      : checkpoint_(checkpoint),
        a_(architecture),
        prefix_(checkpoint.contains("bert.embeddings.word_embeddings.weight") ? "bert." : "") {}

  Transformer read() const {
    Transformer model;
    model.architecture = a_;
    model.word_embeddings = embedding("word_embeddings", a_.vocab_size);
    model.position_embeddings = embedding("position_embeddings", a_.max_positions);
    model.type_embeddings = embedding("token_type_embeddings", a_.type_vocab_size);
    model.embedding_norm = norm(prefix_ + "embeddings.LayerNorm");
    for (int i = 0; i < a_.layers; i++) model.layers.push_back(layer(i));
    model.pooler = linear(prefix_ + "pooler.dense", a_.hidden_size, a_.hidden_size, /*bias_required=*/false);
    model.classifier = linear("classifier", a_.labels, a_.hidden_size, /*bias_required=*/false);
    return model;
  }

 private:
  Tensor embedding(const std::string& name, int rows) const {
    return checkpoint_.read(prefix_ + "embeddings." + name + ".weight", {rows, a_.hidden_size});
  }

  LayerNorm norm(const std::string& name) const {
    return {checkpoint_.read(name + ".weight", {a_.hidden_size}), checkpoint_.read(name + ".bias", {a_.hidden_size})};
  }

  Linear linear(const std::string& name, int out, int in, bool bias_required = true) const {
    Linear linear{checkpoint_.read(name + ".weight", {out, in}), std::nullopt};
    if (bias_required || checkpoint_.contains(name + ".bias")) linear.bias = checkpoint_.read(name + ".bias", {out});
    return linear;
  }

  Layer layer(int index) const {
    const int h = a_.hidden_size, f = a_.intermediate_size;
    const std::string base = prefix_ + "encoder.layer." + std::to_string(index) + ".";
    const std::string attention = base + "attention.self.";
    return {
        .query = linear(attention + "query", h, h),
        .key = linear(attention + "key", h, h),
        .value = linear(attention + "value", h, h),
        .attention_output = linear(base + "attention.output.dense", h, h),
        .attention_norm = norm(base + "attention.output.LayerNorm"),
        .up = linear(base + "intermediate.dense", f, h),
        .down = linear(base + "output.dense", h, f),
        .output_norm = norm(base + "output.LayerNorm"),
    };
  }

  const Checkpoint& checkpoint_;
  const Architecture& a_;
  std::string prefix_;
};

}  // namespace

Transformer load_bert(const std::string& folder) {
  const std::string config_path = folder + "/config.json";
  const Architecture architecture = parse_config(read_text(config_path, kMaxConfigBytes), config_path);
  const Checkpoint checkpoint(folder);
  return BertReader(checkpoint, architecture).read();
}

}  // namespace rerank
