// What one batch costs on a GPU in kernel launches and in bytes moved, counted on the graph that is handed to MLX.
// RERANK_TABLE=1 prints the table of docs/devices.md.
#include <gtest/gtest.h>
#include <mlx/mlx.h>
#include <mlx/primitives.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "engine/engine.h"
#include "mlx/runtime.h"
#include "mlx/transformer_graph.h"
#include "random_transformer.h"

namespace rerank {
namespace {

namespace mx = mlx::core;
using mx::array;

const char* name_of(const array& a) { return a.has_primitive() ? a.primitive().name() : "Constant"; }

bool is(const array& a, const std::string& name) { return name_of(a) == name; }

const array& without(const std::set<std::string>& names, const array& a) {
  return names.contains(name_of(a)) ? without(names, a.inputs()[0]) : a;
}

const array& beneath_broadcast(const array& a) { return without({"Broadcast"}, a); }

// Walks a graph from its end. MLX on a CPU writes its fused GPU kernels as chains of ops: a chain of LayerNorm, and of
// attention whose head size has a kernel, counts as the one launch that it is on a GPU.
class GraphCost {
 public:
  explicit GraphCost(const array& result) { visit(result); }

  int launches = 0;
  size_t bytes = 0;
  int norms = 0, attentions = 0;
  std::set<std::string> unknown;

 private:
  void visit(const array& a) {
    if (!a.has_primitive() || !seen_.insert(a.id()).second) return;
    if (visit_norm(a) || visit_attention(a)) return;
    const std::string name = name_of(a);
    if (name == "Reshape" || name == "Flatten") {
      if (needs_copy(a)) add(1, a.inputs(), a);
    } else if (name == "Concatenate") {
      add(static_cast<int>(a.inputs().size()), a.inputs(), a);
    } else if (name == "Pad") {
      add(2, a.inputs(), a);  // filled, then copied into
    } else if (name == "Gather") {
      launches++;
      bytes += 2 * a.nbytes() + a.inputs()[1].nbytes();  // of the table only the rows
    } else if (kernels_.contains(name) || name.starts_with("Compiled")) {
      add(1, a.inputs(), a);
    } else if (!views_.contains(name)) {
      unknown.insert(name);
    }
    for (const array& input : a.inputs()) visit(input);
  }

  void add(int count, const std::vector<array>& inputs, const array& output) {
    launches += count;
    for (const array& input : inputs) bytes += beneath_broadcast(input).nbytes();
    bytes += output.nbytes();
  }

  // (x - mean) * rsqrt(variance + epsilon) * weight + bias
  bool visit_norm(const array& a) {
    if (!is(a, "Add") || !is(a.inputs()[0], "Multiply")) return false;
    const array& weighted = a.inputs()[0];
    const array& normal = without({"AsType"}, weighted.inputs()[0]);
    if (!is(normal, "Multiply") || !is(beneath_broadcast(normal.inputs()[1]), "Rsqrt")) return false;
    const array& x = without({"AsType"}, normal.inputs()[0].inputs()[0]);
    norms++;
    add(1, {x, weighted.inputs()[1], a.inputs()[1]}, a);
    visit(x);
    return true;
  }

  // softmax(where(mask, (scale * q) k^T, -inf)) v. MLX has no fused kernel for the heads of 32 of the plain form.
  bool visit_attention(const array& a) {
    if (!is(a, "Matmul") || !is(a.inputs()[0], "Softmax")) return false;
    attentions++;
    if (a.shape(-1) < 64) return false;
    const array& scores = a.inputs()[0].inputs()[0];
    const bool masked = is(scores, "Select");
    const array& product = masked ? scores.inputs()[1] : scores;
    const array& scaled = without({"Broadcast", "Unflatten"}, product.inputs()[0]);
    std::vector<array> inputs{scaled.inputs()[1], without({"Broadcast", "ExpandDims"}, product.inputs()[1]),
                              without({"Broadcast", "ExpandDims"}, a.inputs()[1])};
    if (masked) inputs.push_back(beneath_broadcast(scores.inputs()[0]));
    add(1, inputs, a);
    if (a.shape(-2) <= 8) add(static_cast<int>(inputs.size()), inputs, inputs[0]);  // few queries: all are copied first
    for (const array& input : inputs) visit(input);
    return true;
  }

  // Heads are moved back beside each other, unless a sequence has one query or a fused kernel has written them so.
  static bool needs_copy(const array& a) {
    const array& input = a.inputs()[0];
    if (!is(input, "Transpose") || input.ndim() != 4 || input.shape(1) == 1) return false;
    return input.shape(-1) < 64 || input.shape(1) <= 8;
  }

  inline static const std::set<std::string> views_{"Transpose", "Slice",   "Split",     "Broadcast",  "Squeeze",
                                                   "Unflatten", "ExpandDims", "Contiguous"};
  inline static const std::set<std::string> kernels_{"AddMM", "Matmul", "Add",    "Multiply", "Softmax", "Select",
                                                     "Less",  "Arange", "AsType", "Tanh",     "Full"};

  std::set<std::uintptr_t> seen_;
};

// Quantiles of a lognormal distribution whose 5th and 95th percentiles are those of MS MARCO pairs, 43 and 142 tokens.
std::vector<int> ms_marco_lengths(int count) {
  std::vector<int> lengths;
  for (int i = 0; i < count; i++) {
    const double p = (i + 0.5) / count;
    double low = -6, high = 6;
    for (int step = 0; step < 60; step++) {
      const double z = (low + high) / 2;
      (0.5 * std::erfc(-z * M_SQRT1_2) < p ? low : high) = z;
    }
    lengths.push_back(static_cast<int>(std::lround(std::sqrt(43.0 * 142) * std::exp(low * std::log(142.0 / 43) / (2 * 1.6449)))));
  }
  return lengths;
}

Architecture mini_lm() {
  Architecture a = small_architecture();
  a.layers = 6, a.hidden_size = 384, a.heads = 12, a.head_size = 32, a.intermediate_size = 1536, a.max_positions = 512;
  return a;
}

struct Row {
  int documents;
  AttentionForm form;
  size_t buckets;
  int tokens, dummies;
  GraphCost cost;
};

std::vector<Row> rows() {
  return Engine::instance().run([] {
    prepare_mlx();
    mx::enable_compile();  // as on a GPU; nothing is evaluated here, so nothing is compiled
    const Architecture a = mini_lm();
    const MlxWeights weights(random_transformer(a, 1), mx::float16);
    std::vector<Row> rows;
    for (const int documents : {10, 100, 256}) {
      const OwnedBatch batch = random_batch(a, ms_marco_lengths(documents), 1);
      for (const AttentionForm form : {AttentionForm::kPlain, AttentionForm::kPadded, AttentionForm::kPaired}) {
        const BucketPlan plan = plan_buckets(
            batch.view(),
            {.length_multiple = 8, .bucket_cost = bucket_cost(form), .token_ladder = true, .max_positions = a.max_positions});
        const GraphCost cost(logits_graph(a, weights, {form, /*compile=*/true}, plan));
        const int tokens = static_cast<int>(plan.input_ids.size());
        rows.push_back({documents, form, plan.buckets.size(), tokens, tokens - batch.view().tokens(), cost});
      }
    }
    mx::disable_compile();
    return rows;
  });
}

TEST(GraphCost, CountsEveryOpOfEveryForm) {
  Engine::instance().enter();
  const bool table = std::getenv("RERANK_TABLE") != nullptr;
  if (table) std::printf("| documents | attention | buckets | tokens (dummies) | launches | MB moved |\n|---|---|---|---|---|---|\n");
  const int layers = mini_lm().layers;
  for (const Row& row : rows()) {
    EXPECT_EQ(row.cost.unknown, std::set<std::string>{}) << "ops that nobody has looked at";
    EXPECT_EQ(row.cost.norms, 2 * layers + 1);
    EXPECT_EQ(row.cost.attentions, layers * static_cast<int>(row.buckets));
    EXPECT_GT(row.cost.bytes, 6u * (4 * 384 * 384 + 2 * 384 * 1536) * 2);  // the weights are among them
    // What a fused form adds, it adds once a layer: a bucket is then the kernel and the copy to its place. The last layer
    // is plain in every form.
    const int buckets = static_cast<int>(row.buckets);
    const int of_bucket = row.form == AttentionForm::kPlain ? 7 : 2;
    EXPECT_LE(row.cost.launches, (layers - 1) * buckets * of_bucket + buckets * 8 + layers * 20) << row.documents;
    if (table) {
      std::printf("| %d | %s | %zu | %d (%d) | %d | %.0f |\n", row.documents, rerank::name_of(row.form), row.buckets,
                  row.tokens, row.dummies, row.cost.launches, row.cost.bytes / 1e6);
    }
  }
  Engine::instance().leave();
}

}  // namespace
}  // namespace rerank
