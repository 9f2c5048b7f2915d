#include "mlx/runtime.h"

#include <cstdlib>

#include "engine/engine.h"
#include "mlx/mlx_encoder.h"

namespace rerank {
namespace {

namespace mx = mlx::core;

// Freed buffers MLX keeps for the next batch. By itself it would keep up to the memory of the machine; this is a few batches
// of 8192 tokens of MiniLM in float16.
constexpr size_t kCacheBytes = size_t(512) << 20;

// False after parking has cleared this thread's streams: new ones are made before the next use.
thread_local bool streams_ready = true;

void release_streams() {
  if (mlx_gpu_available()) mx::synchronize(mx::default_stream(mx::Device::gpu));
  mx::synchronize(mx::default_stream(mx::Device::cpu));
  mx::clear_streams();
  mx::clear_cache();
  streams_ready = false;
}

void prepare_process() {
  // On M5 GPUs MLX multiplies float32 in TF32 unless told otherwise, which is a thousand times less exact.
  ::setenv("MLX_ENABLE_TF32", "0", /*overwrite=*/0);
  // On a CPU, mx::compile starts g++ and loads what it finds in the temporary directory.
  if (!mlx_gpu_available()) mx::disable_compile();
  mx::set_cache_limit(kCacheBytes);
  Engine::instance().on_park(release_streams);
  // After MLX has made its allocator, so before that goes: exit handlers run last in, first out.
  std::atexit([] { Engine::instance().end(); });
}

}  // namespace

bool mlx_gpu_available() {
  static const bool available = mx::is_available(mx::Device(mx::Device::gpu));
  return available;
}

std::string mlx_version() { return mx::version(); }

void prepare_mlx() {
  static const bool once = (prepare_process(), true);
  (void)once;
  if (streams_ready) return;
  mx::set_default_stream(mx::new_stream(mx::Device::cpu));
  if (mlx_gpu_available()) mx::set_default_stream(mx::new_stream(mx::Device::gpu));
  streams_ready = true;
}

void use_device(bool gpu) { mx::set_default_device(gpu ? mx::Device::gpu : mx::Device::cpu); }

}  // namespace rerank
