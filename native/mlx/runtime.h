#pragma once
#include <mlx/mlx.h>

namespace rerank {

// Prepares MLX for this process and this thread; cheap when already done. Engine thread only.
void prepare_mlx();

// Routes the ops that follow on this thread to one device.
void use_device(bool gpu);

}  // namespace rerank
