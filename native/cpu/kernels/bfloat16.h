// Operands and attention for the CPU's own bfloat16 dot product.
#pragma once

namespace rerank {
namespace {

void to_bfloat16(const PrepareCall& call) {
  for (int r = 0; r < call.rows; r++) {
    const float* in = call.in + r * call.in_stride;
    uint16_t* out = (uint16_t*)call.out + r * call.out_stride;
    for (int k = 0; k < call.width; k += kLanes) BFloat16Product::store_activations(out + k, load(in + k));
  }
}

// Scratch of one attention: queries, keys as rows and then as panels, values in pairs, scores and their exponentials.
struct BFloat16Scratch {
  int keys, head_size;

  RERANK_INLINE size_t rows() const { return (size_t)padded(keys) * head_size; }
  RERANK_INLINE size_t scores() const { return (size_t)kTileRows * scores_stride(keys); }
  RERANK_INLINE size_t bytes() const { return 4 * rows() * sizeof(uint16_t) + scores() * (sizeof(float) + sizeof(uint16_t)); }
};

size_t bfloat16_attention_scratch(int keys, int head_size) { return BFloat16Scratch{keys, head_size}.bytes(); }

void attend_bfloat16(const AttentionCall& call) {
  const int head = call.head_size, end = padded(call.keys);
  const BFloat16Scratch scratch{call.keys, head};
  uint16_t* queries = (uint16_t*)call.scratch;
  uint16_t* key_rows = queries + scratch.rows();
  uint16_t* key_panels = key_rows + scratch.rows();
  uint16_t* values = key_panels + scratch.rows();
  float* scores = (float*)(values + scratch.rows());
  uint16_t* weights = (uint16_t*)(scores + scratch.scores());

  to_bfloat16({call.q, call.q_stride, call.queries, head, queries, head, nullptr});
  to_bfloat16({call.k, call.k_stride, call.keys, head, key_rows, head, nullptr});
  for (ptrdiff_t i = (ptrdiff_t)call.keys * head; i < (ptrdiff_t)end * head; i++) key_rows[i] = 0;
  // A pair of dimensions moves as one 32-bit element.
  for (int first = 0; first < end; first += kLanes) {
    float* to = (float*)key_panels + (ptrdiff_t)(first / kTileColumns) * (head / 2) * kTileColumns + first % kTileColumns;
    for (int d = 0; d < head / 2; d += kLanes) {
      transpose((const float*)key_rows + (ptrdiff_t)first * (head / 2) + d, head / 2, to + (ptrdiff_t)d * kTileColumns,
                kTileColumns);
    }
  }
  const ptrdiff_t value_panel = (ptrdiff_t)end * kTileColumns;
  for (int d = 0; d < head; d += kTileColumns) {
    const float* v = call.v + d / kTileColumns * call.v_panel_stride;
    uint16_t* to = values + d / kTileColumns * value_panel;
    for (int t = 0; t < call.keys; t += 2) {
      for (int j = 0; j < kTileColumns; j += kLanes) {
        const float* even = v + (ptrdiff_t)t * kTileColumns + j;
        const Float odd = t + 1 < call.keys ? load(even + kTileColumns) : splat(0.0f);
        BFloat16Product::store_pairs(to + (ptrdiff_t)t * kTileColumns + 2 * j, load(even), odd);
      }
    }
  }
  const AttentionTile<BFloat16Product> tile{call,        queries, head,    key_panels,
                                            values,      value_panel, scores, weights,
                                            scores_stride(call.keys)};
  for_each_tile(call.queries, tile);
}

constexpr KernelTable with_bfloat16_attention(KernelTable table) {
  table.attend = attend_bfloat16;
  table.attention_scratch = bfloat16_attention_scratch;
  return table;
}

constexpr KernelTable bfloat16_table(const char* instruction_set) {
  return with_bfloat16_attention(kernel_table(instruction_set, WeightLayout::kBFloat16Pairs, sizeof(uint16_t), 0,
                                              to_bfloat16, float_linear<BFloat16Product>));
}

}  // namespace
}  // namespace rerank
