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
  const float* scales;  // int8: [outputs], what one step of a weight is worth
  // Inputs to the left operand of kInt8Quads are stored with 128 added; [chunk][outputs] holds -128 times the sum
  // of the weights of each chunk of `chunk_inputs` inputs.
  const int32_t* corrections;
  int chunk_inputs;
};

// Rows on the left of a linear layer: float32, or what `prepare` made of them.
struct Operand {
  const void* data;
  ptrdiff_t stride;     // elements from one row to the next
  const float* scales;  // int8: [rows], what one step is worth
};

// out = finish(residual + bias + operand x weights[first_input .. first_input + inputs)) for some panels.
struct LinearCall {
  const PackedLinear* layer;
  Operand operand;  // its column 0 meets `first_input`
  int rows;
  int first_input, inputs;
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
  float* scales;         // int8: [rows]
};

struct KernelTable {
  const char* instruction_set;
  WeightLayout layout;
  int lanes;
  int tile_rows;
  int tile_columns;
  int operand_size;  // bytes of an operand's element
  void (*embed)(const EmbeddingCall&);
  void (*normalize)(const NormCall&);
  void (*prepare)(const PrepareCall&);  // null: float rows are operands as they are
  void (*linear)(const LinearCall&);
  void (*attend)(const AttentionCall&);
  size_t (*attention_scratch)(int keys, int head_size);  // bytes
};

}  // namespace rerank
