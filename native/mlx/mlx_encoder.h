#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/encoder.h"
#include "model/transformer.h"

namespace rerank {

struct MlxOptions {
  bool gpu = false;
  std::string dtype = "float32";  // float32, float16 or bfloat16
  int length_multiple = 1;
  std::string attention = "plain";  // one of mlx_attention_forms()
  bool merge_buckets = false;       // what a GPU gets anyway
  bool token_ladder = false;        // likewise
  bool asynchronous = false;        // likewise: a batch runs while the next one is prepared
  std::string reason;
};

struct MlxGpu {
  std::string name;
  std::string architecture;
  size_t memory_bytes = 0;
  std::chrono::milliseconds patience{0};  // of its encoders, and of what makes them
};

// What touches MLX, and so only on the engine thread. No MLX type appears here: nothing outside native/mlx includes its
// headers.
bool mlx_gpu_available();
std::optional<MlxGpu> mlx_gpu();
std::unique_ptr<Encoder> make_mlx_encoder(const Transformer& model, const MlxOptions& options);

// Names of the forms of attention that a model of this shape can take, MLX's own choice first.
std::vector<std::string> mlx_attention_forms(const Architecture& architecture);

// The version of the libmlx that is loaded, such as "0.32.4".
std::string mlx_version();

}  // namespace rerank
