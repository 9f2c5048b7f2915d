#include "cpu/block_plan.h"

#include <algorithm>
#include <numeric>
#include <queue>

namespace rerank {

std::vector<Block> plan_blocks(std::span<const int32_t> offsets, int threads, int block_tokens) {
  const int sequences = static_cast<int>(offsets.size()) - 1;
  const auto length = [&](int s) { return offsets[s + 1] - offsets[s]; };
  std::vector<int> longest_first(sequences);
  std::iota(longest_first.begin(), longest_first.end(), 0);
  std::stable_sort(longest_first.begin(), longest_first.end(), [&](int a, int b) { return length(a) > length(b); });

  int count = (offsets.back() + block_tokens - 1) / block_tokens;
  count = std::min((count + threads - 1) / threads * threads, sequences);

  struct Open {
    int tokens;
    int index;
    bool operator>(const Open& other) const { return tokens > other.tokens; }
  };
  std::priority_queue<Open, std::vector<Open>, std::greater<>> smallest;
  for (int i = 0; i < count; i++) smallest.push({0, i});
  std::vector<Block> blocks(count);
  std::vector<int> tokens(count);
  for (int s : longest_first) {
    Open block = smallest.top();
    smallest.pop();
    blocks[block.index].push_back(s);
    tokens[block.index] = block.tokens += length(s);
    smallest.push(block);
  }

  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return tokens[a] > tokens[b]; });
  std::vector<Block> sorted;
  for (int i : order) sorted.push_back(std::move(blocks[i]));
  return sorted;
}

}  // namespace rerank
