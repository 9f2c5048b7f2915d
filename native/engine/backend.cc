#include "engine/backend.h"

#include <cstdlib>
#include <optional>

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

std::vector<Candidate> make_candidates(const Transformer& model, MlxOptions mlx, const std::vector<std::string>& forms) {
  std::vector<Candidate> candidates;
  for (const std::string& form : forms) {
    mlx.attention = form;
    candidates.push_back({form, make_mlx_encoder(model, mlx)});
  }
  return candidates;
}

std::unique_ptr<Encoder> make_trusted(const Transformer& model, const LoadOptions& options) {
  return make_cpu_encoder(model, {.dtype = "float32", .threads = options.threads});
}

// On a GPU nothing is taken on trust: the CPU encoder says first what the scores are.
std::shared_ptr<Encoder> make_mlx_on_gpu(const Transformer& model, const LoadOptions& options, const MlxGpu& gpu) {
  const MlxOptions mlx = mlx_options(options, true, "MLX found a GPU, and it gives the scores of the CPU encoder.");
  const auto forms = options.attention == "auto" ? mlx_attention_forms(model.architecture)
                                                 : std::vector<std::string>{options.attention};
  const Golden golden = make_golden(*make_trusted(model, options));
  Engine& engine = Engine::instance();
  const auto on_closed = [&engine] { engine.report_device_fault("the GPU failed three times in a row"); };
  return engine.run(
      [&engine, model, mlx, forms, golden, on_closed] {
        return engine.adopt(admit_fastest(make_candidates(model, mlx, forms), golden, {.on_closed = on_closed}));
      },
      gpu.patience);
}

// What there is to say about the GPU, or nothing; it may hang even here.
std::optional<MlxGpu> find_mlx_gpu() { return Engine::instance().run(mlx_gpu, std::chrono::seconds(60)); }

[[noreturn]] void refuse_gpu(const std::string& refusal) {
  throw Error(ErrorCode::kDevice, refusal + ". Use device \"cpu\".");
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
  const bool wants_gpu = options.device == "gpu" || options.path == "mlx";
  std::string refusal;
  if (const auto fault = Engine::instance().device_fault()) {
    refusal = *fault + ", and this process does not use it again";
  } else {
    try {
      if (const auto gpu = find_mlx_gpu()) return make_mlx_on_gpu(model, options, *gpu);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kDevice) throw;
      refusal = std::string("the GPU did not pass its check at load: ") + e.what();
    }
  }
  if (!refusal.empty()) {
    if (wants_gpu) refuse_gpu(refusal);
    return make_cpu(std::move(model), options, "On the CPU because " + refusal + ".");
  }
  if (options.device == "gpu") {
    throw Error(ErrorCode::kDevice, "device \"gpu\" was asked for, but MLX finds no GPU. Use device \"auto\" or \"cpu\".");
  }
  if (options.path == "mlx") return make_mlx_on_cpu(model, options);
  return make_cpu(std::move(model), options, "MLX finds no GPU on this machine.");
}

std::optional<std::string> built_with_mlx() { return mlx_version(); }

std::optional<GpuInfo> find_gpu() {
  const auto gpu = find_mlx_gpu();
  if (!gpu) return std::nullopt;
  return GpuInfo{gpu->name, gpu->architecture, gpu->memory_bytes};
}

GpuReport try_gpu(const Transformer& model, const LoadOptions& options) {
  const auto gpu = find_mlx_gpu();
  if (!gpu) throw Error(ErrorCode::kDevice, "MLX finds no GPU");
  const MlxOptions mlx = mlx_options(options, true, "");
  const auto trusted = make_trusted(model, options);
  const Golden golden = make_golden(*trusted);
  GpuReport report{.dtype = mlx.dtype, .tolerance = golden_tolerance(mlx.dtype)};
  report.trials = Engine::instance().run(
      [model, mlx, golden] {
        auto candidates = make_candidates(model, mlx, mlx_attention_forms(model.architecture));
        return try_candidates(candidates, golden);
      },
      gpu->patience);
  report.cpu_seconds = seconds_of(*trusted);
  return report;
}

#else

std::optional<std::string> built_with_mlx() { return std::nullopt; }

std::optional<GpuInfo> find_gpu() { return std::nullopt; }

GpuReport try_gpu(const Transformer&, const LoadOptions&) {
  throw Error(ErrorCode::kDevice, "this build has no MLX, so it knows no GPU");
}

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
