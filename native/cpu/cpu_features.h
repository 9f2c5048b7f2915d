#pragma once
#include <string>

namespace rerank {

// What the processor offers and the operating system lets us use.
struct CpuFeatures {
  bool avx2 = false;  // with FMA and F16C
  bool avx512 = false;  // F, BW, DQ and VL
  bool avx512_bf16 = false;
  bool avx512_vnni = false;
  bool neon = false;
  bool neon_dot = false;
  bool neon_bf16 = false;
};

CpuFeatures detect_cpu_features();
std::string cpu_name();

}  // namespace rerank
