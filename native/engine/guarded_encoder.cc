#include "engine/guarded_encoder.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>

#include "engine/sequences.h"
#include "model/error.h"

namespace rerank {
namespace {

Sequences copy(const PackedBatch& batch, int first, int last) {
  Sequences sequences;
  for (int s = first; s < last; s++) {
    sequences.add(batch.input_ids.subspan(batch.offsets[s], batch.length(s)),
                  batch.token_type_ids.subspan(batch.offsets[s], batch.length(s)));
  }
  return sequences;
}

bool alike(const Canary& a, const Canary& b, float tolerance) {
  for (size_t i = 0; i < a.logits.size(); i++) {
    if (std::abs(a.logits[i] - b.logits[i]) > 2 * tolerance) return false;
  }
  return true;
}

class GuardedEncoder final : public Encoder {
 public:
  GuardedEncoder(std::unique_ptr<Encoder> inner, GuardOptions options)
      : inner_(std::move(inner)), options_(std::move(options)), info_(inner_->info()) {
    info_.reason += options_.note;
  }

  const EncoderInfo& info() const override { return info_; }
  // One more than the device runs: a finished batch waits for the next one to confirm it.
  int max_in_flight() const override { return inner_->max_in_flight() + 1; }
  MemoryReport memory() const override { return inner_->memory(); }

  std::unique_ptr<Pending> submit(const PackedBatch& batch) override {
    refuse_if_closed();
    auto flight = std::make_shared<Flight>(*this, batch);
    flight->try_to_start();
    in_flight_.push_back(flight);
    if (flight->failed) start_over();  // the error may belong to any batch before it
    return std::make_unique<Ticket>(*this, std::move(flight));
  }

 private:
  // One batch on its way through the device, with a canary at its end.
  struct Flight {
    Flight(GuardedEncoder& guard, const PackedBatch& batch) : guard(guard), batch(batch) {}

    void start() {
      canary = &guard.next_canary();
      sent = copy(batch, 0, batch.sequences());
      sent.add(canary->input_ids, canary->token_type_ids);
      pending = guard.inner_->submit(sent.view());
    }
    std::vector<float> finish() {
      auto raw = pending->wait();
      pending.reset();
      return guard.verified(std::move(raw), batch.sequences(), *canary);
    }

    // The same, but whatever goes wrong only marks the flight: settle() decides what follows.
    void try_to_start() {
      try {
        start();
      } catch (...) {
        failed = true;
      }
    }
    void try_to_finish() {
      if (failed || logits) return;
      try {
        logits = finish();
      } catch (...) {
        failed = true;
      }
    }
    bool is_done() noexcept { return failed || logits || pending->ready(); }
    void discard() {
      pending.reset();
      logits.reset();
      failed = true;
    }

    GuardedEncoder& guard;
    PackedBatch batch;
    Sequences sent;
    const Canary* canary = nullptr;
    std::unique_ptr<Pending> pending;
    std::optional<std::vector<float>> logits;
    bool failed = false;
  };

  class Ticket final : public Pending {
   public:
    Ticket(GuardedEncoder& guard, std::shared_ptr<Flight> flight) : guard_(guard), flight_(std::move(flight)) {}
    // One is handed out when the one behind it is done as well, which confirms it.
    bool ready() noexcept override {
      const auto& flights = guard_.in_flight_;
      return flights[0]->is_done() && (flights.size() == 1 || flights[1]->is_done());
    }
    std::vector<float> wait() override { return guard_.settle(*flight_); }

   private:
    GuardedEncoder& guard_;
    std::shared_ptr<Flight> flight_;
  };

  // The engine waits for the oldest flight first.
  std::vector<float> settle(Flight& flight) {
    flight.try_to_finish();
    if (flight.failed || !confirmed()) start_over();
    in_flight_.pop_front();
    try {
      if (flight.failed) refuse_if_closed();
      std::vector<float> logits = flight.failed ? again(flight.batch) : std::move(*flight.logits);
      failures_ = 0;
      return logits;
    } catch (...) {
      if (++failures_ == options_.failures_until_closed && options_.on_closed) options_.on_closed();
      throw;
    }
  }

  // Nothing in flight can be trusted any more: each batch will be computed again when it is waited for.
  void start_over() {
    for (const auto& each : in_flight_) each->discard();
    inner_->recover();
  }

  // Whether no error of the oldest flight can still be on its way: the flight behind it, or a check, came back clean.
  bool confirmed() {
    if (in_flight_.size() > 1) {
      in_flight_[1]->try_to_finish();
      return !in_flight_[1]->failed;
    }
    try {
      inner_->check();
      return true;
    } catch (...) {
      return false;
    }
  }

  // Alone on the device; in halves while it does not fit into memory.
  std::vector<float> again(const PackedBatch& batch) {
    try {
      Flight flight(*this, batch);
      flight.start();
      auto logits = flight.finish();
      inner_->check();
      return logits;
    } catch (const Error& e) {
      inner_->recover();
      if (e.code() != ErrorCode::kOutOfMemory || batch.sequences() == 1) throw;
    } catch (...) {
      inner_->recover();
      throw;
    }
    const int middle = batch.sequences() / 2;
    const Sequences halves[] = {copy(batch, 0, middle), copy(batch, middle, batch.sequences())};
    std::vector<float> logits = again(halves[0].view());
    const std::vector<float> rest = again(halves[1].view());
    logits.insert(logits.end(), rest.begin(), rest.end());
    return logits;
  }

  // The logits without the canary's; throws when it is off or any logit is not finite.
  std::vector<float> verified(std::vector<float> logits, int sequences, const Canary& canary) const {
    const size_t own = size_t(sequences) * canary.logits.size();
    if (logits.size() != own + canary.logits.size()) {
      throw Error(ErrorCode::kDevice, "the device gave " + std::to_string(logits.size()) + " logits, expected " +
                                          std::to_string(own + canary.logits.size()));
    }
    for (size_t i = 0; i < canary.logits.size(); i++) {
      if (!(std::abs(logits[own + i] - canary.logits[i]) <= options_.tolerance)) {
        throw Error(ErrorCode::kDevice, "the device gave " + std::to_string(logits[own + i]) +
                                            " for a sequence whose logit is " + std::to_string(canary.logits[i]));
      }
    }
    logits.resize(own);
    if (!std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); })) {
      throw Error(ErrorCode::kDevice, "the device gave a logit that is not a finite number");
    }
    return logits;
  }

  const Canary& next_canary() { return options_.canaries[turn_++ % options_.canaries.size()]; }

  void refuse_if_closed() const {
    if (failures_ < options_.failures_until_closed) return;
    throw Error(ErrorCode::kDevice, "the device failed " + std::to_string(failures_) +
                                        " times in a row, so this model is closed. Load it again, or with device \"cpu\".");
  }

  std::unique_ptr<Encoder> inner_;
  GuardOptions options_;
  EncoderInfo info_;
  size_t turn_ = 0;
  int failures_ = 0;
  std::deque<std::shared_ptr<Flight>> in_flight_;  // oldest first
};

}  // namespace

std::unique_ptr<Encoder> guard(std::unique_ptr<Encoder> encoder, GuardOptions options) {
  std::vector<Canary> distinct;
  for (Canary& canary : options.canaries) {
    if (std::none_of(distinct.begin(), distinct.end(),
                     [&](const Canary& other) { return alike(canary, other, options.tolerance); })) {
      distinct.push_back(std::move(canary));
    }
  }
  if (distinct.size() < 2) throw Error(ErrorCode::kDevice, "the canary sequences all have the same score");
  options.canaries = std::move(distinct);
  return std::make_unique<GuardedEncoder>(std::move(encoder), std::move(options));
}

}  // namespace rerank
