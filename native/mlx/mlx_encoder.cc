#include "mlx/mlx_encoder.h"

#include "mlx/bucket_plan.h"
#include "mlx/runtime.h"
#include "mlx/transformer_graph.h"
#include "mlx/weights.h"
#include "model/error.h"

namespace rerank {
namespace {

namespace mx = mlx::core;

mx::Dtype dtype_of(const std::string& name) {
  if (name == "float16") return mx::float16;
  if (name == "bfloat16") return mx::bfloat16;
  return mx::float32;
}

std::string device_name(bool gpu) {
  if (!gpu) return "MLX CPU";
  const auto& info = mx::device_info(mx::Device::gpu);
  const auto name = info.find("device_name");
  return name != info.end() && std::holds_alternative<std::string>(name->second)
             ? std::get<std::string>(name->second)
             : "GPU";
}

// MLX reports what goes wrong as plain exceptions; callers get one of our codes.
template <class Work>
auto with_mlx_errors(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    const std::string what = e.what();
    const bool memory = what.find("alloc") != std::string::npos || what.find("memory") != std::string::npos;
    throw Error(memory ? ErrorCode::kOutOfMemory : ErrorCode::kDevice, "MLX failed: " + what);
  }
}

class MlxEncoder final : public Encoder {
 public:
  MlxEncoder(const Transformer& model, const MlxOptions& options)
      : architecture_(model.architecture), gpu_(options.gpu), weights_(model, dtype_of(options.dtype)) {
    const Architecture& a = architecture_;
    info_.path = "mlx";
    info_.reason = options.reason;
    info_.device = gpu_ ? "gpu" : "cpu";
    info_.device_name = device_name(gpu_);
    info_.dtype = options.dtype;
    info_.instruction_set = "none";
    info_.length_multiple = options.length_multiple;
    info_.layers = a.layers;
    info_.hidden_size = a.hidden_size;
    info_.parameter_bytes = weights_.bytes();
    info_.limits = {a.vocab_size, a.type_vocab_size, a.max_positions, a.labels};
  }

  const EncoderInfo& info() const override { return info_; }

  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    return with_mlx_errors([&]() -> std::unique_ptr<Pending> {
      prepare_mlx();
      use_device(gpu_);
      const BucketPlan plan = plan_buckets(batch, info_.length_multiple, architecture_.max_positions);
      return std::make_unique<Run>(gpu_, logits_graph(architecture_, weights_, plan));
    });
  }

  MemoryReport memory() const override {
    return {mx::get_active_memory(), mx::get_cache_memory(), mx::get_peak_memory()};
  }

 private:
  class Run final : public Pending {
   public:
    Run(bool gpu, mx::array logits) : gpu_(gpu), logits_(std::move(logits)) {}

    std::vector<float> wait() override {
      return with_mlx_errors([&] {
        logits_.eval();
        // A failed command buffer may be reported one call late; an empty one behind it makes it surface here.
        mx::synchronize(mx::default_stream(gpu_ ? mx::Device::gpu : mx::Device::cpu));
        return std::vector<float>(logits_.data<float>(), logits_.data<float>() + logits_.size());
      });
    }

   private:
    bool gpu_;
    mx::array logits_;
  };

  Architecture architecture_;
  bool gpu_;
  MlxWeights weights_;
  EncoderInfo info_;
};

}  // namespace

std::unique_ptr<Encoder> make_mlx_encoder(const Transformer& model, const MlxOptions& options) {
  return with_mlx_errors([&]() -> std::unique_ptr<Encoder> {
    prepare_mlx();
    use_device(options.gpu);
    return std::make_unique<MlxEncoder>(model, options);
  });
}

}  // namespace rerank
