#include "cpu/kernels/simd_avx2.h"
// The kernels above vectors.
#include "cpu/kernels/kernel_table.h"
#include "cpu/kernels/tables.h"

namespace rerank {

const KernelTable kAvx2Float32 = float_table<Float32Product>("avx2", WeightLayout::kFloat32);
const KernelTable kAvx2BFloat16 = float_table<BFloat16WeightProduct>("avx2", WeightLayout::kBFloat16);
const KernelTable kAvx2Int8 = int8_table<Int8Product>("avx2");

}  // namespace rerank
