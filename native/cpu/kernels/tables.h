#pragma once
#include "cpu/kernels.h"

// What the files of this folder define. On a machine they are not compiled for, nothing refers to them.
namespace rerank {

extern const KernelTable kAvx2Float32, kAvx2BFloat16, kAvx2Int8;

extern const KernelTable kAvx512Float32, kAvx512BFloat16, kAvx512Int8;
extern const KernelTable kAvx512VnniInt8;                       // 8-bit dot product
extern const KernelTable kAvx512Bf16BFloat16, kAvx512Bf16Int8;  // bfloat16 dot product; the 8-bit one as well

extern const KernelTable kNeonFloat32, kNeonBFloat16, kNeonInt8;
extern const KernelTable kNeonDotInt8;
extern const KernelTable kNeonBf16BFloat16, kNeonBf16Int8;

}  // namespace rerank
