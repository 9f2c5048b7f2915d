#include "cpu/kernels/simd_avx512.h"
// The kernels above vectors.
#include "cpu/kernels/kernel_table.h"
#include "cpu/kernels/tables.h"

namespace rerank {

const KernelTable kAvx512Float32 = float_table<Float32Product>("avx512", WeightLayout::kFloat32);
const KernelTable kAvx512BFloat16 = float_table<BFloat16WeightProduct>("avx512", WeightLayout::kBFloat16);
const KernelTable kAvx512Int8 = int8_table<Int8Product>("avx512");

}  // namespace rerank
