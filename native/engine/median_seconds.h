#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace rerank {

// Median seconds of each of `candidates` ways to do one thing. Rounds are interleaved, so that a machine that warms
// up or slows down treats all alike; the first round is not counted.
inline std::vector<double> median_seconds(size_t candidates, int rounds, const std::function<double(size_t)>& run) {
  std::vector<std::vector<double>> times(candidates);
  for (int round = 0; round <= rounds; round++) {
    for (size_t i = 0; i < candidates; i++) {
      const double seconds = run(i);
      if (round > 0) times[i].push_back(seconds);
    }
  }
  std::vector<double> medians;
  for (auto& each : times) {
    std::nth_element(each.begin(), each.begin() + each.size() / 2, each.end());
    medians.push_back(each[each.size() / 2]);
  }
  return medians;
}

}  // namespace rerank
