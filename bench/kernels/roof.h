#pragma once
#include <string>
#include <vector>

#include "cpu/cpu_features.h"

namespace rerank::bench {

// Arithmetic that never leaves the registers: the most this machine can do. Written in assembly, so that no
// compiler's spills lower it, in several builds that differ in independent chains: the best one is the roof.
struct RoofLoop {
  std::string arithmetic;  // "float32", "bfloat16" or "int8"
  std::string name;
  double operations_per_round;  // multiplications and additions counted apart
  void (*run)(long rounds);
};

// Those of the widest vectors of `instruction_set`.
std::vector<RoofLoop> roof_loops(const std::string& instruction_set, const CpuFeatures& features);

}  // namespace rerank::bench
