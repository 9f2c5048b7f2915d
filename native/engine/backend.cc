#include "engine/backend.h"

#include <cstdlib>

#include "cpu/cpu_encoder.h"
#include "engine/device_gate.h"
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
MlxOptions mlx_options(const LoadOptions& options, bool gpu, const std::string& reason) {
  MlxOptions mlx;
  mlx.gpu = gpu;
  mlx.reason = reason;
  mlx.dtype = options.dtype != "auto" ? options.dtype : gpu ? "float16" : "float32";
  if (mlx.dtype != "float32" && mlx.dtype != "float16" && mlx.dtype != "bfloat16") {
    invalid_dtype(options.dtype, "mlx", "float32, float16 or bfloat16");
  }
  mlx.length_multiple = options.length_multiple > 0 ? options.length_multiple : gpu ? 8 : 1;
  return mlx;
}

std::shared_ptr<Encoder> make_mlx_on_cpu(const Transformer& model, const LoadOptions& options) {
  const MlxOptions mlx = mlx_options(options, false, "Path \"mlx\" was asked for, and MLX has no GPU to use.");
  Engine& engine = Engine::instance();
  return engine.run([&] { return engine.adopt(make_mlx_encoder(model, mlx)); });
}

// On a GPU nothing is taken on trust: the CPU encoder says first what the scores are.
std::shared_ptr<Encoder> make_mlx_on_gpu(const Transformer& model, const LoadOptions& options) {
  const MlxOptions mlx = mlx_options(options, true, "MLX found a GPU, and it gives the scores of the CPU encoder.");
  const Golden golden = make_golden(*make_cpu_encoder(model, {.dtype = "float32", .threads = options.threads}));
  Engine& engine = Engine::instance();
  return engine.run([&] { return engine.adopt(admit(make_mlx_encoder(model, mlx), golden)); });
}
#endif

}  // namespace

#ifdef MLX_RERANK_WITH_MLX

std::shared_ptr<Encoder> make_encoder(Transformer model, const LoadOptions& options) {
  if (options.path == "cpu") return make_cpu(std::move(model), options, "Path \"cpu\" was asked for.");
  if (options.device == "cpu") {
    if (options.path == "mlx") return make_mlx_on_cpu(model, options);
    return make_cpu(std::move(model), options, "Device \"cpu\" was asked for.");
  }
  if (Engine::instance().run(mlx_gpu_available)) {
    try {
      return make_mlx_on_gpu(model, options);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kDevice) throw;
      const std::string refusal = std::string("the GPU did not pass its check at load: ") + e.what() + ".";
      if (options.device == "gpu" || options.path == "mlx") {
        throw Error(ErrorCode::kDevice, refusal + " Use device \"cpu\".");
      }
      return make_cpu(std::move(model), options, "On the CPU because " + refusal);
    }
  }
  if (options.device == "gpu") {
    throw Error(ErrorCode::kDevice, "device \"gpu\" was asked for, but MLX finds no GPU. Use device \"auto\" or \"cpu\".");
  }
  if (options.path == "mlx") return make_mlx_on_cpu(model, options);
  return make_cpu(std::move(model), options, "MLX finds no GPU on this machine.");
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
