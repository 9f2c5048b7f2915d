#pragma once
#include "cpu/kernels.h"

// What each file of this folder defines, for the machines it can be compiled for.
namespace rerank {

extern const KernelTable kAvx2Float32;
extern const KernelTable kAvx2BFloat16;

}  // namespace rerank
