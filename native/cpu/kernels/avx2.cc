#include "cpu/kernels/simd_avx2.h"

#include "cpu/kernels/tables.h"
//
#include "cpu/kernels/elementary.h"
#include "cpu/kernels/tile.h"
//
#include "cpu/kernels/attention.h"
#include "cpu/kernels/float_linear.h"
#include "cpu/kernels/rows.h"

namespace rerank {

const KernelTable kAvx2Float32 = {
    "avx2",    WeightLayout::kFloat32,       kLanes, kTileRows,        kTileColumns, sizeof(float),
    embed,     normalize,                    nullptr, float_linear<Float32Weights>, attend, attention_scratch,
};

const KernelTable kAvx2BFloat16 = {
    "avx2",    WeightLayout::kBFloat16,      kLanes, kTileRows,        kTileColumns, sizeof(float),
    embed,     normalize,                    nullptr, float_linear<BFloat16Weights>, attend, attention_scratch,
};

}  // namespace rerank
