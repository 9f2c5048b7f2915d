// Compiled with the bfloat16 and the 8-bit dot product: every processor that has the first has the second.
#include "cpu/kernels/simd_neon.h"
// The kernels above vectors.
#include "cpu/kernels/kernel_table.h"
// These use the ones above.
#include "cpu/kernels/bfloat16.h"
#include "cpu/kernels/tables.h"

namespace rerank {

const KernelTable kNeonBf16BFloat16 = bfloat16_table("neon+bf16");
const KernelTable kNeonBf16Int8 = with_bfloat16_attention(int8_table<Int8Product>("neon+dot+bf16"));

}  // namespace rerank
