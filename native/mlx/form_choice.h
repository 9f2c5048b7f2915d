#pragma once
#include <cstddef>
#include <functional>
#include <vector>

namespace rerank {

// Median seconds of each of `candidates` ways to do one thing. Rounds are interleaved, so that a machine that warms
// up or slows down treats all alike; the first round is not counted.
std::vector<double> median_seconds(size_t candidates, int rounds, const std::function<double(size_t)>& run);

}  // namespace rerank
