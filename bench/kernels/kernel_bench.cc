// The CPU encoder's kernels beside what the machine can do. Times are CPU time of the process, so other load on the
// machine disturbs them little; the roof and each kernel are timed in turns, and the best round of each counts.
//
//   kernel_bench [--model FOLDER] [--dtype float32|bfloat16|int8] [--isa NAME] [--threads N]... [--rounds N]
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "cpu/available_threads.h"
#include "cpu/cpu_encoder.h"
#include "cpu/kernel_choice.h"
#include "cpu/packed_model.h"
#include "cpu/thread_pool.h"
#include "model/bert.h"
#include "roof.h"
#include "tests/cpu_test_model.h"

namespace rerank::bench {
namespace {

struct Options {
  std::string model, dtype = "float32", instruction_set;
  std::vector<int> threads;
  int rounds = 5;
};

double seconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

struct Time {
  double cpu = 1e30, wall = 1e30;
};

Time time_of(const std::function<void()>& work) {
  const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
  work();
  return {seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, seconds(CLOCK_MONOTONIC) - wall};
}

void keep_best(Time& best, const Time& now) { best = {std::min(best.cpu, now.cpu), std::min(best.wall, now.wall)}; }

// Operations the model cannot do without: of the last layer only keys and values of all tokens, the rest for the
// first token of each sequence.
double operations(const Architecture& a, const std::vector<int>& lengths) {
  const double h = a.hidden_size, f = a.intermediate_size;
  double total = 0;
  for (double n : lengths) {
    const double layer = n * 2 * (4 * h * h + 2 * h * f) + 4 * n * n * h;
    const double last = n * 2 * 2 * h * h + 4 * n * h + 2 * (2 * h * h + 2 * h * f);
    total += (a.layers - 1) * layer + last + 2 * h * (h + a.labels);
  }
  return total;
}

class Roofs {
 public:
  Roofs(const std::string& instruction_set, const CpuFeatures& features)
      : loops_(roof_loops(instruction_set, features)), best_(loops_.size()) {}

  void measure() {
    for (size_t i = 0; i < loops_.size(); i++) {
      const long rounds = static_cast<long>(4e8 / loops_[i].operations_per_round);
      const Time t = time_of([&] { loops_[i].run(rounds); });
      best_[i] = std::max(best_[i], double(rounds) * loops_[i].operations_per_round / t.cpu / 1e9);
    }
  }
  double of(const std::string& arithmetic) const {
    double roof = 0;
    for (size_t i = 0; i < loops_.size(); i++) {
      if (loops_[i].arithmetic == arithmetic) roof = std::max(roof, best_[i]);
    }
    return roof;
  }
  void print() const {
    for (size_t i = 0; i < loops_.size(); i++) {
      std::printf("  roof  %-9s %-32s %8.1f G/s per core\n", loops_[i].arithmetic.c_str(), loops_[i].name.c_str(), best_[i]);
    }
  }

 private:
  std::vector<RoofLoop> loops_;
  std::vector<double> best_;
};

struct Row {
  std::string name;
  int threads;
  double operations;
  int pairs;  // 0: a kernel alone
  std::function<void()> work;
  Time best;
};

AlignedArray<float> random_floats(size_t count, float scale) {
  AlignedArray<float> data(count);
  for (size_t i = 0; i < count; i++) data[i] = scale * (float((i * 2654435761u >> 8) & 0xffff) / 32768.0f - 1.0f);
  return data;
}

// One linear layer of the model, many copies of its weights in turn so that they come from where they would.
void add_linear_rows(std::vector<Row>& rows, const KernelTable& kernels, ThreadPool& pool, const Architecture& shape) {
  constexpr int kTokens = 128;
  Architecture a = shape;
  a.layers = 6;
  auto packed = std::make_shared<PackedModel>(random_transformer(a, 1), kernels, kernels, pool);
  auto x = std::make_shared<AlignedArray<float>>(random_floats(size_t(kTokens) * (a.intermediate_size + 16), 1.0f));
  auto out = std::make_shared<AlignedArray<float>>(random_floats(size_t(kTokens) * (a.intermediate_size + 16), 1.0f));
  auto prepared = std::make_shared<AlignedArray<std::byte>>(size_t(kTokens) * (a.intermediate_size + 64) * 4);
  auto ranges = std::make_shared<AlignedArray<Int8Range>>(kTokens * int8_groups(a.intermediate_size));
  const auto add = [&](const char* name, PackedMatrix PackedLayer::*matrix, int inputs, Finish finish) {
    const ptrdiff_t stride = inputs + 16, operand_stride = inputs + 64 / kernels.operand_size;
    Row row{name, 1, 6.0 * 2 * kTokens * inputs * (packed->layers[0].*matrix).linear.outputs, 0, nullptr, {}};
    row.work = [=, &kernels] {
      Operand operand{x->data(), stride, nullptr};
      if (kernels.prepare != nullptr) {
        kernels.prepare({x->data(), stride, kTokens, inputs, prepared->data(), operand_stride, ranges->data()});
        operand = {prepared->data(), operand_stride, ranges->data()};
      }
      for (const PackedLayer& layer : packed->layers) {
        const PackedLinear& linear = (layer.*matrix).linear;
        kernels.linear({.layer = &linear, .operand = operand, .rows = kTokens, .first_input = 0, .inputs = inputs,
                        .first_panel = 0, .panels = linear.outputs / kernels.tile_columns, .add_bias = true,
                        .residual = nullptr, .residual_stride = 0, .finish = finish, .out = out->data(),
                        .row_stride = linear.outputs + 16, .panel_stride = kernels.tile_columns});
      }
    };
    rows.push_back(std::move(row));
  };
  add("linear, hidden to hidden", &PackedLayer::query, packed->hidden, Finish::kNone);
  add("linear, up, no activation", &PackedLayer::up, packed->hidden, Finish::kNone);
  add("linear, up, erf GELU", &PackedLayer::up, packed->hidden, Finish::kGelu);
}

void add_attention_row(std::vector<Row>& rows, const KernelTable& kernels, const Architecture& a, int length) {
  const int head = (a.head_size + kernels.tile_columns - 1) / kernels.tile_columns * kernels.tile_columns;
  auto qkv = std::make_shared<AlignedArray<float>>(random_floats(size_t(length) * head * 3, 1.0f));
  auto out = std::make_shared<AlignedArray<float>>(size_t(length) * head);
  auto scratch = std::make_shared<AlignedArray<std::byte>>(kernels.attention_scratch(length, head));
  constexpr int kTimes = 72;
  Row row{"attention, length " + std::to_string(length), 1, kTimes * 4.0 * length * length * a.head_size, 0, nullptr, {}};
  row.work = [=, &kernels] {
    for (int i = 0; i < kTimes; i++) {
      float* q = qkv->data();
      const ptrdiff_t size = ptrdiff_t(length) * head;
      kernels.attend({.queries = length, .keys = length, .head_size = head, .q = q, .q_stride = head, .k = q + size,
                      .k_stride = head, .v = q + 2 * size, .v_panel_stride = ptrdiff_t(length) * kernels.tile_columns,
                      .scale = 0.25f, .out = out->data(), .out_stride = head, .scratch = scratch->data()});
    }
  };
  rows.push_back(std::move(row));
}

void add_encoder_rows(std::vector<Row>& rows, const Options& options, const Transformer& model, int threads,
                      std::string* reason) {
  const Architecture a = model.architecture;
  std::shared_ptr<Encoder> encoder = make_cpu_encoder(model, {options.dtype, threads, options.instruction_set});
  *reason = encoder->info().instruction_set + ": " + encoder->info().reason;
  const auto add = [&](const char* name, const std::vector<int>& lengths) {
    auto batch = std::make_shared<OwnedBatch>(random_batch(a, lengths, 7));
    rows.push_back({name, threads, operations(a, lengths), static_cast<int>(lengths.size()),
                    [=] { encoder->submit(batch->view())->wait(); }, {}});
  };
  add("encoder, 16 pairs of 128", std::vector<int>(16, 128));
  add("encoder, 32 pairs, mixed", passage_lengths(32, 232, 3));
  add("encoder, 1 request of 10", passage_lengths(10, 232, 5));
}

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string flag = words[i], value = words[i + 1];
    if (flag == "--model") options.model = value;
    else if (flag == "--dtype") options.dtype = value;
    else if (flag == "--isa") options.instruction_set = value;
    else if (flag == "--threads") options.threads.push_back(std::stoi(value));
    else if (flag == "--rounds") options.rounds = std::stoi(value);
    else throw std::invalid_argument("unknown option " + flag);
  }
  if (options.threads.empty()) {
    options.threads = {1};
    if (available_threads() > 1) options.threads.push_back(2);
  }
  return options;
}

int main(int count, char** words) {
  const Options options = parse(count, words);
  const CpuFeatures features = detect_cpu_features();
  const KernelChoice choice = choose_kernels(options.dtype, options.instruction_set, features);
  if (choice.layers == nullptr) throw std::runtime_error("no kernels for this machine: " + choice.reason);
  Architecture minilm = test_architecture(6, 12, 32, 1536);
  minilm.vocab_size = 30522;
  const Transformer model = options.model.empty() ? random_transformer(minilm, 1) : load_bert(options.model);

  ThreadPool pool(1);
  std::vector<Row> rows;
  std::string reason;
  add_linear_rows(rows, *choice.layers, pool, model.architecture);
  add_attention_row(rows, *choice.layers, model.architecture, 88);
  add_attention_row(rows, *choice.layers, model.architecture, 128);
  add_attention_row(rows, *choice.layers, model.architecture, 512);
  for (int threads : options.threads) add_encoder_rows(rows, options, model, threads, &reason);

  Roofs roofs(choice.instruction_set, features);
  for (int round = 0; round < options.rounds; round++) {
    for (Row& row : rows) {
      roofs.measure();
      keep_best(row.best, time_of(row.work));
    }
  }
  roofs.measure();

  std::printf("%s, %d threads usable; dtype %s; %s\n", cpu_name().c_str(), available_threads(), options.dtype.c_str(),
              reason.c_str());
  roofs.print();
  // The kernels' own arithmetic, or that of float32 where weights are widened to it.
  const WeightLayout layout = choice.layers->layout;
  const bool in_floats = layout == WeightLayout::kFloat32 || layout == WeightLayout::kBFloat16;
  const std::string arithmetic = in_floats ? "float32" : options.dtype;
  const double roof = roofs.of(arithmetic);
  std::printf("  roof used: %s, %.1f G/s per core\n\n", arithmetic.c_str(), roof);
  std::printf("  %-28s %7s %9s %7s %11s %11s\n", "", "threads", "G/s/core", "% roof", "pairs/cpu-s", "pairs/s");
  bool above = false;
  for (const Row& row : rows) {
    const double rate = row.operations / row.best.cpu / 1e9;
    if (rate > roof) {
      above = true;
      std::printf("  %-28s %7d  not reported: above the roof, which is therefore wrong\n", row.name.c_str(), row.threads);
      continue;
    }
    std::printf("  %-28s %7d %9.1f %6.1f%%", row.name.c_str(), row.threads, rate, 100 * rate / roof);
    if (row.pairs > 0) std::printf(" %11.1f %11.1f", row.pairs / row.best.cpu, row.pairs / row.best.wall);
    std::printf("\n");
  }
  return above ? 1 : 0;
}

}  // namespace
}  // namespace rerank::bench

int main(int count, char** words) {
  try {
    return rerank::bench::main(count, words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kernel_bench: %s\n", error.what());
    return 1;
  }
}
