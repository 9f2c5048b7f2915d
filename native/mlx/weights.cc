#include "mlx/weights.h"

namespace rerank {
namespace {

namespace mx = mlx::core;

mx::Dtype dtype_of(FloatType type) {
  switch (type) {
    case FloatType::kFloat16: return mx::float16;
    case FloatType::kBFloat16: return mx::bfloat16;
    case FloatType::kFloat32: break;
  }
  return mx::float32;
}

// The array keeps the tensor's bytes alive where MLX can use them in place.
mx::array to_array(const Tensor& tensor, mx::Dtype dtype) {
  mx::Shape shape;
  for (int64_t extent : tensor.shape) shape.push_back(static_cast<int>(extent));
  auto keep = tensor.data;
  const mx::array stored(const_cast<std::byte*>(tensor.data.get()), shape, dtype_of(tensor.type), [keep](void*) {});
  return mx::astype(stored, dtype);
}

mx::array bias_of(const Linear& linear, mx::Dtype dtype) {
  if (linear.bias) return to_array(*linear.bias, dtype);
  return mx::zeros({static_cast<int>(linear.weight.shape[0])}, dtype);
}

MlxLinear to_linear(const Linear& linear, mx::Dtype dtype) {
  return {mx::contiguous(mx::transpose(to_array(linear.weight, dtype))), bias_of(linear, dtype)};
}

MlxLinear to_packed(const Linear& a, const Linear& b, const Linear& c, mx::Dtype dtype) {
  const auto weight = mx::concatenate(
      {to_array(a.weight, dtype), to_array(b.weight, dtype), to_array(c.weight, dtype)}, /*axis=*/0);
  return {mx::contiguous(mx::transpose(weight)),
          mx::concatenate({bias_of(a, dtype), bias_of(b, dtype), bias_of(c, dtype)}, /*axis=*/0)};
}

MlxNorm to_norm(const LayerNorm& norm, mx::Dtype dtype) {
  return {to_array(norm.weight, dtype), to_array(norm.bias, dtype)};
}

}  // namespace

MlxWeights::MlxWeights(const Transformer& model, mx::Dtype dtype)
    : word_embeddings(to_array(model.word_embeddings, dtype)),
      position_embeddings(to_array(model.position_embeddings, dtype)),
      type_embeddings(to_array(model.type_embeddings, dtype)),
      embedding_norm(to_norm(model.embedding_norm, dtype)),
      pooler(to_linear(model.pooler, mx::float32)),
      classifier(to_linear(model.classifier, mx::float32)) {
  for (const Layer& layer : model.layers) {
    layers.push_back({
        .query_key_value = to_packed(layer.query, layer.key, layer.value, dtype),
        .attention_output = to_linear(layer.attention_output, dtype),
        .attention_norm = to_norm(layer.attention_norm, dtype),
        .up = to_linear(layer.up, dtype),
        .down = to_linear(layer.down, dtype),
        .output_norm = to_norm(layer.output_norm, dtype),
    });
  }
  mx::eval(all());
}

std::vector<mx::array> MlxWeights::all() const {
  std::vector<mx::array> arrays{word_embeddings, position_embeddings, type_embeddings};
  const auto add_norm = [&](const MlxNorm& n) { arrays.insert(arrays.end(), {n.weight, n.bias}); };
  const auto add_linear = [&](const MlxLinear& l) { arrays.insert(arrays.end(), {l.weight, l.bias}); };
  add_norm(embedding_norm);
  for (const MlxLayer& layer : layers) {
    for (const auto* l : {&layer.query_key_value, &layer.attention_output, &layer.up, &layer.down}) add_linear(*l);
    for (const auto* n : {&layer.attention_norm, &layer.output_norm}) add_norm(*n);
  }
  add_linear(pooler);
  add_linear(classifier);
  return arrays;
}

size_t MlxWeights::bytes() const {
  size_t total = 0;
  for (const auto& array : all()) total += array.nbytes();
  return total;
}

}  // namespace rerank
