#include "mlx/bucket_plan.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace rerank {
namespace {

// Attention of one sequence of length L costs about this many tokens of linear work per L^2: 9.2 kFLOP against
// 21.3 MFLOP for the 6-layer MiniLM, times 3 because small products run far from a GPU's peak.
constexpr double kAttentionCost = 3 * 9.2e3 / 21.3e6;

// Lengths at which buckets end, ascending: the cheapest cut of the sorted, rounded lengths into buckets, each run at
// the length of its longest member. Dynamic programming over distinct lengths.
std::vector<int> bucket_lengths(const std::vector<int>& sorted_lengths, double bucket_cost) {
  std::vector<int> lengths, counts;
  for (const int length : sorted_lengths) {
    if (lengths.empty() || lengths.back() != length) {
      lengths.push_back(length);
      counts.push_back(0);
    }
    counts.back()++;
  }
  const size_t n = lengths.size();
  std::vector<double> best(n + 1, std::numeric_limits<double>::infinity());
  std::vector<size_t> start_of(n + 1);
  best[0] = 0;
  for (size_t end = 1; end <= n; end++) {
    const double length = lengths[end - 1];
    int members = 0;
    for (size_t start = end; start-- > 0;) {
      members += counts[start];
      const double cost = best[start] + bucket_cost + members * (length + kAttentionCost * length * length);
      if (cost < best[end]) {
        best[end] = cost;
        start_of[end] = start;
      }
    }
  }
  std::vector<int> ends;
  for (size_t end = n; end > 0; end = start_of[end]) ends.push_back(lengths[end - 1]);
  std::reverse(ends.begin(), ends.end());
  return ends;
}

}  // namespace

int ladder_tokens(int tokens) {
  const int step = std::max(32, static_cast<int>(std::bit_floor(static_cast<unsigned>(tokens))) / 16);
  return (tokens + step - 1) / step * step;
}

BucketPlan plan_buckets(const PackedBatch& batch, const BucketOptions& options) {
  const int sequences = batch.sequences();
  std::vector<int> order(sequences);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return batch.length(a) < batch.length(b); });

  const int multiple = options.length_multiple;
  std::vector<int> rounded;
  for (const int sequence : order) rounded.push_back((batch.length(sequence) + multiple - 1) / multiple * multiple);
  const std::vector<int> widths = bucket_lengths(rounded, options.bucket_cost);

  BucketPlan plan;
  plan.rank_of_input.resize(sequences);
  const auto add_token = [&](int32_t id, int32_t type, int position) {
    plan.input_ids.push_back(id);
    plan.token_type_ids.push_back(type);
    plan.positions.push_back(std::min(position, options.max_positions - 1));
  };
  size_t bucket = 0;
  for (int rank = 0; rank < sequences; rank++) {
    while (widths[bucket] < rounded[rank]) bucket++;
    const int sequence = order[rank];
    const int length = batch.length(sequence);
    const int width = widths[bucket];
    const int first_token = static_cast<int>(plan.input_ids.size());
    if (bucket == plan.buckets.size()) plan.buckets.push_back({first_token, rank, 0, width, false});
    plan.buckets[bucket].count++;
    plan.buckets[bucket].mixed |= length != width;
    plan.first_tokens.push_back(first_token);
    plan.lengths.push_back(length);
    plan.rank_of_input[sequence] = rank;
    const int offset = batch.offsets[sequence];
    for (int t = 0; t < length; t++) add_token(batch.input_ids[offset + t], batch.token_type_ids[offset + t], t);
    for (int t = length; t < width; t++) add_token(0, 0, t);
  }
  if (options.token_ladder) {
    const int tokens = static_cast<int>(plan.input_ids.size());
    plan.tail = ladder_tokens(tokens) - tokens;
    for (int t = 0; t < plan.tail; t++) add_token(0, 0, 0);
  }
  return plan;
}

}  // namespace rerank
