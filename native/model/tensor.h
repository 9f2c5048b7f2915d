#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rerank {

enum class FloatType { kFloat32, kFloat16, kBFloat16 };

size_t size_of(FloatType type);
const char* name_of(FloatType type);

// A weight as the file holds it: row-major, little-endian, owned. Copies share the bytes.
struct Tensor {
  std::string name;
  FloatType type = FloatType::kFloat32;
  std::vector<int64_t> shape;
  std::shared_ptr<const std::byte[]> data;

  size_t elements() const;
  size_t bytes() const { return elements() * size_of(type); }
};

float half_to_float(uint16_t bits);
float bfloat16_to_float(uint16_t bits);

// Widens `count` elements starting at element `first`; exact for all three types.
void widen(const Tensor& tensor, size_t first, size_t count, float* out);
std::vector<float> widen(const Tensor& tensor);

}  // namespace rerank
