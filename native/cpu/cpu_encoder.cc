#include "cpu/cpu_encoder.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <vector>

#include "cpu/available_threads.h"
#include "cpu/block_encoder.h"
#include "cpu/block_plan.h"
#include "cpu/kernel_choice.h"
#include "cpu/packed_model.h"
#include "cpu/reference_encoder.h"
#include "cpu/thread_pool.h"
#include "model/error.h"

namespace rerank {
namespace {

constexpr int kBlockTokens = 128;

class CpuEncoder final : public Encoder {
 public:
  CpuEncoder(Transformer model, const std::string& dtype, int threads, const std::string& reason,
             const KernelChoice& choice)
      : pool_(threads), model_(std::move(model), *choice.layers, *choice.head, pool_) {
    for (int i = 0; i < threads; i++) workers_.emplace_back(model_, *choice.layers, *choice.head);
    const Architecture& a = model_.architecture;
    info_ = {.path = "cpu",
             .reason = reason,
             .device = "cpu",
             .device_name = cpu_name(),
             .dtype = dtype,
             .instruction_set = choice.instruction_set,
             .threads = threads,
             .length_multiple = 1,
             .layers = a.layers,
             .hidden_size = a.hidden_size,
             .parameter_bytes = model_.bytes(),
             .limits = {a.vocab_size, a.type_vocab_size, a.max_positions, a.labels}};
  }

  const EncoderInfo& info() const override { return info_; }

  std::unique_ptr<Pending> submit(const PackedBatch& batch) override { return std::make_unique<Run>(*this, batch); }

  MemoryReport memory() const override {
    size_t total = info_.parameter_bytes;
    for (const BlockEncoder& worker : workers_) total += worker.bytes();
    return {.active = total, .cache = 0, .peak = total};  // nothing shrinks
  }

 private:
  class Run final : public Pending {
   public:
    Run(CpuEncoder& encoder, const PackedBatch& batch) : encoder_(encoder), batch_(batch) {}
    std::vector<float> wait() override { return encoder_.run(batch_); }

   private:
    CpuEncoder& encoder_;
    PackedBatch batch_;
  };

  std::vector<float> run(const PackedBatch& batch) {
    std::vector<float> logits(size_t(batch.sequences()) * info_.limits.labels);
    if (batch.sequences() == 0) return logits;
    try {
      const std::vector<Block> blocks = plan_blocks(batch.offsets, info_.threads, kBlockTokens);
      std::atomic<size_t> next{0};
      pool_.run([&](int thread) {
        BlockEncoder& worker = workers_[thread];
        worker.begin();
        for (size_t i; (i = next.fetch_add(1)) < blocks.size();) worker.encode(batch, blocks[i]);
        worker.score(logits);
      });
    } catch (const std::bad_alloc&) {
      throw Error(ErrorCode::kOutOfMemory, "No memory left for a batch of " + std::to_string(batch.tokens()) +
                                               " tokens: lower maxBatchTokens.");
    }
    return logits;
  }

  ThreadPool pool_;
  PackedModel model_;
  std::vector<BlockEncoder> workers_;
  EncoderInfo info_;
};

}  // namespace

std::unique_ptr<Encoder> make_cpu_encoder(Transformer model, const CpuOptions& options) {
  return make_cpu_encoder(std::move(model), options,
                          choose_kernels(options.dtype, options.instruction_set, detect_cpu_features()));
}

std::unique_ptr<Encoder> make_cpu_encoder(Transformer model, const CpuOptions& options, const KernelChoice& choice) {
  const std::string reason = options.why_cpu.empty() ? choice.reason : options.why_cpu + " " + choice.reason;
  if (choice.layers == nullptr) return make_reference_encoder(std::move(model), reason);
  const int threads = options.threads > 0 ? options.threads : available_threads();
  return std::make_unique<CpuEncoder>(std::move(model), options.dtype, threads, reason, choice);
}

}  // namespace rerank
