// What happens to one row at a time: widening, embedding lookup and LayerNorm.
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

// A row as a file stores it, read a vector at a time and never past its end.
struct StoredRow {
  const char* data;
  StoredFloat type;
  int width;

  RERANK_INLINE int size() const { return type == StoredFloat::kFloat32 ? 4 : 2; }
  RERANK_INLINE Float load_from(const void* p) const {
    switch (type) {
      case StoredFloat::kFloat32: return load((const float*)p);
      case StoredFloat::kFloat16: return load_half((const uint16_t*)p);
      case StoredFloat::kBFloat16: return load_bfloat16((const uint16_t*)p);
    }
    return splat(0.0f);
  }
  RERANK_INLINE Float at(int k) const {
    if (k + kLanes <= width) return load_from(data + (ptrdiff_t)k * size());
    char tail[kLanes * 4] = {};
    for (int i = 0; i < (width - k) * size(); i++) tail[i] = data[(ptrdiff_t)k * size() + i];
    return load_from(tail);
  }
};

RERANK_INLINE StoredRow row_of(const void* table, StoredFloat type, int width, ptrdiff_t row) {
  return {(const char*)table + row * width * (type == StoredFloat::kFloat32 ? 4 : 2), type, width};
}

void widen(StoredFloat type, const void* in, int count, float* out) {
  const StoredRow row{(const char*)in, type, count};
  int k = 0;
  for (; k + kLanes <= count; k += kLanes) store(out + k, row.at(k));
  if (k == count) return;
  float tail[kLanes];
  store(tail, row.at(k));
  for (int i = 0; k + i < count; i++) out[k + i] = tail[i];
}

void transpose_panel(const float* rows, int inputs, float* panel) {
  for (int k = 0; k < inputs; k += kLanes) {
    for (int j = 0; j < kTileColumns; j += kLanes) {
      transpose(rows + (ptrdiff_t)j * inputs + k, inputs, panel + (ptrdiff_t)k * kTileColumns + j, kTileColumns);
    }
  }
}

void embed(const EmbeddingCall& call) {
  for (int r = 0; r < call.rows; r++) {
    const StoredRow word = row_of(call.words, call.word_type, call.width, call.ids[r]);
    const StoredRow kind = row_of(call.types, call.type_type, call.width, call.type_ids[r]);
    const StoredRow position = row_of(call.positions, call.position_type, call.width, r);
    float* out = call.out + r * call.out_stride;
    for (int k = 0; k < call.width; k += kLanes) store(out + k, add(add(word.at(k), kind.at(k)), position.at(k)));
  }
}

}  // namespace
}  // namespace rerank
