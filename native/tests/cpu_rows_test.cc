// Embedding lookup and LayerNorm of every kernel table, at every width around a vector's edges.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "cpu/packed_matrix.h"
#include "tests/cpu_test_kernels.h"
#include "tests/cpu_test_model.h"

namespace rerank {
namespace {

constexpr float kPoison = std::numeric_limits<float>::quiet_NaN();

class RowsTest : public testing::TestWithParam<TestKernels> {
 protected:
  const KernelTable& kernels() const { return GetParam().layers(); }
  int padded(int n) const { return (n + kernels().tile_columns - 1) / kernels().tile_columns * kernels().tile_columns; }
};

TEST_P(RowsTest, Normalize) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(3.0f, 2.0f);
  for (int width : {1, 3, 7, 8, 9, 15, 16, 17, 33, 64, 100, 384, 1024}) {
    const int wide = padded(width), rows = 3;
    const ptrdiff_t in_stride = wide + 3, out_stride = wide + 1;
    std::vector<float> in(rows * in_stride, kPoison), out(rows * out_stride, kPoison), weight(wide), bias(wide);
    for (int k = 0; k < width; k++) {
      weight[k] = normal(random);
      bias[k] = normal(random);
      for (int r = 0; r < rows; r++) in[r * in_stride + k] = normal(random) * (r + 1);
    }
    kernels().normalize({.in = in.data(), .in_stride = in_stride, .rows = rows, .width = width, .padded_width = wide,
                         .weight = weight.data(), .bias = bias.data(), .epsilon = 1e-5f, .out = out.data(),
                         .out_stride = out_stride});
    for (int r = 0; r < rows; r++) {
      double mean = 0, variance = 0;
      for (int k = 0; k < width; k++) mean += in[r * in_stride + k];
      mean /= width;
      for (int k = 0; k < width; k++) variance += (in[r * in_stride + k] - mean) * (in[r * in_stride + k] - mean);
      variance /= width;
      for (int k = 0; k < wide; k++) {
        const double x = (in[r * in_stride + k] - mean) / std::sqrt(variance + 1e-5f);
        const double wanted = k < width ? x * weight[k] + bias[k] : 0;
        ASSERT_NEAR(out[r * out_stride + k], wanted, 1e-5) << "width " << width << ", column " << k;
      }
      for (ptrdiff_t k = wide; k < out_stride; k++) ASSERT_TRUE(std::isnan(out[r * out_stride + k]));
    }
  }
}

TEST_P(RowsTest, EmbedEveryStoredType) {
  for (int width : {1, 5, 8, 15, 16, 17, 31, 384}) {
    Architecture a = test_architecture(1, 1, width, 1);
    a.vocab_size = 7;
    a.max_positions = 4;
    const Transformer model = random_transformer(a, width);
    for (const FloatType word_type : {FloatType::kFloat32, FloatType::kFloat16, FloatType::kBFloat16}) {
      // Tables end where their memory ends, so that reading past them is an error to a sanitizer.
      const auto in = [&](const Tensor& t, FloatType type) { return type == FloatType::kFloat32 ? t : stored_as(t, type); };
      const Tensor words = in(model.word_embeddings, word_type), types = in(model.type_embeddings, FloatType::kFloat16);
      const Tensor positions = in(model.position_embeddings, FloatType::kBFloat16);
      const std::vector<int32_t> ids = {6, 0, 3, 6};
      const std::vector<uint8_t> type_ids = {0, 1, 1, 0};
      std::vector<float> out(4 * padded(width), kPoison);
      kernels().embed({.rows = 4, .width = width, .ids = ids.data(), .type_ids = type_ids.data(),
                       .words = words.data.get(), .types = types.data.get(), .positions = positions.data.get(),
                       .word_type = stored(word_type), .type_type = StoredFloat::kFloat16,
                       .position_type = StoredFloat::kBFloat16, .out = out.data(), .out_stride = padded(width)});
      const std::vector<float> w = widen(words), t = widen(types), p = widen(positions);
      for (int r = 0; r < 4; r++) {
        for (int k = 0; k < width; k++) {
          ASSERT_EQ(out[r * padded(width) + k], (w[ids[r] * width + k] + t[type_ids[r] * width + k]) + p[r * width + k])
              << "width " << width << ", column " << k;
        }
      }
    }
  }
}

TEST_P(RowsTest, WidenIsExact) {
  std::vector<uint16_t> halves;
  for (int bits = 0; bits < 0x10000; bits++) halves.push_back(static_cast<uint16_t>(bits));
  std::vector<float> out(halves.size());
  for (const auto& [type, convert] : {std::pair{StoredFloat::kFloat16, &half_to_float}, {StoredFloat::kBFloat16, &bfloat16_to_float}}) {
    kernels().widen(type, halves.data(), 0x10000, out.data());
    for (int bits = 0; bits < 0x10000; bits++) {
      const float wanted = convert(static_cast<uint16_t>(bits));
      if (std::isnan(wanted)) {
        ASSERT_TRUE(std::isnan(out[bits]));
      } else {
        ASSERT_EQ(std::bit_cast<uint32_t>(out[bits]), std::bit_cast<uint32_t>(wanted)) << bits;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, RowsTest, testing::ValuesIn(runnable_kernels()),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace rerank
