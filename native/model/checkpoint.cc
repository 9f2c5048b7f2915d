#include "model/checkpoint.h"

#include <nlohmann/json.hpp>
#include <set>

#include "model/error.h"
#include "model/file.h"

namespace rerank {
namespace {

using nlohmann::json;

constexpr size_t kMaxIndexBytes = 64 << 20;

std::string shape_text(const std::vector<int64_t>& shape) { return json(shape).dump(); }

// Shard names come from a downloaded file: only plain names of this folder are opened.
bool plain_name(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos && name.find('\\') == std::string::npos &&
         name.find('\0') == std::string::npos && name != "." && name != "..";
}

std::set<std::string> shards_of(const std::string& index_path) {
  const json index = json::parse(read_text(index_path, kMaxIndexBytes), nullptr, /*allow_exceptions=*/false);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    throw Error(ErrorCode::kModelCorrupt, index_path + ": expected a JSON object with a \"weight_map\"");
  }
  std::set<std::string> shards;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (!file.is_string() || !plain_name(file.get<std::string>())) {
      throw Error(ErrorCode::kModelCorrupt, index_path + ": tensor \"" + tensor + "\" is mapped to " + file.dump() +
                                                ", expected the name of a file in the same folder");
    }
    shards.insert(file.get<std::string>());
  }
  return shards;
}

}  // namespace

Checkpoint::Checkpoint(const std::string& folder) {
  const std::string single = folder + "/model.safetensors";
  const std::string index = single + ".index.json";
  if (!exists(single) && exists(index)) {
    description_ = index;
    for (const std::string& shard : shards_of(index)) {
      files_.emplace(shard, std::make_unique<SafetensorsFile>(folder + "/" + shard));
    }
    return;
  }
  description_ = single;
  if (!exists(single) && exists(folder + "/pytorch_model.bin")) {
    throw Error(ErrorCode::kModelUnsupported,
                folder + " holds only pytorch_model.bin, a pickle that can run code when it is read. Expected " +
                    "model.safetensors: convert the model, or choose a revision that has it.");
  }
  files_.emplace("model.safetensors", std::make_unique<SafetensorsFile>(single));
}

const SafetensorsFile* Checkpoint::files_by_tensor(const std::string& name) const {
  for (const auto& [_, file] : files_) {
    if (file->contains(name)) return file.get();
  }
  return nullptr;
}

Tensor Checkpoint::read(const std::string& name, const std::vector<int64_t>& shape) const {
  const SafetensorsFile* file = files_by_tensor(name);
  if (file == nullptr) {
    throw Error(ErrorCode::kModelUnsupported, description_ + " has no tensor \"" + name + "\", expected one of shape " +
                                                  shape_text(shape) + ". Is this a BERT sequence classifier?");
  }
  Tensor tensor = file->read(name);
  if (tensor.shape != shape) {
    throw Error(ErrorCode::kModelUnsupported, file->path() + ": tensor \"" + name + "\" has shape " +
                                                  shape_text(tensor.shape) + ", config.json implies " +
                                                  shape_text(shape));
  }
  return tensor;
}

}  // namespace rerank
