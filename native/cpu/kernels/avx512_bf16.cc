// Compiled with BF16 and VNNI: every processor that has the first has the second.
#include "cpu/kernels/simd_avx512.h"
// The kernels above vectors.
#include "cpu/kernels/kernel_table.h"
// These use the ones above.
#include "cpu/kernels/bfloat16.h"
#include "cpu/kernels/tables.h"

namespace rerank {

const KernelTable kAvx512Bf16BFloat16 = bfloat16_table("avx512+bf16");
const KernelTable kAvx512Bf16Int8 = with_bfloat16_attention(int8_table<Int8Product>("avx512+vnni+bf16"));

}  // namespace rerank
