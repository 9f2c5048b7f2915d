#pragma once
#include <memory>
#include <string>

#include "engine/encoder.h"
#include "model/transformer.h"

namespace rerank {

struct MlxOptions {
  bool gpu = false;
  std::string dtype = "float32";  // float32, float16 or bfloat16
  int length_multiple = 1;
  std::string attention = "auto";  // plain, padded or paired; auto: timed at load on a GPU, plain on a CPU
  bool merge_buckets = false;      // what a GPU gets anyway
  bool token_ladder = false;       // likewise
  std::string reason;
};

// Both only on the engine thread. No MLX type appears here, so nothing outside native/mlx includes its headers.
bool mlx_gpu_available();
std::unique_ptr<Encoder> make_mlx_encoder(const Transformer& model, const MlxOptions& options);

// The version of the libmlx that is loaded, such as "0.32.4".
std::string mlx_version();

}  // namespace rerank
