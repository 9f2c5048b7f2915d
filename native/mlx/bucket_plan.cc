#include "mlx/bucket_plan.h"

#include <algorithm>
#include <numeric>

namespace rerank {

BucketPlan plan_buckets(const PackedBatch& batch, int length_multiple, int max_positions) {
  const int sequences = batch.sequences();
  const auto rounded = [&](int length) { return (length + length_multiple - 1) / length_multiple * length_multiple; };
  std::vector<int> order(sequences);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return batch.length(a) < batch.length(b); });

  BucketPlan plan;
  plan.rank_of_input.resize(sequences);
  for (int rank = 0; rank < sequences; rank++) {
    const int sequence = order[rank];
    const int length = batch.length(sequence);
    const int width = rounded(length);
    const int first_token = static_cast<int>(plan.input_ids.size());
    if (plan.buckets.empty() || plan.buckets.back().length != width) {
      plan.buckets.push_back({first_token, rank, 0, width, false});
    }
    plan.buckets.back().count++;
    plan.buckets.back().mixed |= length != width;
    plan.first_tokens.push_back(first_token);
    plan.lengths.push_back(length);
    plan.rank_of_input[sequence] = rank;
    for (int t = 0; t < width; t++) {
      const bool real = t < length;
      plan.input_ids.push_back(real ? batch.input_ids[batch.offsets[sequence] + t] : 0);
      plan.token_type_ids.push_back(real ? batch.token_type_ids[batch.offsets[sequence] + t] : 0);
      plan.positions.push_back(std::min(t, max_positions - 1));
    }
  }
  return plan;
}

}  // namespace rerank
