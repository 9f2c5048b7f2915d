#pragma once
#include <mlx/mlx.h>

#include "mlx/bucket_plan.h"
#include "mlx/weights.h"
#include "model/transformer.h"

namespace rerank {

// Builds the (lazy) graph of one batch in stock MLX ops: linear layers over all tokens at once, attention per length
// bucket. Gives float32 logits [sequences, labels] in input order.
mlx::core::array logits_graph(const Architecture& architecture, const MlxWeights& weights, const BucketPlan& plan);

}  // namespace rerank
