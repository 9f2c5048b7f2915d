#include "cpu/kernels/simd_neon.h"
// The kernels above vectors.
#include "cpu/kernels/kernel_table.h"
#include "cpu/kernels/tables.h"

namespace rerank {

const KernelTable kNeonFloat32 = float_table<Float32Product>("neon", WeightLayout::kFloat32);
const KernelTable kNeonBFloat16 = float_table<BFloat16WeightProduct>("neon", WeightLayout::kBFloat16);
const KernelTable kNeonInt8 = int8_table<Int8Product>("neon");

}  // namespace rerank
