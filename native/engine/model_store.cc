#include "engine/model_store.h"

#include <sys/stat.h>

#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/backend.h"
#include "engine/engine.h"
#include "model/bert.h"
#include "model/error.h"

namespace rerank {
namespace {

// Device, inode, size and times: two paths to one file are one model, and a rewritten file is another.
std::string identity_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return path;
#if defined(__APPLE__)
  const auto modified = status.st_mtimespec;
#else
  const auto modified = status.st_mtim;
#endif
  std::string identity;
  for (const long long part : {static_cast<long long>(status.st_dev), static_cast<long long>(status.st_ino),
                               static_cast<long long>(status.st_size), static_cast<long long>(modified.tv_sec),
                               static_cast<long long>(modified.tv_nsec)}) {
    identity += std::to_string(part) + ":";
  }
  return identity;
}

std::string key_of(const std::string& folder, const LoadOptions& o) {
  std::string key;
  for (const char* file : {"/config.json", "/model.safetensors", "/model.safetensors.index.json"}) {
    key += identity_of(folder + file) + "|";
  }
  return key + o.device + "|" + o.path + "|" + o.dtype + "|" + std::to_string(o.threads) + "|" +
         std::to_string(o.length_multiple) + "|" + o.attention;
}

class ModelStore {
 public:
  static ModelStore& instance() {
    static ModelStore* store = new ModelStore();
    return *store;
  }

  void load(const std::string& folder, const LoadOptions& options, LoadDone done) {
    const std::string key = key_of(folder, options);
    std::shared_ptr<Encoder> existing;
    {
      std::lock_guard lock(mutex_);
      std::erase_if(entries_, [](const auto& e) { return e.second.encoder.expired() && e.second.waiting.empty(); });
      Entry& entry = entries_[key];
      existing = entry.encoder.lock();
      // A GPU that failed meanwhile is not joined again.
      if (existing && existing->info().device == "gpu" && Engine::instance().device_fault()) existing.reset();
      if (!existing) {
        entry.waiting.push_back(std::move(done));
        if (entry.waiting.size() > 1) return;  // the first one loads for all
      }
    }
    if (existing) {
      done(std::move(existing), nullptr);
      return;
    }
    std::shared_ptr<Encoder> encoder;
    std::exception_ptr error;
    try {
      encoder = make_encoder(load_bert(folder), options);
    } catch (...) {
      error = std::current_exception();
    }
    std::vector<LoadDone> waiting;
    {
      std::lock_guard lock(mutex_);
      Entry& entry = entries_[key];
      waiting.swap(entry.waiting);
      entry.encoder = encoder;
      if (error) entries_.erase(key);
    }
    for (const LoadDone& each : waiting) each(encoder, error);
  }

 private:
  struct Entry {
    std::weak_ptr<Encoder> encoder;
    std::vector<LoadDone> waiting;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

void check_tokenizer(const EncoderLimits& limits, int tokenizer_size) {
  if (tokenizer_size <= limits.vocab_size) return;
  throw Error(ErrorCode::kModelUnsupported,
              "the tokenizer has ids up to " + std::to_string(tokenizer_size - 1) + ", the model's embedding table has " +
                  std::to_string(limits.vocab_size) + " rows. Use the tokenizer.json that belongs to these weights.");
}

}  // namespace

void load_model(const std::string& folder, const LoadOptions& options, LoadDone done) {
  // By value: a load that joins another is finished by that one's thread, after its own has ended.
  auto checked = [tokenizer_size = options.tokenizer_size, done = std::move(done)](std::shared_ptr<Encoder> encoder,
                                                                                   std::exception_ptr error) {
    try {
      if (encoder) check_tokenizer(encoder->info().limits, tokenizer_size);
    } catch (...) {
      encoder.reset();
      error = std::current_exception();
    }
    done(std::move(encoder), error);
  };
  // A thread for each load: a slow disk under one model never delays another, or the event loop.
  std::thread([folder, options, checked = std::move(checked)] {
    ModelStore::instance().load(folder, options, checked);
  }).detach();
}

}  // namespace rerank
