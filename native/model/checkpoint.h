#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/safetensors.h"

namespace rerank {

// The weights of a model folder: model.safetensors, or the shards that model.safetensors.index.json lists.
class Checkpoint {
 public:
  explicit Checkpoint(const std::string& folder);

  bool contains(const std::string& name) const { return files_by_tensor(name) != nullptr; }
  // Throws kModelUnsupported when the tensor is missing or its shape is another than `shape`.
  Tensor read(const std::string& name, const std::vector<int64_t>& shape) const;
  const std::string& description() const { return description_; }

 private:
  const SafetensorsFile* files_by_tensor(const std::string& name) const;

  std::string description_;
  std::map<std::string, std::unique_ptr<SafetensorsFile>> files_;
};

}  // namespace rerank
