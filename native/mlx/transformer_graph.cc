#include "mlx/transformer_graph.h"

#include <cmath>
#include <optional>

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

// In float32 whatever the dtype of the input.
template <Activation kind>
std::vector<array> activate(const std::vector<array>& inputs) {
  const array& input = inputs[0];
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
  return {mx::astype(y, input.dtype())};
}

template <Activation kind>
array activate(const array& x, bool compile) {
  return compile ? mx::compile(activate<kind>, /*shapeless=*/true)({x})[0] : activate<kind>({x})[0];
}

array activate(Activation kind, const array& x, bool compile) {
  switch (kind) {
    case Activation::kGeluTanh: return activate<Activation::kGeluTanh>(x, compile);
    case Activation::kRelu: return activate<Activation::kRelu>(x, compile);
    case Activation::kGelu: break;
  }
  return activate<Activation::kGelu>(x, compile);
}

class GraphBuilder {
 public:
  GraphBuilder(const Architecture& architecture, const MlxWeights& weights, const GraphOptions& options,
               const BucketPlan& plan)
      : a_(architecture), w_(weights), options_(options), plan_(plan), first_tokens_(to_indices(plan.first_tokens)) {
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
    const int h = a_.hidden_size;
    const array context = attention(columns(qkv, 0, h), columns(qkv, h, 3 * h), /*every_query=*/true);
    return feed_forward(w, context, x);
  }

  // Only what the pooler reads: keys and values of every token, the rest for the first token of each sequence.
  array last_layer(const MlxLayer& w, const array& x) const {
    const int h = a_.hidden_size;
    const array first = mx::take(x, first_tokens_, 0);
    const array q = mx::addmm(mx::slice(w.query_key_value.bias, {0}, {h}), first, columns(w.query_key_value.weight, 0, h));
    const array kv = mx::addmm(mx::slice(w.query_key_value.bias, {h}, {3 * h}), x, columns(w.query_key_value.weight, h, 3 * h));
    return feed_forward(w, attention(q, kv, /*every_query=*/false), first);
  }

  // Of every token, or with one query a sequence. A single query has hardly any scores to write, and MLX's fused kernel
  // for few queries would first copy all keys and values, so there the plain form is always best.
  array attention(const array& queries, const array& keys_and_values, bool every_query) const {
    const AttentionForm form = every_query ? options_.form : AttentionForm::kPlain;
    const array q = widen_queries(form, queries, a_.heads);
    const array kv = widen_keys(form, keys_and_values, 2 * a_.heads);
    std::vector<array> contexts;
    for (size_t i = 0; i < plan_.buckets.size(); i++) {
      const LengthBucket& b = plan_.buckets[i];
      const array own = every_query ? block(q, b.first_token, b.count, b.length) : block(q, b.first_sequence, b.count, 1);
      const auto parts = mx::split(block(kv, b.first_token, b.count, b.length), 2, /*axis=*/2);
      contexts.push_back(attend(form, own, parts[0], parts[1], a_.heads, a_.head_size, masks_[i]));
    }
    if (every_query && plan_.tail > 0) contexts.push_back(mx::zeros({plan_.tail, q.shape(1)}, q.dtype()));
    return narrow(form, mx::concatenate(contexts, 0), a_.heads, a_.head_size);
  }

  array feed_forward(const MlxLayer& w, const array& context, const array& residual) const {
    const array x = apply(w.attention_norm, apply(w.attention_output, context) + residual, a_.norm_epsilon);
    const array inner = activate(a_.activation, apply(w.up, x), options_.compile);
    return apply(w.output_norm, apply(w.down, inner) + x, a_.norm_epsilon);
  }

  // True where a key is a real token: [count, 1, 1, length], broadcast over heads and queries.
  array key_mask(const LengthBucket& b) const {
    const auto begin = plan_.lengths.begin() + b.first_sequence;
    const array lengths = mx::reshape(to_indices({begin, begin + b.count}), {b.count, 1, 1, 1});
    return mx::less(mx::reshape(mx::arange(b.length, mx::int32), {1, 1, 1, b.length}), lengths);
  }

  static array columns(const array& x, int begin, int end) { return mx::slice(x, {0, begin}, {x.shape(0), end}); }

  // Rows [first, first + count * length) of x as [count, length, width].
  static array block(const array& x, int first, int count, int length) {
    return mx::reshape(mx::slice(x, {first, 0}, {first + count * length, x.shape(1)}), {count, length, x.shape(1)});
  }

  const Architecture& a_;
  const MlxWeights& w_;
  GraphOptions options_;
  const BucketPlan& plan_;
  array first_tokens_;
  std::vector<std::optional<array>> masks_;
};

}  // namespace

array logits_graph(const Architecture& architecture, const MlxWeights& weights, const GraphOptions& options,
                   const BucketPlan& plan) {
  return GraphBuilder(architecture, weights, options, plan).build();
}

}  // namespace rerank
