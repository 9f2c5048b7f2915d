#include "roof.h"

namespace rerank::bench {
namespace {

#if defined(__x86_64__)

// Register 15 holds zeros (no subnormals, no overflow), 0 to 13 accumulate.
#define CLEAR(r) "vpxor %%xmm" #r ", %%xmm" #r ", %%xmm" #r "\n\t"
#define CLEAR_ALL                                                                                                  \
  CLEAR(0) CLEAR(1) CLEAR(2) CLEAR(3) CLEAR(4) CLEAR(5) CLEAR(6) CLEAR(7) CLEAR(8) CLEAR(9) CLEAR(10) CLEAR(11)   \
      CLEAR(12) CLEAR(13) CLEAR(14) CLEAR(15)
#define LOOP(body)                                                                                            \
  asm volatile(CLEAR_ALL ".p2align 6\n1:\n\t" body "dec %0\n\tjnz 1b\n\tvzeroupper"                           \
               : "+r"(rounds)                                                                                 \
               :                                                                                              \
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",     \
                 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc")
#define TIMES8(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define TIMES10(op) TIMES8(op) op(8) op(9)
#define TIMES12(op) TIMES10(op) op(10) op(11)
#define TIMES14(op) TIMES12(op) op(12) op(13)

#define FMA256(r) "vfmadd231ps %%ymm15, %%ymm15, %%ymm" #r "\n\t"
#define FMA512(r) "vfmadd231ps %%zmm15, %%zmm15, %%zmm" #r "\n\t"
#define BF16(r) "vdpbf16ps %%zmm15, %%zmm15, %%zmm" #r "\n\t"
#define VNNI(r) "vpdpbusd %%zmm15, %%zmm15, %%zmm" #r "\n\t"
#define WIDENED(r) "vpmaddwd %%ymm15, %%ymm15, %%ymm14\n\tvpaddd %%ymm14, %%ymm" #r ", %%ymm" #r "\n\t"

#define DEFINE(name, op, n) \
  void name##_##n(long rounds) { LOOP(TIMES##n(op)); }
DEFINE(fma256, FMA256, 8)
DEFINE(fma256, FMA256, 10)
DEFINE(fma256, FMA256, 12)
DEFINE(fma256, FMA256, 14)
DEFINE(fma512, FMA512, 8)
DEFINE(fma512, FMA512, 10)
DEFINE(fma512, FMA512, 12)
DEFINE(fma512, FMA512, 14)
DEFINE(bf16, BF16, 8)
DEFINE(bf16, BF16, 12)
DEFINE(bf16, BF16, 14)
DEFINE(vnni, VNNI, 8)
DEFINE(vnni, VNNI, 12)
DEFINE(vnni, VNNI, 14)
DEFINE(widened, WIDENED, 8)
DEFINE(widened, WIDENED, 12)

#elif defined(__aarch64__)

#define FMLA(r) "fmla v" #r ".4s, v30.4s, v31.4s\n\t"
#define TIMES8(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define TIMES16(op) TIMES8(op) op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23)
#define LOOP(body)                                                                                                 \
  asm volatile("movi v30.4s, #0\n\tmovi v31.4s, #0\n1:\n\t" body "subs %0, %0, #1\n\tb.ne 1b"                      \
               : "+r"(rounds)                                                                                      \
               :                                                                                                   \
               : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22", \
                 "v23", "v30", "v31", "cc")
void fmla_8(long rounds) { LOOP(TIMES8(FMLA)); }
void fmla_16(long rounds) { LOOP(TIMES16(FMLA)); }

#endif

}  // namespace

std::vector<RoofLoop> roof_loops([[maybe_unused]] const std::string& instruction_set,
                                 [[maybe_unused]] const CpuFeatures& features) {
  std::vector<RoofLoop> loops;
#if defined(__x86_64__)
  if (instruction_set.starts_with("avx512")) {
    loops = {{"float32", "8 chains of 512 bits", 8 * 32, fma512_8},    {"float32", "10 chains of 512 bits", 10 * 32, fma512_10},
             {"float32", "12 chains of 512 bits", 12 * 32, fma512_12}, {"float32", "14 chains of 512 bits", 14 * 32, fma512_14}};
    if (features.avx512_bf16) {
      loops.insert(loops.end(), {{"bfloat16", "8 chains of vdpbf16ps", 8 * 64, bf16_8},
                                 {"bfloat16", "12 chains of vdpbf16ps", 12 * 64, bf16_12},
                                 {"bfloat16", "14 chains of vdpbf16ps", 14 * 64, bf16_14}});
    }
    if (features.avx512_vnni) {
      loops.insert(loops.end(), {{"int8", "8 chains of vpdpbusd", 8 * 128, vnni_8},
                                 {"int8", "12 chains of vpdpbusd", 12 * 128, vnni_12},
                                 {"int8", "14 chains of vpdpbusd", 14 * 128, vnni_14}});
    }
  }
  // An AVX-512 machine may do as much in 256 bits.
  loops.insert(loops.end(), {{"float32", "8 chains of 256 bits", 8 * 16, fma256_8},
                             {"float32", "10 chains of 256 bits", 10 * 16, fma256_10},
                             {"float32", "12 chains of 256 bits", 12 * 16, fma256_12},
                             {"float32", "14 chains of 256 bits", 14 * 16, fma256_14},
                             {"int8", "8 chains of vpmaddwd and vpaddd", 8 * 32, widened_8},
                             {"int8", "12 chains of vpmaddwd and vpaddd", 12 * 32, widened_12}});
#elif defined(__aarch64__)
  loops = {{"float32", "8 chains of 128 bits", 8 * 8, fmla_8}, {"float32", "16 chains of 128 bits", 16 * 8, fmla_16}};
#endif
  return loops;
}

}  // namespace rerank::bench
