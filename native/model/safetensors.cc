#include "model/safetensors.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "model/error.h"
#include "model/file.h"

namespace rerank {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

// The limit of the reference implementation.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

// Bytes per element of every type the format knows; 0 for an unknown one.
size_t element_bytes(const std::string& type) {
  if (type == "F64" || type == "I64" || type == "U64") return 8;
  if (type == "F32" || type == "I32" || type == "U32") return 4;
  if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 2;
  if (type == "I8" || type == "U8" || type == "BOOL" || type == "F8_E4M3" || type == "F8_E5M2") return 1;
  return 0;
}

[[noreturn]] void corrupt(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kModelCorrupt, path + ": " + what + ". Download the file again.");
}

bool multiply(uint64_t a, uint64_t b, uint64_t* product) { return !__builtin_mul_overflow(a, b, product); }

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) : path_(path), fd_(open_for_reading(path)) {
  try {
    const uint64_t size = file_size(fd_, path_);
    uint64_t header_bytes = 0;
    if (size < 8) corrupt(path_, "a safetensors file has at least 8 bytes, this one " + std::to_string(size));
    read_exactly(fd_, &header_bytes, 8, 0, path_);
    if (header_bytes > kMaxHeaderBytes || header_bytes > size - 8) {
      corrupt(path_, "the header claims " + std::to_string(header_bytes) + " bytes in a file of " +
                         std::to_string(size));
    }
    std::string header(header_bytes, '\0');
    read_exactly(fd_, header.data(), header.size(), 8, path_);
    data_start_ = 8 + header_bytes;
    parse_header(header, size - data_start_);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

SafetensorsFile::~SafetensorsFile() { ::close(fd_); }

void SafetensorsFile::parse_header(const std::string& text, uint64_t data_bytes) {
  const json header = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) corrupt(path_, "the header is not a JSON object");

  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    const auto fail = [&](const std::string& what) { corrupt(path_, "tensor \"" + name + "\": " + what); };
    Entry entry;
    if (!value.is_object() || !value.contains("dtype") || !value["dtype"].is_string() ||
        !value.contains("shape") || !value["shape"].is_array() || !value.contains("data_offsets") ||
        !value["data_offsets"].is_array() || value["data_offsets"].size() != 2) {
      fail("expected dtype, shape and two data_offsets");
    }
    entry.type = value["dtype"].get<std::string>();
    uint64_t bytes = element_bytes(entry.type);
    if (bytes == 0) fail("unknown dtype \"" + entry.type + "\"");
    for (const json& extent : value["shape"]) {
      if (!extent.is_number_unsigned() || !multiply(bytes, extent.get<uint64_t>(), &bytes)) {
        fail("impossible shape " + value["shape"].dump());
      }
      entry.shape.push_back(static_cast<int64_t>(extent.get<uint64_t>()));
    }
    const json& offsets = value["data_offsets"];
    if (!offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) fail("data_offsets " + offsets.dump());
    entry.begin = offsets[0].get<uint64_t>();
    entry.end = offsets[1].get<uint64_t>();
    if (entry.end < entry.begin || entry.end > data_bytes || entry.end - entry.begin != bytes) {
      fail("data_offsets " + offsets.dump() + " do not match shape " + value["shape"].dump() + " of " + entry.type +
           " (" + std::to_string(bytes) + " bytes) in a data section of " + std::to_string(data_bytes));
    }
    ranges.emplace_back(entry.begin, entry.end);
    entries_.emplace(name, std::move(entry));
  }

  std::sort(ranges.begin(), ranges.end());
  uint64_t position = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != position) {
      corrupt(path_, begin < position ? "tensors overlap at data byte " + std::to_string(begin)
                                      : "no tensor owns data bytes " + std::to_string(position) + " to " +
                                            std::to_string(begin));
    }
    position = end;
  }
  if (position != data_bytes) {
    corrupt(path_, "tensors end at data byte " + std::to_string(position) + ", the file has " +
                       std::to_string(data_bytes));
  }
}

Tensor SafetensorsFile::read(const std::string& name) const {
  const Entry& entry = entries_.at(name);
  Tensor tensor;
  tensor.name = name;
  tensor.shape = entry.shape;
  if (entry.type == "F32") {
    tensor.type = FloatType::kFloat32;
  } else if (entry.type == "F16") {
    tensor.type = FloatType::kFloat16;
  } else if (entry.type == "BF16") {
    tensor.type = FloatType::kBFloat16;
  } else {
    throw Error(ErrorCode::kModelUnsupported, path_ + ": tensor \"" + name + "\" has dtype " + entry.type +
                                                  "; expected F32, F16 or BF16. Use an unquantized checkpoint.");
  }
  const uint64_t bytes = entry.end - entry.begin;
  std::shared_ptr<std::byte[]> data(new std::byte[bytes]);
  read_exactly(fd_, data.get(), bytes, data_start_ + entry.begin, path_);
  tensor.data = std::move(data);
  return tensor;
}

}  // namespace rerank
