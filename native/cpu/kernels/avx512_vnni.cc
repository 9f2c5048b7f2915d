// Compiled with VNNI, which turns Int8Product into the 8-bit dot product.
#include "cpu/kernels/simd_avx512.h"
// The kernels above vectors.
#include "cpu/kernels/kernel_table.h"
#include "cpu/kernels/tables.h"

namespace rerank {

const KernelTable kAvx512VnniInt8 = int8_table<Int8Product>("avx512+vnni");

}  // namespace rerank
