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

// softmax(q k^T / sqrt(head_size)) v. q is [count, queries, heads * head_size], k and v [count, keys, ...]; the mask
// is true where a key counts, [count, 1, 1, keys]. Gives [count * queries, heads * head_size].
mlx::core::array attend(AttentionForm form, const mlx::core::array& q, const mlx::core::array& k,
                        const mlx::core::array& v, int heads, const std::optional<mlx::core::array>& mask);

}  // namespace rerank
