#pragma once
#include <map>
#include <string>

#include "model/tensor.h"

namespace rerank {

// A safetensors file, opened and checked: every entry has a known type, its byte range matches its shape, ranges
// neither overlap nor leave gaps, and together they fill the file exactly. Reading is by pread: a file cut short
// afterwards is an error, not a signal.
// Format: https://github.com/huggingface/safetensors#format
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const std::string& path() const { return path_; }
  bool contains(const std::string& name) const { return entries_.contains(name); }
  // Throws kModelUnsupported when the tensor is not of a float type we compute with.
  Tensor read(const std::string& name) const;

 private:
  struct Entry {
    std::string type;
    std::vector<int64_t> shape;
    uint64_t begin = 0;  // from the start of the data section
    uint64_t end = 0;
  };
  void parse_header(const std::string& text, uint64_t data_bytes);

  std::string path_;
  int fd_ = -1;
  uint64_t data_start_ = 0;
  std::map<std::string, Entry> entries_;
};

}  // namespace rerank
