#pragma once
#include <string>

#include "cpu/cpu_features.h"
#include "cpu/kernels.h"

namespace rerank {

struct KernelChoice {
  const KernelTable* layers = nullptr;  // null: no kernels for this machine, use the scalar encoder
  const KernelTable* head = nullptr;    // float32, same panels
  std::string instruction_set;
  std::string reason;
};

// `instruction_set` "" takes the best one; a name takes that one or throws kInvalidArgument, as an unknown dtype does.
KernelChoice choose_kernels(const std::string& dtype, const std::string& instruction_set, const CpuFeatures& features);

}  // namespace rerank
