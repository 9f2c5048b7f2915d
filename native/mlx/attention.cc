#include "mlx/attention.h"

#include <cmath>

namespace rerank {
namespace {

namespace mx = mlx::core;
using mx::array;

// Head sizes of MLX's fused full-attention kernels (0.32): steel_attention, as listed in its metallib.
constexpr int kFusedHeadSizes[] = {64, 72, 80, 96, 128};

// 30 microseconds of launches with fused attention, 120 with unfused ops, against 5.5 microseconds for a token.
// Modelled for an M-series GPU, not measured on one.
constexpr double kFusedBucketCost = 6;
constexpr double kUnfusedBucketCost = 22;

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

// Per head, zeros up to the size of a fused kernel. [rows, heads * size] -> [rows, heads * width].
array pad_heads(const array& x, int heads) {
  const int rows = x.shape(0), size = x.shape(1) / heads, width = next_fused_size(size);
  const array wide = mx::pad(mx::reshape(x, {rows, heads, size}), std::vector<int>{2}, {0}, {width - size});
  return mx::reshape(wide, {rows, heads * width});
}

// True in the left half of a pair of heads, and then, if `both`, in the right half. From the host: no launches.
array own_half(int size, bool both) {
  std::vector<uint8_t> own;
  for (const int left : {1, 0, 0, 1}) own.insert(own.end(), size, static_cast<uint8_t>(left));
  return both ? array(own.data(), {1, 1, 2, 2 * size}, mx::bool_) : array(own.data(), {2 * size}, mx::bool_);
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

double bucket_cost(AttentionForm form) {
  return form == AttentionForm::kPlain ? kUnfusedBucketCost : kFusedBucketCost;
}

array widen_queries(AttentionForm form, const array& x, int heads) {
  const int rows = x.shape(0), size = x.shape(1) / heads;
  switch (form) {
    case AttentionForm::kPlain: break;
    case AttentionForm::kPadded: return pad_heads(x, heads);
    case AttentionForm::kPaired: {
      // The even head of a pair keeps the left half and gets zeros in the right one, the odd head the other way round.
      const array pairs = mx::reshape(x, {rows, heads / 2, 1, 2 * size});
      const array wide = mx::where(own_half(size, /*both=*/true), pairs, array(0, x.dtype()));
      return mx::reshape(wide, {rows, heads * 2 * size});
    }
  }
  return x;
}

array widen_keys(AttentionForm form, const array& x, int heads) {
  return form == AttentionForm::kPadded ? pad_heads(x, heads) : x;
}

array attend(AttentionForm form, const array& q, const array& k, const array& v, int heads, int head_size,
             const std::optional<array>& mask) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_size));
  const int key_heads = form == AttentionForm::kPaired ? heads / 2 : heads;
  return merge_heads(fused(split_heads(q, heads), split_heads(k, key_heads), split_heads(v, key_heads), scale, mask));
}

array narrow(AttentionForm form, const array& x, int heads, int head_size) {
  const int rows = x.shape(0), width = x.shape(1) / heads;
  switch (form) {
    case AttentionForm::kPlain: break;
    case AttentionForm::kPadded: {
      const array own = mx::slice(mx::reshape(x, {rows, heads, width}), {0, 0, 0}, {rows, heads, head_size});
      return mx::reshape(own, {rows, heads * head_size});
    }
    case AttentionForm::kPaired: {
      // Each head attended to both values of its pair; its own are in its own half.
      const array parts = mx::reshape(x, {rows, heads / 2, 2, width});
      const auto part = [&](int which) {
        return mx::reshape(mx::slice(parts, {0, 0, which, 0}, {rows, heads / 2, which + 1, width}), {rows, heads / 2, width});
      };
      return mx::reshape(mx::where(own_half(head_size, /*both=*/false), part(0), part(1)), {rows, heads * head_size});
    }
  }
  return x;
}

}  // namespace rerank
