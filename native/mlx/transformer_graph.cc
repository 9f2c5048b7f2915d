#include "mlx/transformer_graph.h"

#include <cmath>

namespace rerank {
namespace {

namespace mx = mlx::core;
using mx::array;

array to_indices(const std::vector<int32_t>& values) {
  return array(values.data(), {static_cast<int>(values.size())}, mx::int32);
}

array apply(const MlxLinear& linear, const array& x) { return mx::addmm(linear.bias, x, linear.weight); }

array apply(const MlxNorm& norm, const array& x, float epsilon) {
  return mx::fast::layer_norm(x, norm.weight, norm.bias, epsilon);
}

// In float32 whatever the dtype of x.
array activate(Activation kind, const array& input) {
  const array x = mx::astype(input, mx::float32);
  array y = x;
  switch (kind) {
    case Activation::kGelu:
      y = 0.5f * x * (1.0f + mx::erf(x * static_cast<float>(M_SQRT1_2)));
      break;
    case Activation::kGeluTanh:
      y = 0.5f * x * (1.0f + mx::tanh(static_cast<float>(M_SQRT2 * M_2_SQRTPI / 2) * (x + 0.044715f * x * x * x)));
      break;
    case Activation::kRelu:
      y = mx::maximum(x, array(0.0f));
      break;
  }
  return mx::astype(y, input.dtype());
}

class GraphBuilder {
 public:
  GraphBuilder(const Architecture& architecture, const MlxWeights& weights, const BucketPlan& plan)
      : a_(architecture), w_(weights), plan_(plan), first_tokens_(to_indices(plan.first_tokens)) {
    for (const LengthBucket& bucket : plan.buckets) {
      masks_.push_back(bucket.mixed ? std::optional(key_mask(bucket)) : std::nullopt);
    }
  }

  array build() const {
    array x = embed();
    for (int i = 0; i < a_.layers; i++) x = i + 1 < a_.layers ? layer(w_.layers[i], x) : last_layer(w_.layers[i], x);
    x = mx::tanh(apply(w_.pooler, mx::astype(x, mx::float32)));
    x = apply(w_.classifier, x);
    return mx::contiguous(mx::take(x, to_indices(plan_.rank_of_input), 0));
  }

 private:
  array embed() const {
    const array x = mx::take(w_.word_embeddings, to_indices(plan_.input_ids), 0) +
                    mx::take(w_.type_embeddings, to_indices(plan_.token_type_ids), 0) +
                    mx::take(w_.position_embeddings, to_indices(plan_.positions), 0);
    return apply(w_.embedding_norm, x, a_.norm_epsilon);
  }

  array layer(const MlxLayer& w, const array& x) const {
    const array qkv = apply(w.query_key_value, x);
    std::vector<array> contexts;
    for (size_t i = 0; i < plan_.buckets.size(); i++) {
      const LengthBucket& b = plan_.buckets[i];
      const auto parts = mx::split(rows(qkv, b.first_token, b.count * b.length), 3, /*axis=*/1);
      contexts.push_back(attention(parts[0], b.length, parts[1], parts[2], i));
    }
    return feed_forward(w, mx::concatenate(contexts, 0), x);
  }

  // Only what the pooler reads: keys and values of every token, the rest for the first token of each sequence.
  array last_layer(const MlxLayer& w, const array& x) const {
    const int h = a_.hidden_size;
    const array first = mx::take(x, first_tokens_, 0);
    const array q = mx::addmm(mx::slice(w.query_key_value.bias, {0}, {h}), first,
                              mx::slice(w.query_key_value.weight, {0, 0}, {h, h}));
    const array kv = mx::addmm(mx::slice(w.query_key_value.bias, {h}, {3 * h}), x,
                               mx::slice(w.query_key_value.weight, {0, h}, {h, 3 * h}));
    std::vector<array> contexts;
    for (size_t i = 0; i < plan_.buckets.size(); i++) {
      const LengthBucket& b = plan_.buckets[i];
      const auto parts = mx::split(rows(kv, b.first_token, b.count * b.length), 2, /*axis=*/1);
      contexts.push_back(attention(rows(q, b.first_sequence, b.count), 1, parts[0], parts[1], i));
    }
    return feed_forward(w, mx::concatenate(contexts, 0), first);
  }

  // q is [count * queries, hidden], k and v [count * length, hidden]; gives [count * queries, hidden].
  array attention(const array& q, int queries, const array& k, const array& v, size_t bucket) const {
    const LengthBucket& b = plan_.buckets[bucket];
    const auto heads = [&](const array& x, int length) {
      return mx::transpose(mx::reshape(x, {b.count, length, a_.heads, a_.head_size}), {0, 2, 1, 3});
    };
    const float scale = 1.0f / std::sqrt(static_cast<float>(a_.head_size));
    const array context = mx::fast::scaled_dot_product_attention(
        heads(q, queries), heads(k, b.length), heads(v, b.length), scale, masks_[bucket] ? "array" : "", masks_[bucket]);
    return mx::reshape(mx::transpose(context, {0, 2, 1, 3}), {b.count * queries, a_.hidden_size});
  }

  array feed_forward(const MlxLayer& w, const array& context, const array& residual) const {
    const array x = apply(w.attention_norm, apply(w.attention_output, context) + residual, a_.norm_epsilon);
    const array inner = activate(a_.activation, apply(w.up, x));
    return apply(w.output_norm, apply(w.down, inner) + x, a_.norm_epsilon);
  }

  // True where a key is a real token: [count, 1, 1, length], broadcast over heads and queries.
  array key_mask(const LengthBucket& b) const {
    const auto begin = plan_.lengths.begin() + b.first_sequence;
    const array lengths = mx::reshape(to_indices({begin, begin + b.count}), {b.count, 1, 1, 1});
    return mx::less(mx::reshape(mx::arange(b.length, mx::int32), {1, 1, 1, b.length}), lengths);
  }

  static array rows(const array& x, int first, int count) {
    return mx::slice(x, {first, 0}, {first + count, x.shape(1)});
  }

  const Architecture& a_;
  const MlxWeights& w_;
  const BucketPlan& plan_;
  array first_tokens_;
  std::vector<std::optional<array>> masks_;
};

}  // namespace

array logits_graph(const Architecture& architecture, const MlxWeights& weights, const BucketPlan& plan) {
  return GraphBuilder(architecture, weights, plan).build();
}

}  // namespace rerank
