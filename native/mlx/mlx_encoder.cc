#include "mlx/mlx_encoder.h"

#include <chrono>
#include <cstdio>
#include <random>

#include "mlx/form_choice.h"
#include "mlx/runtime.h"
#include "mlx/transformer_graph.h"
#include "mlx/weights.h"
#include "model/error.h"

namespace rerank {
namespace {

namespace mx = mlx::core;

// What one more bucket costs, in tokens: 30 microseconds of dispatches with fused attention, 120 with unfused ops,
// against 5.5 microseconds for a token. Modelled for an M-series GPU, not measured on one.
constexpr double kFusedBucketCost = 6;
constexpr double kUnfusedBucketCost = 22;

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
    buckets_.length_multiple = options.length_multiple;
    buckets_.token_ladder = gpu_ || options.token_ladder;
    buckets_.max_positions = a.max_positions;
    merge_buckets_ = gpu_ || options.merge_buckets;
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
    info_.reason = options.reason + choose_form(options.attention);
  }

  const EncoderInfo& info() const override { return info_; }
  int max_in_flight() const override { return gpu_ ? 2 : 1; }

  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    return with_mlx_errors([&]() -> std::unique_ptr<Pending> {
      prepare_mlx();
      use_device(gpu_);
      mx::array logits = logits_graph(architecture_, weights_, {form_, /*compile=*/gpu_}, plan_buckets(batch, buckets_));
      if (gpu_) mx::async_eval(logits);
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

    std::vector<float> wait() override {
      return with_mlx_errors([&] {
        logits_.eval();
        return std::vector<float>(logits_.data<float>(), logits_.data<float>() + logits_.size());
      });
    }

   private:
    mx::array logits_;
  };

  mx::Stream stream() const { return mx::default_stream(gpu_ ? mx::Device::gpu : mx::Device::cpu); }

  void use_form(AttentionForm form) {
    form_ = form;
    const bool fused = form != AttentionForm::kPlain;
    buckets_.bucket_cost = merge_buckets_ ? (fused ? kFusedBucketCost : kUnfusedBucketCost) : 0;
  }

  // Settles on an attention form and says how, as a sentence for info().reason.
  std::string choose_form(const std::string& wanted) {
    const std::vector<AttentionForm> forms = attention_forms(architecture_.heads, architecture_.head_size);
    use_form(AttentionForm::kPlain);
    if (wanted != "auto") {
      for (const AttentionForm form : forms) {
        if (wanted != name_of(form)) continue;
        use_form(form);
        return " Attention " + wanted + ", as asked for.";
      }
      throw Error(ErrorCode::kInvalidArgument, "attention form \"" + wanted + "\" does not fit heads of " +
                                                   std::to_string(architecture_.head_size));
    }
    if (!gpu_ || forms.size() == 1) return "";
    const std::vector<double> seconds = median_seconds(forms.size(), /*rounds=*/5, [&](size_t i) {
      use_form(forms[i]);
      return seconds_of_sample_batch();
    });
    size_t best = 0;
    std::string timings;
    for (size_t i = 0; i < forms.size(); i++) {
      char text[64];
      std::snprintf(text, sizeof text, "%s%s %.1f ms", i ? ", " : "", name_of(forms[i]), seconds[i] * 1e3);
      timings += text;
      if (seconds[i] < seconds[best]) best = i;
    }
    use_form(forms[best]);
    return std::string(" Attention ") + name_of(form_) + ", the fastest at load (" + timings + ").";
  }

  // 32 sequences with the length spread of MS MARCO pairs (43 to 142 tokens from the 5th to the 95th percentile).
  double seconds_of_sample_batch() {
    std::mt19937 random(1);
    std::vector<int32_t> ids, offsets{0};
    for (int s = 0; s < 32; s++) {
      const int length = std::min(architecture_.max_positions, 43 + s * 99 / 31);
      for (int t = 0; t < length; t++) ids.push_back(static_cast<int32_t>(random() % architecture_.vocab_size));
      offsets.push_back(static_cast<int32_t>(ids.size()));
    }
    const std::vector<uint8_t> types(ids.size(), 0);
    const auto begin = std::chrono::steady_clock::now();
    submit({ids, types, offsets})->wait();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  Architecture architecture_;
  bool gpu_;
  bool merge_buckets_ = false;
  MlxWeights weights_;
  BucketOptions buckets_;
  AttentionForm form_ = AttentionForm::kPlain;
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
