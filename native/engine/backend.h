#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/device_gate.h"
#include "engine/encoder.h"
#include "engine/model_store.h"
#include "model/transformer.h"

namespace rerank {

// Picks the execution path for these options on this machine and builds the encoder. Runs on a loader thread; what
// touches MLX is handed to the engine thread. Throws Error when the combination cannot be had.
std::shared_ptr<Encoder> make_encoder(Transformer model, const LoadOptions& options);

// The version of MLX, or nothing in a build without it.
std::optional<std::string> built_with_mlx();

struct GpuInfo {
  std::string name;
  std::string architecture;
  size_t memory_bytes = 0;
};

// The GPU that MLX sees, if any. Blocks until the engine is free.
std::optional<GpuInfo> find_gpu();

// What running one model on the GPU was found to be like.
struct GpuReport {
  std::string dtype;
  float tolerance = 0;
  std::vector<Trial> trials;  // of each form of attention
  double cpu_seconds = 0;     // of the CPU encoder, for the batch that the forms are timed with
};

// Tries every form of attention and lets none in. Throws kDevice when there is no GPU, or when it does not come back.
GpuReport try_gpu(const Transformer& model, const LoadOptions& options);

}  // namespace rerank
