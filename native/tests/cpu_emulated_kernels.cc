#include "tests/cpu_simd_emulated.h"
// The kernels above vectors.
#include "cpu/kernels/kernel_table.h"
// These use the ones above.
#include "cpu/kernels/bfloat16.h"
#include "tests/cpu_test_kernels.h"

namespace rerank {

const KernelTable kEmulatedFloat32 = float_table<Float32Product>("emulated avx512", WeightLayout::kFloat32);
const KernelTable kEmulatedWidenedBFloat16 =
    float_table<BFloat16WeightProduct>("emulated avx512", WeightLayout::kBFloat16);
const KernelTable kEmulatedBFloat16 = bfloat16_table("emulated avx512+bf16");
const KernelTable kEmulatedInt8 = with_bfloat16_attention(int8_table<Int8Product>("emulated avx512+vnni+bf16"));

}  // namespace rerank
