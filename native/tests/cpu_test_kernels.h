#pragma once
#include <ostream>
#include <string>
#include <vector>

#include "cpu/kernel_choice.h"

namespace rerank {

extern const KernelTable kEmulatedFloat32, kEmulatedWidenedBFloat16, kEmulatedBFloat16, kEmulatedInt8;

struct TestKernels {
  std::string dtype;
  KernelChoice choice;

  const KernelTable& layers() const { return *choice.layers; }
};

// Every kernel table this machine can run, and the emulated ones.
std::vector<TestKernels> runnable_kernels();

// For INSTANTIATE_TEST_SUITE_P: "avx2_int8".
std::string name_of(const TestKernels& kernels);
inline void PrintTo(const TestKernels& kernels, std::ostream* out) { *out << name_of(kernels); }

}  // namespace rerank
