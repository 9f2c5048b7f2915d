#include "engine/backend.h"

#include <cstdlib>

#include "cpu/cpu_encoder.h"
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

std::shared_ptr<Encoder> make_cpu(Transformer model, const LoadOptions& options, const std::string& why_cpu) {
  CpuOptions cpu;
  cpu.dtype = options.dtype == "auto" ? "float32" : options.dtype;
  cpu.threads = options.threads;
  if (cpu.dtype == "float16") invalid_dtype(cpu.dtype, "cpu", "float32, bfloat16 or int8");
  if (const char* forced = std::getenv("MLX_RERANK_CPU")) cpu.instruction_set = forced;
  cpu.why_cpu = why_cpu;
  return Engine::instance().adopt(make_cpu_encoder(std::move(model), cpu));
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
  if (options.path == "cpu") return make_cpu(std::move(model), options, "Path \"cpu\" was asked for.");
  const bool gpu = options.device != "cpu" && Engine::instance().run(mlx_gpu_available);
  if (options.device == "gpu" && !gpu) {
    throw Error(ErrorCode::kDevice, "device \"gpu\" was asked for, but MLX finds no GPU. Use device \"auto\" or \"cpu\".");
  }
  if (gpu) return make_mlx(model, options, true, "MLX found a GPU.");
  if (options.path == "mlx") return make_mlx(model, options, false, "Path \"mlx\" was asked for, and MLX has no GPU to use.");
  return make_cpu(std::move(model), options,
                  options.device == "cpu" ? "Device \"cpu\" was asked for." : "MLX finds no GPU on this machine.");
}

#else

std::shared_ptr<Encoder> make_encoder(Transformer model, const LoadOptions& options) {
  if (options.path == "mlx" || options.device == "gpu") {
    throw Error(ErrorCode::kDevice, "this build has no MLX, so it runs on the CPU only. Use device \"cpu\".");
  }
  return make_cpu(std::move(model), options,
                  options.device == "cpu" || options.path == "cpu" ? "The CPU was asked for."
                                                                   : "This build knows no GPU.");
}

#endif

}  // namespace rerank
