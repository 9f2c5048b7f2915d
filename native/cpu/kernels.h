#pragma once
#include <stddef.h>
#include <stdint.h>

// What the encoder asks of one instruction set. This header and everything under kernels/ is compiled once per
// instruction set, so it holds no function a linker could share between them.
namespace rerank {

// Weights lie in panels of `tile_columns` outputs, one panel after the other. Within a panel, all columns of the
// first input (or group of inputs) come first.
enum class WeightLayout {
  kFloat32,        // [input][column]
  kBFloat16,       // [input][column j beside column j + lanes], widened to float32 by the kernel
  kBFloat16Pairs,  // [input / 2][column][2], for the CPU's own bfloat16 dot product
  kInt8Pairs,      // [input / 2][column][2], widened to 16 bits by the kernel
  kInt8Quads,      // [input / 4][column][4], for the CPU's own 8-bit dot product
};

enum class StoredFloat { kFloat32, kFloat16, kBFloat16 };

enum class Finish { kNone, kGelu, kGeluTanh, kRelu };

// A packed linear layer. Both extents are multiples of tile_columns, filled up with zeros.
struct PackedLinear {
  int inputs;
  int outputs;
  const void* weights;
  const float* bias;    // [outputs]
  const float* scales;  // int8: [groups of inputs][outputs], what one step of a weight is worth
  const float* sums;    // int8: [groups of inputs][outputs], of the weights in steps
};

// In 8 bits, the weights of an output and the activations of a row share a scale within a group of this many inputs.
// Smaller groups rank better and cost more; kernels rely on whole tiles of it.
constexpr int kInt8Group = 192;

static constexpr int int8_groups(int columns) { return (columns + kInt8Group - 1) / kInt8Group; }

struct Int8Range {
  float lowest, step;
};

// Rows on the left of a linear layer: float32, or what `prepare` made of them.
struct Operand {
  const void* data;
  ptrdiff_t stride;         // elements from one row to the next
  const Int8Range* ranges;  // int8: [rows][groups]
};

// out = finish(residual + bias + operand x weights[first_input .. first_input + inputs)) for some panels.
struct LinearCall {
  const PackedLinear* layer;
  Operand operand;  // its column 0 meets `first_input`
  int rows;
  int first_input, inputs;  // int8: multiples of kInt8Group, or up to the last input
  int first_panel, panels;
  bool add_bias;
  const float* residual;  // null: none; may be `out` itself
  ptrdiff_t residual_stride;
  Finish finish;
  float* out;  // panel p, row r, column c: out[p * panel_stride + r * row_stride + c]
  ptrdiff_t row_stride, panel_stride;
};

// softmax(q k^T * scale) v of one sequence and head.
struct AttentionCall {
  int queries, keys;
  int head_size;  // padded
  const float* q;
  ptrdiff_t q_stride;
  const float* k;  // row-major
  ptrdiff_t k_stride;
  const float* v;  // panels of [key][tile_columns]
  ptrdiff_t v_panel_stride;
  float scale;
  float* out;
  ptrdiff_t out_stride;
  void* scratch;  // attention_scratch bytes, 64-byte aligned
};

// x = LayerNorm(x) over the first `width` of `padded_width` columns; the others become zero.
struct NormCall {
  const float* in;
  ptrdiff_t in_stride;
  int rows, width, padded_width;
  const float* weight;  // [padded_width]
  const float* bias;    // [padded_width]
  float epsilon;
  float* out;  // may be `in`
  ptrdiff_t out_stride;
};

// out[r] = words[ids[r]] + types[type_ids[r]] + positions[r].
struct EmbeddingCall {
  int rows, width;
  const int32_t* ids;
  const uint8_t* type_ids;
  const void *words, *types, *positions;  // [entries][width]
  StoredFloat word_type, type_type, position_type;
  float* out;
  ptrdiff_t out_stride;
};

// Turns float rows into the operand of the next linear layer.
struct PrepareCall {
  const float* in;
  ptrdiff_t in_stride;
  int rows, width;  // width is a multiple of tile_columns
  void* out;
  ptrdiff_t out_stride;  // elements
  Int8Range* ranges;     // int8: [rows][groups]
};

struct KernelTable {
  const char* instruction_set;
  WeightLayout layout;
  int lanes;
  int tile_rows;
  int tile_columns;
  int operand_size;   // bytes of an operand's element
  int operand_steps;  // int8: steps from the lowest to the highest activation of a group
  // For packing weights: `count` stored values as floats, and rows[tile_columns][inputs] to panel[inputs][tile_columns].
  void (*widen)(StoredFloat, const void* in, int count, float* out);
  void (*transpose_panel)(const float* rows, int inputs, float* panel);
  void (*embed)(const EmbeddingCall&);
  void (*normalize)(const NormCall&);
  void (*prepare)(const PrepareCall&);  // null: float rows are operands as they are
  void (*linear)(const LinearCall&);
  void (*attend)(const AttentionCall&);
  size_t (*attention_scratch)(int keys, int head_size);  // bytes
};

}  // namespace rerank
