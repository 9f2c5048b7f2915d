#include "cpu/block_encoder.h"

#include <algorithm>
#include <cmath>

namespace rerank {
namespace {

// Rows that go through the feed-forward layers together: they and their intermediate columns fit the second-level
// cache.
constexpr int kChunkRows = 128;

ptrdiff_t odd_line_stride(int width, int element_size) {
  const int lines = (width * element_size + 63) / 64;
  return (lines | 1) * 64 / element_size;
}

Finish finish_of(Activation activation) {
  switch (activation) {
    case Activation::kGelu: return Finish::kGelu;
    case Activation::kGeluTanh: return Finish::kGeluTanh;
    case Activation::kRelu: return Finish::kRelu;
  }
  return Finish::kNone;
}

// Calls body(first, count) for runs of nearly equal length that cover `rows`.
template <class Body>
void for_each_chunk(int rows, const Body& body) {
  int first = 0;
  for (int left = (rows + kChunkRows - 1) / kChunkRows; left > 0; left--) {
    const int count = (rows - first + left - 1) / left;
    body(first, count);
    first += count;
  }
}

// All inputs and outputs of a layer, with its bias, into row-major `out`.
LinearCall whole(const PackedMatrix& matrix, Operand operand, int rows, const KernelTable& kernels, float* out,
                 ptrdiff_t out_stride) {
  return {.layer = &matrix.linear,
          .operand = operand,
          .rows = rows,
          .first_input = 0,
          .inputs = matrix.linear.inputs,
          .first_panel = 0,
          .panels = matrix.linear.outputs / kernels.tile_columns,
          .add_bias = true,
          .residual = nullptr,
          .residual_stride = 0,
          .finish = Finish::kNone,
          .out = out,
          .row_stride = out_stride,
          .panel_stride = kernels.tile_columns};
}

}  // namespace

BlockEncoder::BlockEncoder(const PackedModel& model, const KernelTable& layers, const KernelTable& head)
    : model_(model), kernels_(layers), head_kernels_(head) {
  x_.stride = odd_line_stride(model.hidden, sizeof(float));
  sum_.stride = x_.stride;
  context_.stride = odd_line_stride(model.attention_width(), sizeof(float));
  inner_.stride = odd_line_stride(model.chunk, sizeof(float));
  inner_.data.reserve(kChunkRows * inner_.stride);
  sum_.data.reserve(kChunkRows * sum_.stride);
}

void BlockEncoder::begin() {
  pooled_sequences_.clear();
  pooled_x_.clear();
  pooled_context_.clear();
}

void BlockEncoder::encode(const PackedBatch& batch, std::span<const int> sequences) {
  std::vector<int> lengths;
  int tokens = 0;
  for (int s : sequences) {
    lengths.push_back(batch.length(s));
    tokens += lengths.back();
  }
  reserve_block(tokens, *std::max_element(lengths.begin(), lengths.end()));
  embed(batch, sequences);
  pooled_sequences_.insert(pooled_sequences_.end(), sequences.begin(), sequences.end());
  for (size_t i = 0; i < model_.layers.size(); i++) {
    const bool last = i + 1 == model_.layers.size();
    attend(model_.layers[i], lengths, tokens, last);
    if (!last) finish_layer(model_.layers[i], x_.data.data(), context_.data.data(), tokens);
  }
}

void BlockEncoder::embed(const PackedBatch& batch, std::span<const int> sequences) {
  int first = 0;
  for (int s : sequences) {
    const int length = batch.length(s);
    kernels_.embed({.rows = length,
                    .width = model_.architecture.hidden_size,
                    .ids = batch.input_ids.data() + batch.offsets[s],
                    .type_ids = batch.token_type_ids.data() + batch.offsets[s],
                    .words = model_.word_embeddings.data.get(),
                    .types = model_.type_embeddings.data.get(),
                    .positions = model_.position_embeddings.data.get(),
                    .word_type = stored(model_.word_embeddings.type),
                    .type_type = stored(model_.type_embeddings.type),
                    .position_type = stored(model_.position_embeddings.type),
                    .out = x_.row(first),
                    .out_stride = x_.stride});
    first += length;
  }
  normalize(model_.embedding_norm, x_.data.data(), x_.stride, x_.data.data(), first);
}

void BlockEncoder::attend(const PackedLayer& layer, std::span<const int> lengths, int tokens, bool last) {
  const int columns = kernels_.tile_columns, head = model_.head, panels = head / columns;
  const Operand all = operand(x_.data.data(), x_.stride, tokens, model_.hidden, x_operand_);
  Operand queries = all;
  int query_rows = tokens;
  float* context = context_.data.data();
  if (last) {
    const size_t pooled = pooled_x_.size() / x_.stride;
    query_rows = static_cast<int>(lengths.size());
    int first = 0;
    for (int length : lengths) {
      pooled_x_.insert(pooled_x_.end(), x_.row(first), x_.row(first) + x_.stride);
      first += length;
    }
    pooled_context_.resize((pooled + query_rows) * context_.stride);
    context = &pooled_context_[pooled * context_.stride];
    queries = operand(&pooled_x_[pooled * x_.stride], x_.stride, query_rows, model_.hidden, first_operand_);
  }

  // One head at a time: its queries, keys and values stay in the cache between projection and use.
  for (int h = 0; h < model_.architecture.heads; h++) {
    const auto project = [&](const PackedMatrix& matrix, Operand rows, int count, float* out, ptrdiff_t row_stride,
                             ptrdiff_t panel_stride) {
      LinearCall call = whole(matrix, rows, count, kernels_, out, row_stride);
      call.first_panel = h * panels;
      call.panels = panels;
      call.panel_stride = panel_stride;
      kernels_.linear(call);
    };
    const ptrdiff_t value_panel = ptrdiff_t(tokens) * columns;
    project(layer.query, queries, query_rows, q_.data(), head, columns);
    project(layer.key, all, tokens, k_.data(), head, columns);
    project(layer.value, all, tokens, v_.data(), columns, value_panel);
    int first = 0;
    for (size_t i = 0; i < lengths.size(); i++) {
      const ptrdiff_t query = last ? static_cast<ptrdiff_t>(i) : first;
      kernels_.attend({.queries = last ? 1 : lengths[i],
                       .keys = lengths[i],
                       .head_size = head,
                       .q = q_.data() + query * head,
                       .q_stride = head,
                       .k = k_.data() + ptrdiff_t(first) * head,
                       .k_stride = head,
                       .v = v_.data() + ptrdiff_t(first) * columns,
                       .v_panel_stride = value_panel,
                       // Exponentials are taken to base 2.
                       .scale = float(M_LOG2E / std::sqrt(double(model_.architecture.head_size))),
                       .out = context + query * context_.stride + h * head,
                       .out_stride = context_.stride,
                       .scratch = scratch_.data()});
      first += lengths[i];
    }
  }
}

void BlockEncoder::finish_layer(const PackedLayer& layer, float* x, float* context, int rows) {
  for_each_chunk(rows, [&](int first, int count) {
    float* rows_x = x + first * x_.stride;
    const Operand heads = operand(context + first * context_.stride, context_.stride, count, model_.attention_width(),
                                  context_operand_);
    LinearCall project = whole(layer.attention_output, heads, count, kernels_, rows_x, x_.stride);
    project.residual = rows_x;
    project.residual_stride = x_.stride;
    kernels_.linear(project);
    normalize(layer.attention_norm, rows_x, x_.stride, rows_x, count);
    feed_forward(layer, rows_x, count);
  });
}

void BlockEncoder::feed_forward(const PackedLayer& layer, float* x, int rows) {
  const int columns = kernels_.tile_columns;
  const Operand in = operand(x, x_.stride, rows, model_.hidden, first_operand_);
  for (int first = 0; first < model_.intermediate; first += model_.chunk) {
    const int width = std::min(model_.chunk, model_.intermediate - first);
    LinearCall up = whole(layer.up, in, rows, kernels_, inner_.data.data(), inner_.stride);
    up.first_panel = first / columns;
    up.panels = width / columns;
    up.finish = finish_of(model_.architecture.activation);
    kernels_.linear(up);

    const Operand inner = operand(inner_.data.data(), inner_.stride, rows, width, inner_operand_);
    LinearCall down = whole(layer.down, inner, rows, kernels_, sum_.data.data(), sum_.stride);
    down.first_input = first;
    down.inputs = width;
    down.add_bias = first == 0;
    down.residual = first == 0 ? x : sum_.data.data();
    down.residual_stride = x_.stride;
    kernels_.linear(down);
  }
  normalize(layer.output_norm, sum_.data.data(), sum_.stride, x, rows);
}

void BlockEncoder::score(std::span<float> logits) {
  const int sequences = static_cast<int>(pooled_sequences_.size());
  const int labels = model_.architecture.labels;
  const ptrdiff_t label_stride = model_.classifier.linear.outputs;
  if (sequences == 0) return;
  finish_layer(model_.layers.back(), pooled_x_.data(), pooled_context_.data(), sequences);
  std::vector<float> out(std::min(sequences, kChunkRows) * label_stride);
  for_each_chunk(sequences, [&](int first, int count) {
    const Operand in{pooled_x_.data() + first * x_.stride, x_.stride, nullptr};
    head_kernels_.linear(whole(model_.pooler, in, count, head_kernels_, sum_.data.data(), sum_.stride));
    for (int r = 0; r < count; r++) {
      for (int i = 0; i < model_.architecture.hidden_size; i++) sum_.row(r)[i] = std::tanh(sum_.row(r)[i]);
    }
    const Operand pooled{sum_.data.data(), sum_.stride, nullptr};
    head_kernels_.linear(whole(model_.classifier, pooled, count, head_kernels_, out.data(), label_stride));
    for (int r = 0; r < count; r++) {
      std::copy_n(&out[r * label_stride], labels, &logits[size_t(pooled_sequences_[first + r]) * labels]);
    }
  });
}

void BlockEncoder::normalize(const PackedNorm& norm, const float* in, ptrdiff_t in_stride, float* out, int rows) const {
  kernels_.normalize({.in = in,
                      .in_stride = in_stride,
                      .rows = rows,
                      .width = model_.architecture.hidden_size,
                      .padded_width = model_.hidden,
                      .weight = norm.weight.data(),
                      .bias = norm.bias.data(),
                      .epsilon = model_.architecture.norm_epsilon,
                      .out = out,
                      .out_stride = x_.stride});
}

Operand BlockEncoder::operand(const float* rows, ptrdiff_t stride, int count, int width, OperandBuffer& buffer) const {
  if (kernels_.prepare == nullptr) return {rows, stride, nullptr};
  const ptrdiff_t out_stride = odd_line_stride(width, kernels_.operand_size);
  buffer.data.reserve(size_t(count) * out_stride * kernels_.operand_size);
  buffer.ranges.reserve(size_t(count) * int8_groups(width));
  kernels_.prepare({.in = rows,
                    .in_stride = stride,
                    .rows = count,
                    .width = width,
                    .out = buffer.data.data(),
                    .out_stride = out_stride,
                    .ranges = buffer.ranges.data()});
  return {buffer.data.data(), out_stride, buffer.ranges.data()};
}

void BlockEncoder::reserve_block(int tokens, int longest) {
  x_.data.reserve(size_t(tokens) * x_.stride);
  context_.data.reserve(size_t(tokens) * context_.stride);
  for (AlignedArray<float>* head : {&q_, &k_, &v_}) head->reserve(size_t(tokens) * model_.head);
  scratch_.reserve(kernels_.attention_scratch(longest, model_.head));
}

size_t BlockEncoder::bytes() const {
  size_t total = scratch_.bytes() + q_.bytes() + k_.bytes() + v_.bytes();
  for (const Rows* rows : {&x_, &context_, &inner_, &sum_}) total += rows->data.bytes();
  for (const OperandBuffer* b : {&x_operand_, &first_operand_, &context_operand_, &inner_operand_}) {
    total += b->data.bytes() + b->ranges.bytes();
  }
  return total + (pooled_x_.capacity() + pooled_context_.capacity()) * sizeof(float);
}

}  // namespace rerank
