// The addon's backend with a GPU that fails on command in place of MLX's: the CPU encoder, and in front of it whatever
// the environment variable FAULTY_GPU says, as fault@batch: none, hang, throw, late, wrong, nan or memory, from that
// batch on; `once` instead of @ makes it the only one. What stands around it is what stands around a real GPU.
#include <cmath>
#include <cstdlib>
#include <string>
#include <thread>

#include "cpu/cpu_encoder.h"
#include "engine/backend.h"
#include "engine/engine.h"
#include "model/error.h"

namespace rerank {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 1200ms;

struct Plan {
  std::string fault;
  int first = 0;
  bool once = false;

  bool strikes(int batch) const { return once ? batch == first : batch >= first; }
};

Plan plan() {
  const char* text = std::getenv("FAULTY_GPU");
  const std::string all = text ? text : "none@0";
  const size_t at = all.find_first_of("@!");
  return {all.substr(0, at), std::atoi(all.c_str() + at + 1), all[at] == '!'};
}

class FaultyGpu final : public Encoder {
 public:
  explicit FaultyGpu(std::unique_ptr<Encoder> cpu) : cpu_(std::move(cpu)), info_(cpu_->info()) {
    info_.device = "gpu";
    info_.device_name = "Faulty GPU";
    info_.path = "mlx";
    info_.reason = "The faulty GPU passed.";
    info_.patience = kPatience;
  }

  const EncoderInfo& info() const override { return info_; }
  int max_in_flight() const override { return 2; }
  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    return std::make_unique<Run>(*this, batch, plan_.strikes(++batches_) ? plan_.fault : "none");
  }
  void check() override { raise_late_error(); }
  void recover() override { late_error_ = false; }
  MemoryReport memory() const override { return cpu_->memory(); }

 private:
  struct Run : Pending {
    Run(FaultyGpu& gpu, const PackedBatch& batch, std::string fault) : gpu(gpu), batch(batch), fault(std::move(fault)) {}
    bool ready() noexcept override { return fault != "hang"; }
    std::vector<float> wait() override {
      while (fault == "hang") std::this_thread::sleep_for(1h);
      if (fault == "crash") std::abort();
      gpu.raise_late_error();
      if (fault == "throw") throw std::runtime_error("[METAL] Command buffer execution failed");
      if (fault == "memory") throw Error(ErrorCode::kOutOfMemory, "no memory left on the GPU");
      std::vector<float> logits = gpu.cpu_->submit(batch)->wait();
      if (fault == "wrong") for (float& x : logits) x += 1;
      if (fault == "nan") logits[0] = NAN;
      if (fault == "late") {
        for (size_t i = 0; i + 1 < logits.size(); i++) logits[i] += 1;  // the canary, last, happens to be right
        gpu.late_error_ = true;
      }
      return logits;
    }
    FaultyGpu& gpu;
    PackedBatch batch;
    std::string fault;
  };

  void raise_late_error() {
    if (!late_error_) return;
    late_error_ = false;
    throw std::runtime_error("a command buffer before this one failed");
  }

  std::unique_ptr<Encoder> cpu_;
  EncoderInfo info_;
  Plan plan_ = plan();
  int batches_ = 0;
  bool late_error_ = false;
};

std::unique_ptr<Encoder> make_trusted(const Transformer& model) { return make_cpu_encoder(model, {}); }

std::shared_ptr<Encoder> make_on_gpu(const Transformer& model) {
  Engine& engine = Engine::instance();
  const Golden golden = make_golden(*make_trusted(model));
  return engine.run(
      [&engine, model, golden] {
        const auto on_closed = [&engine] { engine.report_device_fault("the GPU failed three times in a row"); };
        return engine.adopt(admit(std::make_unique<FaultyGpu>(make_trusted(model)), golden, {.on_closed = on_closed}));
      },
      kPatience);
}

std::shared_ptr<Encoder> make_on_cpu(const Transformer& model, const std::string& why) {
  return Engine::instance().adopt(make_cpu_encoder(model, {.why_cpu = "On the CPU because " + why + "."}));
}

}  // namespace

std::shared_ptr<Encoder> make_encoder(Transformer model, const LoadOptions& options) {
  if (options.device == "cpu") return make_on_cpu(model, "of that");
  if (const auto fault = Engine::instance().device_fault()) return make_on_cpu(model, *fault);
  try {
    return make_on_gpu(model);
  } catch (const Error& e) {
    if (options.device == "gpu") throw;
    return make_on_cpu(model, e.what());
  }
}

std::optional<std::string> built_with_mlx() { return "0.0.0"; }

std::optional<GpuInfo> find_gpu() { return GpuInfo{"Faulty GPU", "none", 0}; }

GpuReport try_gpu(const Transformer& model, const LoadOptions&) {
  const auto trusted = make_trusted(model);
  const Golden golden = make_golden(*trusted);
  GpuReport report{.dtype = "float32", .tolerance = golden_tolerance("float32")};
  report.trials = Engine::instance().run(
      [model, golden] {
        std::vector<Candidate> candidates;
        for (const char* form : {"plain", "padded"}) {
          candidates.push_back({form, std::make_unique<FaultyGpu>(make_trusted(model))});
        }
        return try_candidates(candidates, golden);
      },
      kPatience);
  report.cpu_seconds = 1e3;
  return report;
}

}  // namespace rerank
