#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "engine/encoder.h"

namespace rerank {

// How a caller wants a model run; the words are those of lib/native/addon.ts.
struct LoadOptions {
  std::string device = "auto";
  std::string path = "auto";
  std::string dtype = "auto";
  int tokenizer_size = 0;   // highest token id + 1
  int threads = 0;          // of the CPU encoder; 0 = the cores this process may use
  int length_multiple = 0;  // MLX; 0 = 8 on a GPU, 1 on a CPU
  std::string attention = "auto";  // form of attention on a GPU; auto = the fastest, tried at load
};

using LoadDone = std::function<void(std::shared_ptr<Encoder> encoder, std::exception_ptr error)>;

// Loads the model of `folder`, or joins a load or an encoder that already exists for the same files and options:
// all who share it hold one set of weights. Returns at once; `done` runs once, on another thread.
void load_model(const std::string& folder, const LoadOptions& options, LoadDone done);

}  // namespace rerank
