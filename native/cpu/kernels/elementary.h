// Elementary functions on vectors; include after one of the simd_*.h.
#pragma once

namespace rerank {
namespace {

// 2^x for x <= 127; relative error 2e-9 before rounding (minimax over [-0.5, 0.5]).
RERANK_INLINE Float exp2(Float x) {
  x = max(splat(-126.0f), x);  // in this order a NaN comes through
  const Float shifter = splat(0x1.8p23f);  // adding it rounds to an integer and leaves that in the low bits
  const Float n = add(x, shifter);
  const Float f = sub(x, sub(n, shifter));
  Float p = splat(0x1.41d322p-13f);
  p = fma(p, f, splat(0x1.5f456ap-10f));
  p = fma(p, f, splat(0x1.3b2dbcp-7f));
  p = fma(p, f, splat(0x1.c6aed4p-5f));
  p = fma(p, f, splat(0x1.ebfbdap-3f));
  p = fma(p, f, splat(0x1.62e430p-1f));
  p = fma(p, f, splat(1.0f));
  return scale_by_power(p, n);
}

// x times the normal distribution function: 0.5 x (1 + erf(x / sqrt 2)). The distribution minus one half is
// x P(x^2), P minimax over |x| <= 5.5 in t = 2 (x / 5.5)^2 - 1; error of the result under 1.5e-7 max(1, |x|).
RERANK_INLINE Float gelu(Float x) {
  const Float c = min(max(x, splat(-5.5f)), splat(5.5f));
  const Float t = fma(mul(c, c), splat(2.0f / (5.5f * 5.5f)), splat(-1.0f));
  Float p = splat(0x1.1a282ep-11f);
  p = fma(p, t, splat(-0x1.66da1cp-10f));
  p = fma(p, t, splat(0x1.0c52dep-10f));
  p = fma(p, t, splat(-0x1.4237f2p-10f));
  p = fma(p, t, splat(0x1.15a7a0p-8f));
  p = fma(p, t, splat(-0x1.f6fbdcp-8f));
  p = fma(p, t, splat(0x1.5707e0p-7f));
  p = fma(p, t, splat(-0x1.e0bf40p-7f));
  p = fma(p, t, splat(0x1.4c661ep-6f));
  p = fma(p, t, splat(-0x1.abd3c2p-6f));
  p = fma(p, t, splat(0x1.06d048p-5f));
  p = fma(p, t, splat(-0x1.3dbecap-5f));
  p = fma(p, t, splat(0x1.870fbap-5f));
  p = fma(p, t, splat(-0x1.06d9b8p-4f));
  p = fma(p, t, splat(0x1.07463cp-3f));
  return mul(x, fma(c, p, splat(0.5f)));
}

// 0.5 x (1 + tanh(u)) = x / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3).
RERANK_INLINE Float gelu_tanh(Float x) {
  constexpr float kScale = -2.0f * 0.7978845608f * 1.4426950409f;  // -2 sqrt(2 / pi) log2(e)
  const Float cubic = fma(mul(x, x), splat(kScale * 0.044715f), splat(kScale));
  const Float power = exp2(min(splat(126.0f), mul(x, cubic)));
  return div(x, add(splat(1.0f), power));
}

RERANK_INLINE Float relu(Float x) { return max(splat(0.0f), x); }

// The same over a tile in memory.
template <Float (*function)(Float)>
void apply(float* x, ptrdiff_t stride, int rows) {
  for (int i = 0; i < rows; i++) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) {
      float* p = x + i * stride + j * kLanes;
      store(p, function(load(p)));
    }
  }
}

__attribute__((noinline)) void apply(Finish finish, float* x, ptrdiff_t stride, int rows) {
  switch (finish) {
    case Finish::kNone: break;
    case Finish::kGelu: apply<gelu>(x, stride, rows); break;
    case Finish::kGeluTanh: apply<gelu_tanh>(x, stride, rows); break;
    case Finish::kRelu: apply<relu>(x, stride, rows); break;
  }
}

}  // namespace
}  // namespace rerank
