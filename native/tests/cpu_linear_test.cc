// Linear layers of every kernel table against sums in double precision, over ragged shapes, with poisoned memory
// around every buffer.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "cpu/packed_matrix.h"
#include "tests/cpu_test_kernels.h"

namespace rerank {
namespace {

constexpr float kPoison = std::numeric_limits<float>::quiet_NaN();

Tensor tensor(std::vector<int64_t> shape, const std::vector<float>& values) {
  std::shared_ptr<std::byte[]> bytes(new std::byte[values.size() * 4]);
  std::memcpy(bytes.get(), values.data(), values.size() * 4);
  return {"test", FloatType::kFloat32, std::move(shape), bytes};
}

std::vector<float> random_values(std::mt19937& random, size_t count, float spread) {
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> values(count);
  for (float& v : values) v = normal(random);
  return values;
}

float to_bfloat16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
}

// `values` as a kernel of this table sees them: rounded to the operand's or the weights' type.
std::vector<float> as_weights(const KernelTable& kernels, std::vector<float> values, int inputs) {
  switch (kernels.layout) {
    case WeightLayout::kFloat32: break;
    case WeightLayout::kBFloat16:
    case WeightLayout::kBFloat16Pairs:
      for (float& v : values) v = to_bfloat16(v);
      break;
    case WeightLayout::kInt8Pairs:
    case WeightLayout::kInt8Quads:
      for (size_t row = 0; row < values.size(); row += inputs) {
        for (int first = 0; first < inputs; first += kInt8Group) {
          float highest = 0;
          const int end = std::min(inputs, first + kInt8Group);
          for (int k = first; k < end; k++) highest = std::max(highest, std::fabs(values[row + k]));
          for (int k = first; k < end; k++) values[row + k] = std::nearbyint(values[row + k] * (127 / highest)) * (highest / 127);
        }
      }
      break;
  }
  return values;
}

struct Shape {
  int rows, inputs, outputs;
};

class LinearTest : public testing::TestWithParam<TestKernels> {
 protected:
  const KernelTable& kernels() const { return GetParam().layers(); }
  int columns() const { return kernels().tile_columns; }
  int padded(int n) const { return (n + columns() - 1) / columns() * columns(); }

  // Sizes around the tile's edges.
  std::vector<int> edges(int tile) const { return {1, tile - 1, tile, tile + 1, 67, 512}; }

  struct Problem {
    Shape shape;
    PackedMatrix matrix;
    std::vector<float> weights, bias, x, residual;  // x: [rows][padded inputs], zeros behind the last input
  };

  Problem make(const Shape& shape, uint32_t seed) {
    std::mt19937 random(seed);
    Problem p{.shape = shape};
    p.weights = random_values(random, size_t(shape.outputs) * shape.inputs, 0.1f);
    p.bias = random_values(random, shape.outputs, 0.5f);
    const Linear linear{tensor({shape.outputs, shape.inputs}, p.weights), tensor({shape.outputs}, p.bias)};
    p.matrix = PackedMatrix(linear, {1, shape.outputs, shape.outputs, padded(shape.outputs)},
                            {1, shape.inputs, shape.inputs, padded(shape.inputs)}, kernels());
    const int width = padded(shape.inputs);
    p.x.assign(size_t(shape.rows) * width, 0.0f);
    for (int r = 0; r < shape.rows; r++) {
      const std::vector<float> row = random_values(random, shape.inputs, 1.0f + float(r % 3));
      std::copy(row.begin(), row.end(), p.x.begin() + ptrdiff_t(r) * width);
    }
    p.residual = random_values(random, size_t(shape.rows) * padded(shape.outputs), 1.0f);
    return p;
  }

  // Runs rows [first, first + count) and returns [count][padded outputs]; checks that nothing around it was written.
  std::vector<float> run(const Problem& p, int first, int count, Finish finish, bool residual, bool in_two_halves = false) {
    const int width = padded(p.shape.inputs), outputs = padded(p.shape.outputs);
    // One float off any alignment, poison between and around the rows.
    const ptrdiff_t x_stride = width + 5, out_stride = outputs + 3, residual_stride = outputs + 7;
    std::vector<float> x(size_t(count + 2) * x_stride + 1, kPoison), out(size_t(count + 2) * out_stride + 1, kPoison);
    std::vector<float> start(size_t(count + 2) * residual_stride + 1, kPoison);
    for (int r = 0; r < count; r++) {
      std::copy_n(&p.x[size_t(first + r) * width], width, &x[1 + (r + 1) * x_stride]);
      std::copy_n(&p.residual[size_t(first + r) * outputs], outputs, &start[1 + (r + 1) * residual_stride]);
    }
    float* to = &out[1 + out_stride];
    LinearCall call{.layer = &p.matrix.linear, .rows = count, .panels = outputs / columns(),
                    .residual = residual ? &start[1 + residual_stride] : nullptr, .residual_stride = residual_stride,
                    .finish = finish, .out = to, .row_stride = out_stride, .panel_stride = columns()};
    std::vector<std::byte> prepared;
    std::vector<Int8Range> ranges;
    const auto multiply = [&](int input, int inputs, bool last) {
      call.first_input = input;
      call.inputs = inputs;
      call.add_bias = input == 0;
      call.finish = last ? finish : Finish::kNone;
      if (input > 0) {
        call.residual = to;
        call.residual_stride = out_stride;
      }
      const float* from = &x[1 + x_stride + input];
      call.operand = {from, x_stride, nullptr};
      if (kernels().prepare != nullptr) {
        const ptrdiff_t stride = inputs + 6;
        prepared.assign((size_t(count) * stride + 1) * kernels().operand_size, std::byte{0xff});
        ranges.assign(size_t(count) * int8_groups(inputs), {kPoison, kPoison});
        std::byte* operand = prepared.data() + kernels().operand_size;
        kernels().prepare({from, x_stride, count, inputs, operand, stride, ranges.data()});
        call.operand = {operand, stride, ranges.data()};
      }
      kernels().linear(call);
    };
    if (in_two_halves) {
      multiply(0, kInt8Group, false);
      multiply(kInt8Group, width - kInt8Group, true);
    } else {
      multiply(0, width, true);
    }
    std::vector<float> result;
    for (ptrdiff_t i = 0; i < ptrdiff_t(out.size()); i++) {
      const ptrdiff_t row = (i - 1) / out_stride - 1, column = (i - 1) % out_stride;
      const bool inside = i > 0 && row >= 0 && row < count && column < outputs;
      if (inside) {
        result.push_back(out[i]);
      } else {
        EXPECT_TRUE(std::isnan(out[i])) << "written outside, at " << i;
      }
    }
    return result;
  }

  // What the rounded operands of this table come to, in double precision.
  std::vector<double> expected(const Problem& p, bool residual) {
    const Shape& s = p.shape;
    const int width = padded(s.inputs), outputs = padded(s.outputs);
    const std::vector<float> weights = as_weights(kernels(), p.weights, s.inputs);
    std::vector<double> out(size_t(s.rows) * outputs, 0.0);
    for (int r = 0; r < s.rows; r++) {
      std::vector<double> x(p.x.begin() + ptrdiff_t(r) * width, p.x.begin() + ptrdiff_t(r + 1) * width);
      if (kernels().operand_size == 2 && kernels().layout == WeightLayout::kBFloat16Pairs) {
        for (double& v : x) v = to_bfloat16(float(v));
      }
      if (GetParam().dtype == "int8") {
        for (int first = 0; first < width; first += kInt8Group) {
          const auto begin = x.begin() + first, end = x.begin() + std::min(width, first + kInt8Group);
          const float low = float(*std::min_element(begin, end)), step = (float(*std::max_element(begin, end)) - low) / kernels().operand_steps;
          const float inverse = 1.0f / step;
          for (auto v = begin; v != end; ++v) *v = low + double(step) * std::nearbyint((float(*v) - low) * inverse);
        }
      }
      for (int o = 0; o < s.outputs; o++) {
        double sum = p.bias[o];
        for (int k = 0; k < s.inputs; k++) sum += x[k] * weights[size_t(o) * s.inputs + k];
        out[size_t(r) * outputs + o] = sum;
      }
      for (int o = 0; residual && o < outputs; o++) out[size_t(r) * outputs + o] += p.residual[size_t(r) * outputs + o];
    }
    return out;
  }

  void expect_near(const std::vector<float>& actual, const std::vector<double>& wanted, double tolerance, const Shape& s) {
    ASSERT_EQ(actual.size(), wanted.size());
    double worst = 0;
    for (size_t i = 0; i < actual.size(); i++) worst = std::max(worst, std::fabs(actual[i] - wanted[i]));
    EXPECT_LT(worst, tolerance) << s.rows << " rows, " << s.inputs << " inputs, " << s.outputs << " outputs";
    for (float v : actual) ASSERT_FALSE(std::isnan(v));
  }
};

TEST_P(LinearTest, RaggedShapes) {
  uint32_t seed = 1;
  for (int rows : edges(kernels().tile_rows)) {
    for (int inputs : edges(columns())) {
      for (int outputs : {1, columns() - 1, columns() + 1, 61}) {
        if (rows == 512 && inputs == 512) continue;
        const Shape shape{rows, inputs, outputs};
        const Problem p = make(shape, seed++);
        expect_near(run(p, 0, rows, Finish::kNone, false), expected(p, false), 2e-5 * std::sqrt(inputs), shape);
      }
    }
  }
}

TEST_P(LinearTest, ResidualInPassesOverDeepInputs) {
  for (int inputs : {384, 400, 1000, 1536}) {
    const Shape shape{13, inputs, columns() + 1};
    const Problem p = make(shape, inputs);
    expect_near(run(p, 0, shape.rows, Finish::kNone, true), expected(p, true), 2e-5 * std::sqrt(inputs), shape);
  }
}

TEST_P(LinearTest, InputsInTwoCalls) {
  const Shape shape{9, 384, 2 * columns()};
  const Problem p = make(shape, 11);
  expect_near(run(p, 0, shape.rows, Finish::kNone, true, true), expected(p, true), 1e-3, shape);
}

TEST_P(LinearTest, ARowIsTheSameInEveryTile) {
  const Shape shape{3 * kernels().tile_rows + 1, 200, columns() + 5};
  const Problem p = make(shape, 5);
  const std::vector<float> together = run(p, 0, shape.rows, Finish::kGelu, true);
  const int outputs = padded(shape.outputs);
  for (int height = 1; height <= kernels().tile_rows + 1; height++) {
    for (int first = 0; first + height <= shape.rows; first += height) {
      const std::vector<float> alone = run(p, first, height, Finish::kGelu, true);
      ASSERT_EQ(0, std::memcmp(alone.data(), &together[size_t(first) * outputs], alone.size() * 4))
          << "rows " << first << " to " << first + height;
    }
  }
}

TEST_P(LinearTest, Activations) {
  // Identity weights: the activation of every input, at values the operand types hold exactly.
  const int width = columns();
  std::vector<float> identity(size_t(width) * width, 0.0f);
  for (int i = 0; i < width; i++) identity[size_t(i) * width + i] = 1.0f;
  Problem p{.shape = {256, width, width}};
  p.matrix = PackedMatrix({tensor({width, width}, identity), std::nullopt}, {1, width, width, width},
                          {1, width, width, width}, kernels());
  for (int i = 0; i < 256 * width; i++) p.x.push_back(float(i / width - 128) / 8);  // a row of one value each
  p.residual.assign(p.x.size(), 0.0f);
  const auto gelu = [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); };
  const auto gelu_tanh = [](double x) {
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  };
  const auto relu = [](double x) { return std::max(x, 0.0); };
  const auto check = [&](Finish finish, double (*function)(double)) {
    const std::vector<float> out = run(p, 0, 256, finish, false);
    for (size_t i = 0; i < out.size(); i++) {
      ASSERT_NEAR(out[i], function(p.x[i]), 2e-6) << "at " << p.x[i];
    }
  };
  check(Finish::kGelu, gelu);
  check(Finish::kGeluTanh, gelu_tanh);
  check(Finish::kRelu, relu);
}

TEST_P(LinearTest, InfiniteWeightsGiveNoNumber) {
  Problem p = make({2, columns(), columns()}, 3);
  p.weights[columns() * 3 + 1] = std::numeric_limits<float>::infinity();
  p.matrix = PackedMatrix({tensor({columns(), columns()}, p.weights), std::nullopt}, {1, columns(), columns(), columns()},
                          {1, columns(), columns(), columns()}, kernels());
  const std::vector<float> out = run(p, 0, 2, Finish::kGelu, false);
  EXPECT_FALSE(std::isfinite(out[3]));
  EXPECT_TRUE(std::isfinite(out[2]));
}

INSTANTIATE_TEST_SUITE_P(All, LinearTest, testing::ValuesIn(runnable_kernels()),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace rerank
