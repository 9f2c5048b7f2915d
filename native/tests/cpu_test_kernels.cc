#include "tests/cpu_test_kernels.h"

#include <cctype>

namespace rerank {

std::vector<TestKernels> runnable_kernels() {
  std::vector<TestKernels> found;
  // Lane by lane is slow, and slower still under another emulator or a sanitizer.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  found = {
      {"float32", {&kEmulatedFloat32, &kEmulatedFloat32, "emulated_avx512", "A test."}},
      {"bfloat16", {&kEmulatedWidenedBFloat16, &kEmulatedFloat32, "emulated_avx512", "A test."}},
      {"bfloat16", {&kEmulatedBFloat16, &kEmulatedFloat32, "emulated_avx512_bf16", "A test."}},
      {"int8", {&kEmulatedInt8, &kEmulatedFloat32, "emulated_avx512_vnni", "A test."}},
  };
#endif
  // What each CPU of a family would choose: the features of this one, fewer and fewer of them.
  const CpuFeatures all = detect_cpu_features();
  std::vector<CpuFeatures> sets = {all, all, all};
  sets[1].avx512_bf16 = sets[1].neon_bf16 = false;
  sets[2].avx512_bf16 = sets[2].avx512_vnni = sets[2].neon_bf16 = sets[2].neon_dot = false;
  for (const CpuFeatures& features : sets) {
    for (const char* instruction_set : {"avx2", "avx512", "neon"}) {
      const bool usable = instruction_set == std::string("avx2")     ? features.avx2
                          : instruction_set == std::string("avx512") ? features.avx512
                                                                     : features.neon;
      if (!usable) continue;
      for (const char* dtype : {"float32", "bfloat16", "int8"}) {
        const KernelChoice choice = choose_kernels(dtype, instruction_set, features);
        bool known = false;
        for (const TestKernels& k : found) known |= k.choice.layers == choice.layers;
        if (!known) found.push_back({dtype, choice});
      }
    }
  }
  return found;
}

std::string name_of(const TestKernels& kernels) {
  std::string name = kernels.choice.instruction_set + "_" + kernels.dtype;
  if (kernels.choice.layers == &kEmulatedBFloat16) name += "_dot";
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

}  // namespace rerank
