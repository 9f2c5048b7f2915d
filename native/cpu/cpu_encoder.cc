#include "cpu/cpu_encoder.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <new>
#include <vector>

#include "cpu/available_threads.h"
#include "cpu/block_encoder.h"
#include "cpu/block_plan.h"
#include "cpu/event.h"
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

  // While one batch ends on some threads, the others are at work on the next.
  int max_in_flight() const override { return 2; }

  std::unique_ptr<Pending> submit(const PackedBatch& batch) override { return std::make_unique<Run>(*this, batch); }

  MemoryReport memory() const override {
    size_t total = info_.parameter_bytes;
    for (const Worker& worker : workers_) total += worker.bytes;
    return {.active = total, .cache = 0, .peak = total};  // nothing shrinks
  }

 private:
  struct Worker {
    Worker(const PackedModel& model, const KernelTable& layers, const KernelTable& head)
        : blocks(model, layers, head), bytes(blocks.bytes()) {}

    BlockEncoder blocks;
    std::atomic<size_t> bytes;  // after its last batch: memory() may be asked for while it is at work on the next
  };

  class Run final : public Pending {
   public:
    Run(CpuEncoder& encoder, const PackedBatch& batch)
        : batch_(batch),
          blocks_(plan_blocks(batch.offsets, encoder.info_.threads, kBlockTokens)),
          logits_(size_t(batch.sequences()) * encoder.info_.limits.labels) {
      task_ = encoder.pool_.start([this, &encoder](int thread) { take_part(encoder.workers_[thread]); });
    }

    // One that nobody waited for ends after the blocks that are under way: they read the caller's batch.
    ~Run() override {
      next_ = blocks_.size();
      try {
        task_->wait();
      } catch (...) {
        // Nobody asks for it any more.
      }
    }

    bool ready() noexcept override { return task_->done(); }
    bool wake_when_ready(std::function<void()> wake) override {
      task_->when_done(std::move(wake));
      return true;
    }
    bool when_under_way(std::function<void()> call) override {
      under_way_.then(std::move(call));
      return true;
    }

    std::vector<float> wait() override {
      try {
        task_->wait();
      } catch (const std::bad_alloc&) {
        throw Error(ErrorCode::kOutOfMemory, "No memory left for a batch of " + std::to_string(batch_.tokens()) +
                                                 " tokens: lower maxBatchTokens.");
      }
      return std::move(logits_);
    }

   private:
    void take_part(Worker& worker) {
      worker.blocks.begin();
      for (size_t i; (i = next_.fetch_add(1)) < blocks_.size();) {
        if (i + 1 == blocks_.size()) under_way_.happen();
        worker.blocks.encode(batch_, blocks_[i]);
      }
      worker.blocks.score(logits_);
      worker.bytes = worker.blocks.bytes();
    }

    PackedBatch batch_;
    std::vector<Block> blocks_;
    std::atomic<size_t> next_{0};
    Event under_way_;
    std::vector<float> logits_;
    std::shared_ptr<ThreadPool::Task> task_;
  };

  ThreadPool pool_;
  PackedModel model_;
  std::deque<Worker> workers_;
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
