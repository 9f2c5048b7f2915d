#pragma once
#include <memory>
#include <string>

#include "engine/encoder.h"
#include "model/transformer.h"

namespace rerank {

struct CpuOptions {
  std::string dtype = "float32";  // or "bfloat16", "int8"
  int threads = 0;                // 0: the cores this process may use
  std::string instruction_set;    // "": the best there is; else scalar, avx2, avx512 or neon
  std::string why_cpu;            // one sentence; the choice of instruction set is added to it
};

// The encoder for processors. Takes the model apart: the memory of each weight is freed once it is packed.
// Throws kInvalidArgument for a dtype or an instruction set this machine cannot do.
std::unique_ptr<Encoder> make_cpu_encoder(Transformer model, const CpuOptions& options);

// The same with kernels chosen by the caller (tests run some that no machine chooses).
struct KernelChoice;
std::unique_ptr<Encoder> make_cpu_encoder(Transformer model, const CpuOptions& options, const KernelChoice& choice);

}  // namespace rerank
