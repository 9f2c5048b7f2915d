#pragma once
#include <mlx/mlx.h>

#include "mlx/attention.h"
#include "mlx/bucket_plan.h"
#include "mlx/weights.h"
#include "model/transformer.h"

namespace rerank {

struct GraphOptions {
  AttentionForm form = AttentionForm::kPlain;
  bool compile = false;  // fuse elementwise chains; never on a CPU, where MLX would start a compiler for it
};

// Builds the (lazy) graph of one batch in stock MLX ops: linear layers over all tokens at once, attention per length
// bucket. Gives float32 logits [sequences, labels] in input order.
mlx::core::array logits_graph(const Architecture& architecture, const MlxWeights& weights, const GraphOptions& options,
                              const BucketPlan& plan);

}  // namespace rerank
