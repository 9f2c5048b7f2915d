// What happens to one row at a time: embedding lookup and LayerNorm.
#pragma once

namespace rerank {
namespace {

// Sum of term(k) over columns k .. k + kLanes, for all columns below `width`.
template <class Term>
RERANK_INLINE float sum_columns(int width, const Term& term) {
  Float a = splat(0.0f), b = a, c = a, d = a;
  int k = 0;
  for (; k + 4 * kLanes <= width; k += 4 * kLanes) {
    a = add(a, term(k));
    b = add(b, term(k + kLanes));
    c = add(c, term(k + 2 * kLanes));
    d = add(d, term(k + 3 * kLanes));
  }
  for (; k + kLanes <= width; k += kLanes) a = add(a, term(k));
  if (k < width) a = add(a, keep_first(term(k), width - k));
  return sum(add(add(a, b), add(c, d)));
}

void normalize(const NormCall& call) {
  for (int r = 0; r < call.rows; r++) {
    const float* in = call.in + r * call.in_stride;
    float* out = call.out + r * call.out_stride;
    const Float mean = splat(sum_columns(call.width, [&](int k) { return load(in + k); }) / (float)call.width);
    const float squares = sum_columns(call.width, [&](int k) {
      const Float d = sub(load(in + k), mean);
      return mul(d, d);
    });
    const Float deviation = square_root(splat(squares / (float)call.width + call.epsilon));
    const Float inverse = div(splat(1.0f), deviation);
    int k = 0;
    for (; k + kLanes <= call.width; k += kLanes) {
      const Float x = mul(sub(load(in + k), mean), inverse);
      store(out + k, fma(x, load(call.weight + k), load(call.bias + k)));
    }
    for (; k < call.padded_width; k += kLanes) {
      const int kept = call.width - k;
      const Float x = mul(sub(load(in + k), mean), inverse);
      store(out + k, keep_first(fma(x, load(call.weight + k), load(call.bias + k)), kept));
    }
  }
}

RERANK_INLINE Float load_stored(StoredFloat type, const void* p) {
  switch (type) {
    case StoredFloat::kFloat32: return load((const float*)p);
    case StoredFloat::kFloat16: return load_half((const uint16_t*)p);
    case StoredFloat::kBFloat16: return load_bfloat16((const uint16_t*)p);
  }
  return splat(0.0f);
}

// One embedding row, read a vector at a time and never past its end.
struct StoredRow {
  const char* data;
  StoredFloat type;
  int width;

  StoredRow(const void* table, StoredFloat stored, int columns, ptrdiff_t row)
      : data((const char*)table + row * columns * (stored == StoredFloat::kFloat32 ? 4 : 2)),
        type(stored),
        width(columns) {}

  RERANK_INLINE Float at(int k) const {
    const int size = type == StoredFloat::kFloat32 ? 4 : 2;
    if (k + kLanes <= width) return load_stored(type, data + (ptrdiff_t)k * size);
    char tail[kLanes * 4] = {};
    for (int i = 0; i < (width - k) * size; i++) tail[i] = data[(ptrdiff_t)k * size + i];
    return load_stored(type, tail);
  }
};

void embed(const EmbeddingCall& call) {
  for (int r = 0; r < call.rows; r++) {
    const StoredRow word(call.words, call.word_type, call.width, call.ids[r]);
    const StoredRow kind(call.types, call.type_type, call.width, call.type_ids[r]);
    const StoredRow position(call.positions, call.position_type, call.width, r);
    float* out = call.out + r * call.out_stride;
    for (int k = 0; k < call.width; k += kLanes) store(out + k, add(add(word.at(k), kind.at(k)), position.at(k)));
  }
}

}  // namespace
}  // namespace rerank
