#include "engine/backend.h"

#include <cstdlib>

#include "cpu/reference_encoder.h"
#include "engine/engine.h"
#include "model/error.h"
#ifdef MLX_RERANK_WITH_MLX
#include "mlx/mlx_encoder.h"
#endif

namespace rerank {
namespace {

[[noreturn]] void invalid_dtype(const std::string& dtype, const std::string& path, const std::string& choices) {
  throw Error(ErrorCode::kInvalidArgument,
              "dtype \"" + dtype + "\" is not available on path \"" + path + "\"; expected auto, " + choices);
}

std::shared_ptr<Encoder> make_cpu(Transformer model, const LoadOptions& options, const std::string& reason) {
  if (options.dtype != "auto" && options.dtype != "float32") invalid_dtype(options.dtype, "cpu", "float32");
  return Engine::instance().adopt(make_reference_encoder(std::move(model), reason));
}

#ifdef MLX_RERANK_WITH_MLX
std::shared_ptr<Encoder> make_mlx(const Transformer& model, const LoadOptions& options, bool gpu,
                                  const std::string& reason) {
  MlxOptions mlx;
  mlx.gpu = gpu;
  mlx.reason = reason;
  mlx.dtype = options.dtype != "auto" ? options.dtype : gpu ? "float16" : "float32";
  if (mlx.dtype != "float32" && mlx.dtype != "float16" && mlx.dtype != "bfloat16") {
    invalid_dtype(options.dtype, "mlx", "float32, float16 or bfloat16");
  }
  mlx.length_multiple = options.length_multiple > 0 ? options.length_multiple : gpu ? 8 : 1;
  Engine& engine = Engine::instance();
  return engine.run([&] { return engine.adopt(make_mlx_encoder(model, mlx)); });
}
#endif

}  // namespace

#ifdef MLX_RERANK_WITH_MLX

std::shared_ptr<Encoder> make_encoder(Transformer model, const LoadOptions& options) {
  if (options.path == "cpu") return make_cpu(std::move(model), options, "path \"cpu\" was asked for");
  const bool gpu = options.device != "cpu" && Engine::instance().run(mlx_gpu_available);
  if (options.device == "gpu" && !gpu) {
    throw Error(ErrorCode::kDevice, "device \"gpu\" was asked for, but MLX finds no GPU. Use device \"auto\" or \"cpu\".");
  }
  if (gpu) return make_mlx(model, options, true, "MLX found a GPU");
  if (options.path == "mlx") return make_mlx(model, options, false, "path \"mlx\" was asked for without a GPU");
  return make_cpu(std::move(model), options,
                  options.device == "cpu" ? "device \"cpu\" was asked for" : "MLX finds no GPU on this machine");
}

#else

std::shared_ptr<Encoder> make_encoder(Transformer model, const LoadOptions& options) {
  if (options.path == "mlx" || options.device == "gpu") {
    throw Error(ErrorCode::kDevice, "this build has no MLX, so it runs on the CPU only. Use device \"cpu\".");
  }
  return make_cpu(std::move(model), options,
                  options.device == "cpu" || options.path == "cpu" ? "the CPU was asked for"
                                                                   : "no GPU is supported on this platform");
}

#endif

}  // namespace rerank
