#include "cpu/reference_encoder.h"

#include <algorithm>
#include <cmath>

namespace rerank {
namespace {

using Matrix = std::vector<float>;  // row-major

struct Dense {
  int in = 0, out = 0;
  Matrix weight;  // [in][out], transposed from the checkpoint so that the inner loop runs over memory in order
  std::vector<float> bias;

  explicit Dense(const Linear& source) {
    out = static_cast<int>(source.weight.shape[0]);
    in = static_cast<int>(source.weight.shape[1]);
    const Matrix original = widen(source.weight);
    weight.resize(original.size());
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) weight[size_t(i) * out + o] = original[size_t(o) * in + i];
    }
    bias = source.bias ? widen(*source.bias) : std::vector<float>(out, 0.0f);
  }

  Matrix operator()(const Matrix& x, int rows) const {
    Matrix y(size_t(rows) * out);
    for (int r = 0; r < rows; r++) {
      float* row = &y[size_t(r) * out];
      std::copy(bias.begin(), bias.end(), row);
      for (int i = 0; i < in; i++) {
        const float scale = x[size_t(r) * in + i];
        const float* w = &weight[size_t(i) * out];
        for (int o = 0; o < out; o++) row[o] += scale * w[o];
      }
    }
    return y;
  }
};

struct Norm {
  std::vector<float> weight, bias;
  float epsilon;

  Norm(const LayerNorm& source, float eps) : weight(widen(source.weight)), bias(widen(source.bias)), epsilon(eps) {}

  void apply(Matrix& x) const {
    const size_t width = weight.size();
    for (float* row = x.data(); row != x.data() + x.size(); row += width) {
      double mean = 0, variance = 0;
      for (size_t i = 0; i < width; i++) mean += row[i];
      mean /= width;
      for (size_t i = 0; i < width; i++) variance += (row[i] - mean) * (row[i] - mean);
      const double scale = 1.0 / std::sqrt(variance / width + epsilon);
      for (size_t i = 0; i < width; i++) row[i] = float((row[i] - mean) * scale) * weight[i] + bias[i];
    }
  }
};

float activate(Activation kind, float x) {
  switch (kind) {
    case Activation::kGelu: return 0.5f * x * (1.0f + std::erf(x * float(M_SQRT1_2)));
    case Activation::kGeluTanh:
      return 0.5f * x * (1.0f + std::tanh(float(M_SQRT2 * M_2_SQRTPI / 2) * (x + 0.044715f * x * x * x)));
    case Activation::kRelu: return std::max(x, 0.0f);
  }
  return x;
}

struct Block {
  Dense query, key, value, attention_output, up, down;
  Norm attention_norm, output_norm;

  Block(const Layer& layer, float epsilon)
      : query(layer.query),
        key(layer.key),
        value(layer.value),
        attention_output(layer.attention_output),
        up(layer.up),
        down(layer.down),
        attention_norm(layer.attention_norm, epsilon),
        output_norm(layer.output_norm, epsilon) {}
};

// softmax(q k^T / sqrt(head_size)) v, head by head.
Matrix attention(const Matrix& q, const Matrix& k, const Matrix& v, int length, const Architecture& a) {
  Matrix context(size_t(length) * a.hidden_size);
  std::vector<float> scores(length);
  const float scale = 1.0f / std::sqrt(float(a.head_size));
  for (int h = 0; h < a.heads; h++) {
    const auto at = [&](const Matrix& m, int token) { return &m[size_t(token) * a.hidden_size + h * a.head_size]; };
    for (int i = 0; i < length; i++) {
      for (int j = 0; j < length; j++) {
        float dot = 0;
        for (int d = 0; d < a.head_size; d++) dot += at(q, i)[d] * at(k, j)[d];
        scores[j] = dot * scale;
      }
      const float highest = *std::max_element(scores.begin(), scores.end());
      double sum = 0;
      for (float& s : scores) sum += s = std::exp(s - highest);
      float* out = &context[size_t(i) * a.hidden_size + h * a.head_size];
      for (int j = 0; j < length; j++) {
        const float weight = float(scores[j] / sum);
        for (int d = 0; d < a.head_size; d++) out[d] += weight * at(v, j)[d];
      }
    }
  }
  return context;
}

void add(Matrix& x, const Matrix& y) {
  for (size_t i = 0; i < x.size(); i++) x[i] += y[i];
}

class ReferenceEncoder final : public Encoder {
 public:
  ReferenceEncoder(Transformer model, const std::string& reason)
      : a_(model.architecture),
        words_(std::move(model.word_embeddings)),
        positions_(widen(model.position_embeddings)),
        types_(widen(model.type_embeddings)),
        embedding_norm_(model.embedding_norm, a_.norm_epsilon),
        pooler_(model.pooler),
        classifier_(model.classifier) {
    for (const Layer& layer : model.layers) blocks_.emplace_back(layer, a_.norm_epsilon);
    info_.path = "cpu";
    info_.reason = reason;
    info_.device = "cpu";
    info_.device_name = "cpu";
    info_.dtype = "float32";
    info_.instruction_set = "scalar";
    info_.layers = a_.layers;
    info_.hidden_size = a_.hidden_size;
    info_.limits = {a_.vocab_size, a_.type_vocab_size, a_.max_positions, a_.labels};
    info_.parameter_bytes = words_.bytes() + 4 * (positions_.size() + types_.size());
    for (const Block& b : blocks_) {
      for (const Dense* d : {&b.query, &b.key, &b.value, &b.attention_output, &b.up, &b.down}) {
        info_.parameter_bytes += 4 * (d->weight.size() + d->bias.size());
      }
    }
  }

  const EncoderInfo& info() const override { return info_; }
  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    return std::make_unique<Run>(*this, batch);
  }
  MemoryReport memory() const override { return {info_.parameter_bytes, 0, info_.parameter_bytes}; }

 private:
  class Run final : public Pending {
   public:
    Run(const ReferenceEncoder& encoder, const PackedBatch& batch) : encoder_(encoder), batch_(batch) {}
    std::vector<float> wait() override {
      std::vector<float> logits;
      for (int s = 0; s < batch_.sequences(); s++) {
        const Matrix row = encoder_.logits(batch_.input_ids.subspan(batch_.offsets[s], batch_.length(s)),
                                           batch_.token_type_ids.subspan(batch_.offsets[s], batch_.length(s)));
        logits.insert(logits.end(), row.begin(), row.end());
      }
      return logits;
    }

   private:
    const ReferenceEncoder& encoder_;
    PackedBatch batch_;
  };

  Matrix logits(std::span<const int32_t> ids, std::span<const uint8_t> types) const {
    const int length = static_cast<int>(ids.size());
    const int width = a_.hidden_size;
    Matrix x(size_t(length) * width);
    for (int t = 0; t < length; t++) {
      float* row = &x[size_t(t) * width];
      widen(words_, size_t(ids[t]) * width, width, row);
      for (int i = 0; i < width; i++) row[i] += types_[size_t(types[t]) * width + i] + positions_[size_t(t) * width + i];
    }
    embedding_norm_.apply(x);
    for (const Block& block : blocks_) {
      const Matrix context = attention(block.query(x, length), block.key(x, length), block.value(x, length), length, a_);
      add(x, block.attention_output(context, length));
      block.attention_norm.apply(x);
      Matrix inner = block.up(x, length);
      for (float& value : inner) value = activate(a_.activation, value);
      add(x, block.down(inner, length));
      block.output_norm.apply(x);
    }
    x.resize(width);  // the first token
    Matrix pooled = pooler_(x, 1);
    for (float& value : pooled) value = std::tanh(value);
    return classifier_(pooled, 1);
  }

  Architecture a_;
  Tensor words_;
  Matrix positions_, types_;
  Norm embedding_norm_;
  std::vector<Block> blocks_;
  Dense pooler_, classifier_;
  EncoderInfo info_;
};

}  // namespace

std::unique_ptr<Encoder> make_reference_encoder(Transformer model, const std::string& reason) {
  return std::make_unique<ReferenceEncoder>(std::move(model), reason);
}

}  // namespace rerank
