#include "model/tensor.h"

#include <bit>
#include <cstring>

namespace rerank {

size_t size_of(FloatType type) { return type == FloatType::kFloat32 ? 4 : 2; }

const char* name_of(FloatType type) {
  switch (type) {
    case FloatType::kFloat32: return "float32";
    case FloatType::kFloat16: return "float16";
    case FloatType::kBFloat16: return "bfloat16";
  }
  return "unknown";
}

size_t Tensor::elements() const {
  size_t n = 1;
  for (int64_t extent : shape) n *= static_cast<size_t>(extent);
  return n;
}

float half_to_float(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1fu;
  const uint32_t mantissa = bits & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) {
    // Zero or subnormal: mantissa * 2^-24, exact in float32.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

float bfloat16_to_float(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

void widen(const Tensor& tensor, size_t first, size_t count, float* out) {
  if (tensor.type == FloatType::kFloat32) {
    std::memcpy(out, tensor.data.get() + first * 4, count * 4);
    return;
  }
  const std::byte* source = tensor.data.get() + first * 2;
  const auto convert = tensor.type == FloatType::kFloat16 ? half_to_float : bfloat16_to_float;
  for (size_t i = 0; i < count; i++) {
    uint16_t bits;
    std::memcpy(&bits, source + i * 2, 2);
    out[i] = convert(bits);
  }
}

std::vector<float> widen(const Tensor& tensor) {
  std::vector<float> out(tensor.elements());
  widen(tensor, 0, out.size(), out.data());
  return out;
}

}  // namespace rerank
