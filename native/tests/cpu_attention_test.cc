// Attention of every kernel table against softmax in double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "cpu/aligned_array.h"
#include "tests/cpu_test_kernels.h"

namespace rerank {
namespace {

constexpr float kPoison = std::numeric_limits<float>::quiet_NaN();

class AttentionTest : public testing::TestWithParam<TestKernels> {
 protected:
  const KernelTable& kernels() const { return GetParam().layers(); }
  int columns() const { return kernels().tile_columns; }

  struct Problem {
    int keys, head;
    std::vector<float> q, k, v;  // [keys][head]
  };

  Problem make(int keys, int head, float spread, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, spread);
    Problem p{keys, head, std::vector<float>(keys * head), std::vector<float>(keys * head), std::vector<float>(keys * head)};
    for (auto* values : {&p.q, &p.k, &p.v}) {
      for (float& x : *values) x = normal(random);
    }
    return p;
  }

  // Queries [first, first + count) as [count][head]; memory around every buffer is poisoned and must stay so.
  std::vector<float> run(const Problem& p, int first, int count, float scale) {
    const ptrdiff_t q_stride = p.head + 3, k_stride = p.head + 1, out_stride = p.head + 9;
    const ptrdiff_t panel = ptrdiff_t(p.keys) * columns() + 5;
    std::vector<float> q(count * q_stride + 1, kPoison), k((p.keys + 1) * k_stride + 1, kPoison);
    std::vector<float> v(panel * (p.head / columns()) + 1, kPoison), out((count + 2) * out_stride + 1, kPoison);
    for (int i = 0; i < count; i++) std::copy_n(&p.q[(first + i) * p.head], p.head, &q[1 + i * q_stride]);
    for (int t = 0; t < p.keys; t++) {
      std::copy_n(&p.k[t * p.head], p.head, &k[1 + t * k_stride]);
      for (int d = 0; d < p.head; d++) v[1 + d / columns() * panel + t * columns() + d % columns()] = p.v[t * p.head + d];
    }
    const size_t bytes = kernels().attention_scratch(p.keys, p.head);
    AlignedArray<std::byte> scratch(bytes + 64);
    std::memset(scratch.data(), 0xff, bytes + 64);
    kernels().attend({.queries = count, .keys = p.keys, .head_size = p.head, .q = &q[1], .q_stride = q_stride,
                      .k = &k[1], .k_stride = k_stride, .v = &v[1], .v_panel_stride = panel, .scale = scale,
                      .out = &out[1 + out_stride], .out_stride = out_stride, .scratch = scratch.data()});
    for (size_t i = bytes; i < bytes + 64; i++) EXPECT_EQ(scratch[i], std::byte{0xff}) << "scratch overrun";
    std::vector<float> result;
    for (ptrdiff_t i = 0; i < ptrdiff_t(out.size()); i++) {
      const ptrdiff_t row = (i - 1) / out_stride - 1, column = (i - 1) % out_stride;
      if (i > 0 && row >= 0 && row < count && column < p.head) {
        result.push_back(out[i]);
      } else {
        EXPECT_TRUE(std::isnan(out[i])) << "written outside, at " << i;
      }
    }
    return result;
  }

  std::vector<double> expected(const Problem& p, double scale) {
    std::vector<double> out(p.keys * p.head, 0.0), weights(p.keys);
    for (int i = 0; i < p.keys; i++) {
      double highest = -INFINITY, sum = 0;
      for (int t = 0; t < p.keys; t++) {
        double dot = 0;
        for (int d = 0; d < p.head; d++) dot += double(p.q[i * p.head + d]) * p.k[t * p.head + d];
        highest = std::max(highest, weights[t] = dot * scale);
      }
      for (double& w : weights) sum += w = std::exp2(w - highest);
      for (int t = 0; t < p.keys; t++) {
        for (int d = 0; d < p.head; d++) out[i * p.head + d] += weights[t] / sum * p.v[t * p.head + d];
      }
    }
    return out;
  }

  // In bfloat16, scores of size s are off by s / 256.
  double tolerance(double float32, double bfloat16) const {
    const std::string name = GetParam().choice.layers->instruction_set;
    return name.find("bf16") != std::string::npos ? bfloat16 : float32;
  }

  void expect_near(const std::vector<float>& actual, const std::vector<double>& wanted, double limit) {
    ASSERT_EQ(actual.size(), wanted.size());
    for (size_t i = 0; i < actual.size(); i++) ASSERT_NEAR(actual[i], wanted[i], limit) << "at " << i;
  }
};

TEST_P(AttentionTest, RaggedLengths) {
  for (int head : {columns(), 2 * columns()}) {
    for (int keys : {1, 2, kernels().tile_rows - 1, kernels().tile_rows + 1, columns() - 1, columns(), columns() + 1, 97}) {
      const Problem p = make(keys, head, 1.0f, keys);
      const float scale = 1.4427f / std::sqrt(float(head));
      expect_near(run(p, 0, keys, scale), expected(p, scale), tolerance(5e-6, 3e-2));
    }
  }
}

TEST_P(AttentionTest, LongestSequence) {
  const Problem p = make(512, columns(), 1.0f, 9);
  expect_near(run(p, 0, 512, 0.25f), expected(p, 0.25), tolerance(5e-6, 3e-2));
}

TEST_P(AttentionTest, ScoresThatOverflowExponentials) {
  const Problem p = make(50, columns(), 20.0f, 4);  // scores of several hundred
  expect_near(run(p, 0, 50, 0.25f), expected(p, 0.25), tolerance(5e-3, 60));
}

TEST_P(AttentionTest, EqualScoresAverage) {
  Problem p = make(37, columns(), 1.0f, 6);
  std::fill(p.q.begin(), p.q.end(), 0.0f);
  std::fill(p.v.begin(), p.v.end(), 2.5f);
  for (float x : run(p, 0, 37, 1.0f)) ASSERT_NEAR(x, 2.5f, tolerance(1e-6, 1e-2));
}

TEST_P(AttentionTest, AQueryIsTheSameInEveryTile) {
  const Problem p = make(61, columns(), 1.0f, 2);
  const std::vector<float> together = run(p, 0, 61, 0.2f);
  for (int height = 1; height <= kernels().tile_rows + 1; height++) {
    for (int first = 0; first + height <= 61; first += height) {
      const std::vector<float> alone = run(p, first, height, 0.2f);
      ASSERT_EQ(0, std::memcmp(alone.data(), &together[first * p.head], alone.size() * 4)) << first << ", " << height;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, AttentionTest, testing::ValuesIn(runnable_kernels()),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace rerank
