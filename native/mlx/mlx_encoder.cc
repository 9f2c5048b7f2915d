#include "mlx/mlx_encoder.h"

#include <chrono>
#include <exception>

#include "mlx/runtime.h"
#include "mlx/transformer_graph.h"
#include "mlx/weights.h"
#include "model/error.h"

namespace rerank {
namespace {

namespace mx = mlx::core;

// A batch of 8,192 tokens is 5.6 TFLOP for the largest BERT, some five seconds on the smallest M1 at half of its peak;
// macOS itself ends work that holds the GPU for seconds. Ten times as much, for a GPU that others use as well.
constexpr auto kGpuPatience = std::chrono::seconds(60);

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
      : architecture_(model.architecture),
        gpu_(options.gpu),
        asynchronous_(options.gpu || options.asynchronous),
        weights_(model, dtype_of(options.dtype)),
        form_(form_named(options.attention, model.architecture)) {
    const Architecture& a = architecture_;
    buckets_.length_multiple = options.length_multiple;
    buckets_.token_ladder = gpu_ || options.token_ladder;
    buckets_.max_positions = a.max_positions;
    if (gpu_ || options.merge_buckets) buckets_.bucket_cost = bucket_cost(form_);
    info_.path = "mlx";
    info_.device = gpu_ ? "gpu" : "cpu";
    info_.device_name = device_name(gpu_);
    info_.dtype = options.dtype;
    info_.instruction_set = "none";
    info_.length_multiple = options.length_multiple;
    info_.layers = a.layers;
    info_.hidden_size = a.hidden_size;
    info_.parameter_bytes = weights_.bytes();
    info_.limits = {a.vocab_size, a.type_vocab_size, a.max_positions, a.labels};
    info_.reason = options.reason;
    if (gpu_) info_.patience = kGpuPatience;
  }

  const EncoderInfo& info() const override { return info_; }
  int max_in_flight() const override { return asynchronous_ ? 2 : 1; }

  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    return with_mlx_errors([&]() -> std::unique_ptr<Pending> {
      prepare_mlx();
      use_device(gpu_);
      mx::array logits = logits_graph(architecture_, weights_, {form_, /*compile=*/gpu_}, plan_buckets(batch, buckets_));
      if (asynchronous_) mx::async_eval(logits);
      return std::make_unique<Run>(std::move(logits));
    });
  }

  // A failed command buffer may be reported one call late; waiting for the stream makes it surface here.
  void check() override { with_mlx_errors([&] { mx::synchronize(stream()); }); }

  void recover() override {
    try {
      mx::synchronize(stream());
    } catch (const std::exception&) {
      // The error that brought us here, or one behind it: it is taken off the stream now.
    }
    mx::clear_cache();
  }

  MemoryReport memory() const override {
    return {mx::get_active_memory(), mx::get_cache_memory(), mx::get_peak_memory()};
  }

 private:
  class Run final : public Pending {
   public:
    explicit Run(mx::array logits) : logits_(std::move(logits)) {}

    // MLX hands an error to whoever looks first, here or in wait().
    bool ready() noexcept override {
      try {
        return logits_.status() == mx::array::unscheduled || logits_.is_available();
      } catch (...) {
        error_ = std::current_exception();
        return true;
      }
    }

    std::vector<float> wait() override {
      return with_mlx_errors([&] {
        if (error_) std::rethrow_exception(error_);
        logits_.eval();
        return std::vector<float>(logits_.data<float>(), logits_.data<float>() + logits_.size());
      });
    }

   private:
    mx::array logits_;
    std::exception_ptr error_;
  };

  mx::Stream stream() const { return mx::default_stream(gpu_ ? mx::Device::gpu : mx::Device::cpu); }

  static AttentionForm form_named(const std::string& name, const Architecture& a) {
    for (const AttentionForm form : attention_forms(a.heads, a.head_size)) {
      if (name == name_of(form)) return form;
    }
    throw Error(ErrorCode::kInvalidArgument,
                "attention form \"" + name + "\" does not fit heads of " + std::to_string(a.head_size));
  }

  Architecture architecture_;
  bool gpu_;
  bool asynchronous_;
  MlxWeights weights_;
  AttentionForm form_;
  BucketOptions buckets_;
  EncoderInfo info_;
};

}  // namespace

std::optional<MlxGpu> mlx_gpu() {
  if (!mlx_gpu_available()) return std::nullopt;
  const auto& info = mx::device_info(mx::Device::gpu);
  const auto text = [&](const char* key) {
    const auto found = info.find(key);
    const auto* value = found == info.end() ? nullptr : std::get_if<std::string>(&found->second);
    return value ? *value : std::string();
  };
  const auto memory = info.find("memory_size");
  const auto* bytes = memory == info.end() ? nullptr : std::get_if<size_t>(&memory->second);
  return MlxGpu{device_name(true), text("architecture"), bytes ? *bytes : 0, kGpuPatience};
}

std::vector<std::string> mlx_attention_forms(const Architecture& architecture) {
  std::vector<std::string> names;
  for (const AttentionForm form : attention_forms(architecture.heads, architecture.head_size)) {
    names.push_back(name_of(form));
  }
  return names;
}

std::unique_ptr<Encoder> make_mlx_encoder(const Transformer& model, const MlxOptions& options) {
  return with_mlx_errors([&]() -> std::unique_ptr<Encoder> {
    prepare_mlx();
    use_device(options.gpu);
    return std::make_unique<MlxEncoder>(model, options);
  });
}

}  // namespace rerank
