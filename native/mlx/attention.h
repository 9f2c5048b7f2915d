#pragma once
#include <mlx/mlx.h>

#include <optional>
#include <string>
#include <vector>

namespace rerank {

// Three exact ways to one result. MLX's fused GPU kernels know head sizes 64, 72, 80, 96 and 128, not the 32 of
// MiniLM; a head of 32 reaches them with zeros beside it, and zeros change neither a dot product nor a sum.
enum class AttentionForm {
  kPlain,   // MLX's own choice; for heads of 32 a chain of unfused ops that writes the score matrix
  kPadded,  // each head filled up with zeros to the next size that has a kernel
  kPaired,  // two neighbouring heads share one key and value of twice the size; queries carry zeros in the other half
};

const char* name_of(AttentionForm form);

// The forms that head size and number of heads allow; kPlain is always among them.
std::vector<AttentionForm> attention_forms(int heads, int head_size);

// What one more length bucket costs a GPU in this form, in tokens of work; see BucketOptions.
double bucket_cost(AttentionForm form);

// Attention goes in four steps, so that what a form adds is done once for all tokens and not for each length bucket:
// queries and keys, [rows, heads * head_size], are brought to the width of the form,
mlx::core::array widen_queries(AttentionForm form, const mlx::core::array& x, int heads);
mlx::core::array widen_keys(AttentionForm form, const mlx::core::array& x, int heads);
// softmax(q k^T / sqrt(head_size)) v runs for each bucket, with q [count, queries, columns], k and v [count, keys,
// columns], and a mask that is true where a key counts, [count, 1, 1, keys], and gives [count * queries, columns],
mlx::core::array attend(AttentionForm form, const mlx::core::array& q, const mlx::core::array& k,
                        const mlx::core::array& v, int heads, int head_size,
                        const std::optional<mlx::core::array>& mask);
// and what the form added is taken away: [rows, heads * head_size] again.
mlx::core::array narrow(AttentionForm form, const mlx::core::array& x, int heads, int head_size);

}  // namespace rerank
