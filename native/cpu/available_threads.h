#pragma once
#include <string>

namespace rerank {

// Cores this process may use: its affinity, cut by the CPU quota of its control groups (v1 and v2), rounded up.
int available_threads();

// The quota alone, in cores; 0 when there is none. `root` stands in for "/" in tests.
double control_group_quota(const std::string& root = "");

}  // namespace rerank
