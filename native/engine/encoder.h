#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rerank {

// Sequences back to back, nothing padded. A view: its owner keeps the memory until Pending::wait() returns.
struct PackedBatch {
  std::span<const int32_t> input_ids;       // [tokens]
  std::span<const uint8_t> token_type_ids;  // [tokens]
  std::span<const int32_t> offsets;         // [sequences + 1], cumulative lengths from 0 to tokens

  int tokens() const { return static_cast<int>(input_ids.size()); }
  int sequences() const { return static_cast<int>(offsets.size()) - 1; }
  int length(int sequence) const { return offsets[sequence + 1] - offsets[sequence]; }
};

struct EncoderLimits {
  int vocab_size = 0;
  int type_vocab_size = 0;
  int max_length = 0;
  int labels = 0;
};

struct EncoderInfo {
  std::string path;             // "mlx", "mlx+metal-kernels" or "cpu"
  std::string reason;           // why this path, one sentence
  std::string device;           // "gpu" or "cpu"
  std::string device_name;
  std::string dtype;
  std::string instruction_set;  // of the CPU encoder; "none" elsewhere
  int threads = 1;
  int length_multiple = 1;
  int layers = 0;
  int hidden_size = 0;
  size_t parameter_bytes = 0;
  EncoderLimits limits;
  // How long the engine waits for a batch before it takes the device for hung and gives up the thread that talks to
  // it, with every encoder on that thread that has a patience. 0: for ever.
  std::chrono::milliseconds patience{0};
};

// Bytes: in use now, held for reuse, and the highest use so far.
struct MemoryReport {
  size_t active = 0;
  size_t cache = 0;
  size_t peak = 0;
};

// A submitted batch. wait() gives sequences x labels logits, row-major, once; it may throw Error.
class Pending {
 public:
  virtual ~Pending() = default;
  // False while the device still works on it, so that wait() would do nothing but wait.
  virtual bool ready() noexcept { return true; }
  // Has `wake` called once, from any thread, when ready() has become true; false from a device that cannot tell, and
  // has to be asked now and then.
  virtual bool wake_when_ready([[maybe_unused]] std::function<void()> wake) { return false; }
  // Has `call` called once, from any thread, when nothing of the batch waits any more: all of it is at work or done, and
  // what is submitted next is what the device takes up next. Not called if it fails before. False from a device that
  // cannot tell.
  virtual bool when_under_way([[maybe_unused]] std::function<void()> call) { return false; }
  virtual std::vector<float> wait() = 0;
};

// The one interface between the engine and whatever computes. All calls but info() come from the engine thread, and
// the batch has passed check_batch().
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual const EncoderInfo& info() const = 0;
  // Batches that may be submitted before the first is waited for.
  virtual int max_in_flight() const { return 1; }
  virtual std::unique_ptr<Pending> submit(const PackedBatch& batch) = 0;
  // For devices whose errors can arrive late: waits for all that was submitted and throws if any of it failed.
  virtual void check() {}
  // After an error: drops what is in flight, so that the next batch starts from a clean device.
  virtual void recover() {}
  virtual MemoryReport memory() const = 0;
};

}  // namespace rerank
