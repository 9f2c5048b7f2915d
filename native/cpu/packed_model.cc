#include "cpu/packed_model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace rerank {
namespace {

constexpr int kChunkColumns = 384;

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

// One extent of a matrix: `groups` runs of `size`, each padded to `padded_size`, all padded to `total`.
struct Extent {
  int groups, size, padded_size, total;

  // The packed index of a file's index.
  int packed(int index) const { return index / size * padded_size + index % size; }
  int count() const { return groups * size; }
};

uint16_t to_bfloat16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

class Packer {
 public:
  explicit Packer(const KernelTable& kernels) : kernels_(kernels), columns_(kernels.tile_columns) {}

  PackedMatrix pack(const Linear& source, Extent out, Extent in) const {
    PackedMatrix m;
    m.linear = {.inputs = in.total, .outputs = out.total, .chunk_inputs = in.total};
    m.bias = AlignedArray<float>(out.total);
    std::fill_n(m.bias.data(), out.total, 0.0f);
    if (source.bias) {
      const std::vector<float> bias = widen(*source.bias);
      for (int i = 0; i < out.count(); i++) m.bias[out.packed(i)] = bias[i];
    }
    m.weights = AlignedArray<std::byte>(size_t(in.total) * out.total * element_size());

    std::vector<int> file_row(out.total, -1);
    for (int i = 0; i < out.count(); i++) file_row[out.packed(i)] = i;
    std::vector<float> rows(size_t(columns_) * in.total), row(in.count());
    for (int first = 0; first < out.total; first += columns_) {
      std::fill(rows.begin(), rows.end(), 0.0f);
      for (int j = 0; j < columns_; j++) {
        if (file_row[first + j] < 0) continue;
        widen(source.weight, size_t(file_row[first + j]) * in.count(), in.count(), row.data());
        float* to = &rows[size_t(j) * in.total];
        for (int g = 0; g < in.groups; g++) std::copy_n(&row[g * in.size], in.size, to + g * in.padded_size);
      }
      interleave(rows.data(), in.total, m.weights.data() + size_t(first) * in.total * element_size());
    }
    m.linear.weights = m.weights.data();
    m.linear.bias = m.bias.data();
    return m;
  }

 private:
  size_t element_size() const { return kernels_.layout == WeightLayout::kFloat32 ? 4 : 2; }

  void interleave(const float* rows, int inputs, std::byte* out) const {
    switch (kernels_.layout) {
      case WeightLayout::kFloat32: {
        float* to = reinterpret_cast<float*>(out);
        for (int k = 0; k < inputs; k++) {
          for (int j = 0; j < columns_; j++) *to++ = rows[size_t(j) * inputs + k];
        }
        break;
      }
      case WeightLayout::kBFloat16: {
        uint16_t* to = reinterpret_cast<uint16_t*>(out);
        const int lanes = kernels_.lanes;
        for (int k = 0; k < inputs; k++) {
          for (int pair = 0; pair < columns_; pair += 2 * lanes) {
            for (int j = pair; j < pair + lanes; j++) {
              *to++ = to_bfloat16(rows[size_t(j) * inputs + k]);
              *to++ = to_bfloat16(rows[size_t(j + lanes) * inputs + k]);
            }
          }
        }
        break;
      }
      default: break;
    }
  }

  const KernelTable& kernels_;
  const int columns_;
};

PackedNorm pack(const LayerNorm& source, int padded) {
  PackedNorm norm{AlignedArray<float>(padded), AlignedArray<float>(padded)};
  const auto fill = [&](const Tensor& from, AlignedArray<float>& to) {
    std::fill_n(to.data(), padded, 0.0f);
    widen(from, 0, from.elements(), to.data());
  };
  fill(source.weight, norm.weight);
  fill(source.bias, norm.bias);
  return norm;
}

}  // namespace

PackedModel::PackedModel(Transformer model, const KernelTable& kernels, const KernelTable& head_kernels, ThreadPool& pool)
    : architecture(model.architecture) {
  const Architecture& a = architecture;
  const int columns = kernels.tile_columns;
  hidden = round_up(a.hidden_size, columns);
  head = round_up(a.head_size, columns);
  intermediate = round_up(a.intermediate_size, columns);
  const int chunks = (intermediate + kChunkColumns - 1) / kChunkColumns;
  chunk = round_up((intermediate + chunks - 1) / chunks, columns);

  word_embeddings = std::move(model.word_embeddings);
  position_embeddings = std::move(model.position_embeddings);
  type_embeddings = std::move(model.type_embeddings);
  embedding_norm = pack(model.embedding_norm, hidden);
  layers.resize(a.layers);

  const Packer packer(kernels), head_packer(head_kernels);
  const Extent plain{1, a.hidden_size, a.hidden_size, hidden};
  const Extent by_head{a.heads, a.head_size, head, attention_width()};
  const Extent inner{1, a.intermediate_size, a.intermediate_size, intermediate};
  const Extent labels{1, a.labels, a.labels, round_up(a.labels, columns)};
  std::vector<std::function<void()>> tasks;
  const auto add = [&tasks](const Packer& p, Linear& source, PackedMatrix& to, const Extent& out, const Extent& in) {
    tasks.push_back([&, out, in] {
      to = p.pack(source, out, in);
      source = {};
    });
  };
  for (int i = 0; i < a.layers; i++) {
    Layer& from = model.layers[i];
    PackedLayer& to = layers[i];
    add(packer, from.query, to.query, by_head, plain);
    add(packer, from.key, to.key, by_head, plain);
    add(packer, from.value, to.value, by_head, plain);
    add(packer, from.attention_output, to.attention_output, plain, by_head);
    add(packer, from.up, to.up, inner, plain);
    add(packer, from.down, to.down, plain, inner);
    to.attention_norm = pack(from.attention_norm, hidden);
    to.output_norm = pack(from.output_norm, hidden);
  }
  add(head_packer, model.pooler, pooler, plain, plain);
  add(head_packer, model.classifier, classifier, labels, plain);

  std::atomic<size_t> next{0};
  pool.run([&](int) {
    for (size_t i; (i = next.fetch_add(1)) < tasks.size();) tasks[i]();
  });
}

size_t PackedModel::bytes() const {
  size_t total = word_embeddings.bytes() + position_embeddings.bytes() + type_embeddings.bytes() + pooler.bytes() +
                 classifier.bytes();
  for (const PackedLayer& l : layers) {
    for (const PackedMatrix* m : {&l.query, &l.key, &l.value, &l.attention_output, &l.up, &l.down}) total += m->bytes();
  }
  return total;
}

}  // namespace rerank
