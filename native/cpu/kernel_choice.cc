#include "cpu/kernel_choice.h"

#include <vector>

#include "cpu/kernels/tables.h"
#include "model/error.h"

namespace rerank {
namespace {

struct Candidate {
  const char* instruction_set;
  const char* needs;
  bool usable;
  const KernelTable *float32, *bfloat16, *int8;
};

// Best first.
std::vector<Candidate> candidates([[maybe_unused]] const CpuFeatures& f) {
#if defined(__x86_64__)
  const KernelTable* const int8 = f.avx512_bf16 && f.avx512_vnni ? &kAvx512Bf16Int8
                                  : f.avx512_vnni                ? &kAvx512VnniInt8
                                                                 : &kAvx512Int8;
  const KernelTable* const bfloat16 = f.avx512_bf16 && f.avx512_vnni ? &kAvx512Bf16BFloat16 : &kAvx512BFloat16;
  return {{"avx512", "AVX-512 F, BW, DQ and VL", f.avx512, &kAvx512Float32, bfloat16, int8},
          {"avx2", "AVX2, FMA and F16C", f.avx2, &kAvx2Float32, &kAvx2BFloat16, &kAvx2Int8}};
#elif defined(__aarch64__)
  const KernelTable* const int8 = f.neon_bf16 && f.neon_dot ? &kNeonBf16Int8 : f.neon_dot ? &kNeonDotInt8 : &kNeonInt8;
  const KernelTable* const bfloat16 = f.neon_bf16 && f.neon_dot ? &kNeonBf16BFloat16 : &kNeonBFloat16;
  return {{"neon", "Advanced SIMD", f.neon, &kNeonFloat32, bfloat16, int8}};
#else
  return {};
#endif
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

const KernelTable* table_for(const Candidate& c, const std::string& dtype) {
  if (dtype == "float32") return c.float32;
  return dtype == "bfloat16" ? c.bfloat16 : c.int8;
}

KernelChoice scalar(const std::string& dtype, const std::string& reason) {
  if (dtype != "float32") {
    throw Error(ErrorCode::kInvalidArgument, "dtype must be float32 here, received " + dtype + ": " + reason);
  }
  return {nullptr, nullptr, "scalar", reason};
}

}  // namespace

KernelChoice choose_kernels(const std::string& dtype, const std::string& instruction_set, const CpuFeatures& features) {
  if (dtype != "float32" && dtype != "bfloat16" && dtype != "int8") {
    throw Error(ErrorCode::kInvalidArgument,
                "dtype must be float32, bfloat16 or int8 on a CPU, received " + dtype + ".");
  }
  if (instruction_set == "scalar") return scalar(dtype, "MLX_RERANK_CPU asked for scalar.");
  std::vector<std::string> usable;
  for (const Candidate& c : candidates(features)) {
    if (!c.usable) continue;
    usable.push_back(c.instruction_set);
    if (!instruction_set.empty() && instruction_set != c.instruction_set) continue;
    return {table_for(c, dtype), c.float32, table_for(c, dtype)->instruction_set,
            instruction_set.empty() ? std::string("The best this CPU and operating system offer: ") + c.needs + "."
                                    : "MLX_RERANK_CPU asked for " + instruction_set + "."};
  }
  usable.push_back("scalar");
  if (!instruction_set.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "MLX_RERANK_CPU must be one of " + join(usable) +
                                                 " on this machine, received " + instruction_set + ".");
  }
  return scalar(dtype, "This CPU has none of the instruction sets we have kernels for.");
}

}  // namespace rerank
