// Compiled with the 8-bit dot product, which Int8Product then uses.
#include "cpu/kernels/simd_neon.h"
// The kernels above vectors.
#include "cpu/kernels/kernel_table.h"
#include "cpu/kernels/tables.h"

namespace rerank {

const KernelTable kNeonDotInt8 = int8_table<Int8Product>("neon+dot");

}  // namespace rerank
