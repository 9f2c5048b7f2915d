#include "mlx/attention.h"

#include <cmath>

namespace rerank {
namespace {

namespace mx = mlx::core;
using mx::array;

// Head sizes of MLX's fused full-attention kernels (0.32): steel_attention, as listed in its metallib.
constexpr int kFusedHeadSizes[] = {64, 72, 80, 96, 128};

int next_fused_size(int head_size) {
  for (const int size : kFusedHeadSizes) {
    if (size >= head_size) return size;
  }
  return 0;
}

bool is_fused_size(int head_size) { return next_fused_size(head_size) == head_size; }

// [count, length, heads * size] -> [count, heads, length, size]; a view.
array split_heads(const array& x, int heads) {
  const int size = x.shape(2) / heads;
  return mx::transpose(mx::reshape(x, {x.shape(0), x.shape(1), heads, size}), {0, 2, 1, 3});
}

// [count, heads, length, size] -> [count * length, heads * size].
array merge_heads(const array& x) {
  return mx::reshape(mx::transpose(x, {0, 2, 1, 3}), {x.shape(0) * x.shape(2), x.shape(1) * x.shape(3)});
}

array fused(const array& q, const array& k, const array& v, float scale, const std::optional<array>& mask) {
  return mx::fast::scaled_dot_product_attention(q, k, v, scale, mask ? "array" : "", mask);
}

array padded(const array& q, const array& k, const array& v, int heads, float scale, const std::optional<array>& mask) {
  const array heads_of_q = split_heads(q, heads);
  const int size = heads_of_q.shape(3);
  const auto widen = [&](const array& x) {
    return mx::pad(x, std::vector<int>{3}, {0}, {next_fused_size(size) - size});
  };
  const array out = fused(widen(heads_of_q), widen(split_heads(k, heads)), widen(split_heads(v, heads)), scale, mask);
  return merge_heads(mx::slice(out, {0, 0, 0, 0}, {out.shape(0), heads, out.shape(2), size}));
}

array paired(const array& q, const array& k, const array& v, int heads, float scale, const std::optional<array>& mask) {
  const int count = q.shape(0), queries = q.shape(1), size = q.shape(2) / heads, pairs = heads / 2;
  // Even heads live in the left half of their pair, odd heads in the right one.
  const array halves = mx::reshape(q, {count, queries, pairs, 2, size});
  const auto half = [&](int which) {
    const array one = mx::slice(halves, {0, 0, 0, which, 0}, {count, queries, pairs, which + 1, size});
    return mx::pad(one, std::vector<int>{4}, {which * size}, {(1 - which) * size});
  };
  const array wide = mx::reshape(mx::concatenate({half(0), half(1)}, 3), {count, queries, heads * 2 * size});
  const array out = fused(split_heads(wide, heads), split_heads(k, pairs), split_heads(v, pairs), scale, mask);
  // Each head attended to both values of its pair; its own are in its own half.
  const array parts = mx::reshape(out, {count, pairs, 2, queries, 2 * size});
  const auto own = [&](int which) {
    const int from = which * size;
    return mx::slice(parts, {0, 0, which, 0, from}, {count, pairs, which + 1, queries, from + size});
  };
  return merge_heads(mx::reshape(mx::concatenate({own(0), own(1)}, 2), {count, heads, queries, size}));
}

}  // namespace

const char* name_of(AttentionForm form) {
  switch (form) {
    case AttentionForm::kPlain: return "plain";
    case AttentionForm::kPadded: return "padded";
    case AttentionForm::kPaired: return "paired";
  }
  return "plain";
}

std::vector<AttentionForm> attention_forms(int heads, int head_size) {
  std::vector<AttentionForm> forms{AttentionForm::kPlain};
  if (is_fused_size(head_size)) return forms;
  if (next_fused_size(head_size) > 0) forms.push_back(AttentionForm::kPadded);
  if (heads % 2 == 0 && is_fused_size(2 * head_size)) forms.push_back(AttentionForm::kPaired);
  return forms;
}

array attend(AttentionForm form, const array& q, const array& k, const array& v, int heads,
             const std::optional<array>& mask) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(q.shape(2) / heads));
  switch (form) {
    case AttentionForm::kPadded: return padded(q, k, v, heads, scale, mask);
    case AttentionForm::kPaired: return paired(q, k, v, heads, scale, mask);
    case AttentionForm::kPlain: break;
  }
  return merge_heads(fused(split_heads(q, heads), split_heads(k, heads), split_heads(v, heads), scale, mask));
}

}  // namespace rerank
