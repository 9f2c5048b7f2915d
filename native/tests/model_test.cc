// The model loader against files as they come from the world: whole, cut, overlapping, foreign.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "model/bert.h"
#include "model/config.h"
#include "model/error.h"
#include "model/safetensors.h"

namespace rerank {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "model_test_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }

 private:
  std::string path_;
};

// A safetensors file from a header and its data section.
std::string safetensors(const json& header, const std::string& data) {
  const std::string text = header.dump();
  const uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + text + data;
}

json entry(const std::string& type, std::vector<uint64_t> shape, uint64_t begin, uint64_t end) {
  return {{"dtype", type}, {"shape", shape}, {"data_offsets", {begin, end}}};
}

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "expected an Error";
  return Error(ErrorCode::kDevice, "");
}

void expect_error(const Error& error, ErrorCode code, const std::string& part) {
  EXPECT_STREQ(error_code_name(error.code()), error_code_name(code)) << error.what();
  EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
}

Error open_error(const std::string& bytes) {
  const Folder folder;
  folder.write("f.safetensors", bytes);
  return error_of([&] { SafetensorsFile file(folder.path("f.safetensors")); });
}

TEST(Safetensors, ReadsEveryFloatTypeExactly) {
  const Folder folder;
  const std::string f32("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8);        // 1, -2
  const std::string f16("\x00\x3c\x01\x00\x00\x7c\x66\xc5", 8);        // 1, 2^-24, inf, -5.3984375
  const std::string bf16("\x80\x3f\x49\xc0", 4);                       // 1, -3.140625
  folder.write("f.safetensors",
               safetensors({{"a", entry("F32", {2}, 0, 8)},
                            {"b", entry("F16", {2, 2}, 8, 16)},
                            {"c", entry("BF16", {2}, 16, 20)},
                            {"__metadata__", {{"format", "pt"}}}},
                           f32 + f16 + bf16));
  const SafetensorsFile file(folder.path("f.safetensors"));
  EXPECT_EQ(widen(file.read("a")), (std::vector<float>{1, -2}));
  EXPECT_EQ(widen(file.read("b")), (std::vector<float>{1, 0x1p-24f, INFINITY, -5.3984375f}));
  EXPECT_EQ(widen(file.read("c")), (std::vector<float>{1, -3.140625f}));
  EXPECT_EQ(file.read("b").shape, (std::vector<int64_t>{2, 2}));
}

TEST(Safetensors, RefusesWhatIsNotWhole) {
  expect_error(open_error(""), ErrorCode::kModelCorrupt, "at least 8 bytes");
  expect_error(open_error(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8)), ErrorCode::kModelCorrupt, "header claims");
  expect_error(open_error(std::string("\x02\0\0\0\0\0\0\0[]", 10)), ErrorCode::kModelCorrupt, "not a JSON object");
  const std::string whole = safetensors({{"a", entry("F32", {2}, 0, 8)}}, std::string(8, 'x'));
  expect_error(open_error(whole.substr(0, whole.size() - 1)), ErrorCode::kModelCorrupt, "\"a\"");
  expect_error(open_error(whole + "y"), ErrorCode::kModelCorrupt, "the file has 9");
}

TEST(Safetensors, RefusesRangesThatLie) {
  const std::string data(16, 'x');
  expect_error(open_error(safetensors({{"a", entry("F32", {2}, 0, 8)}, {"b", entry("F32", {3}, 4, 16)}}, data)),
               ErrorCode::kModelCorrupt, "overlap");
  expect_error(open_error(safetensors({{"a", entry("F32", {1}, 0, 4)}, {"b", entry("F32", {1}, 12, 16)}}, data)),
               ErrorCode::kModelCorrupt, "no tensor owns data bytes 4 to 12");
  expect_error(open_error(safetensors({{"a", entry("F32", {3}, 0, 16)}}, data)), ErrorCode::kModelCorrupt,
               "do not match shape [3]");
  // 2^32 x 2^32 x 4 bytes wraps to 0 in 64 bits.
  expect_error(open_error(safetensors({{"a", entry("F32", {1ull << 32, 1ull << 32}, 0, 0)}}, "")),
               ErrorCode::kModelCorrupt, "impossible shape");
  json negative = entry("F32", {2}, 0, 8);
  negative["shape"] = {-2};
  expect_error(open_error(safetensors({{"a", negative}}, std::string(8, 'x'))), ErrorCode::kModelCorrupt, "\"a\"");
  expect_error(open_error(safetensors({{"a", entry("Q4", {2}, 0, 1)}}, "x")), ErrorCode::kModelCorrupt,
               "unknown dtype \"Q4\"");
}

TEST(Safetensors, FileCutAfterOpeningIsAnError) {
  const Folder folder;
  folder.write("f.safetensors", safetensors({{"a", entry("F32", {2}, 0, 8)}}, std::string(8, 'x')));
  const SafetensorsFile file(folder.path("f.safetensors"));
  fs::resize_file(folder.path("f.safetensors"), fs::file_size(folder.path("f.safetensors")) - 4);
  expect_error(error_of([&] { file.read("a"); }), ErrorCode::kModelCorrupt, "bytes short");
}

// --- whole folders

json tiny_config() {
  return {{"model_type", "bert"},   {"architectures", {"BertForSequenceClassification"}},
          {"hidden_size", 4},       {"num_hidden_layers", 1},
          {"num_attention_heads", 2}, {"intermediate_size", 8},
          {"vocab_size", 10},       {"type_vocab_size", 2},
          {"max_position_embeddings", 16}, {"id2label", {{"0", "LABEL_0"}}}};
}

std::map<std::string, std::vector<uint64_t>> tiny_shapes(const std::string& prefix = "bert.") {
  std::map<std::string, std::vector<uint64_t>> shapes{
      {prefix + "embeddings.word_embeddings.weight", {10, 4}},
      {prefix + "embeddings.position_embeddings.weight", {16, 4}},
      {prefix + "embeddings.token_type_embeddings.weight", {2, 4}},
      {"classifier.weight", {1, 4}},
      {"classifier.bias", {1}}};
  const auto linear = [&](const std::string& name, uint64_t out, uint64_t in) {
    shapes[name + ".weight"] = {out, in};
    shapes[name + ".bias"] = {out};
  };
  const auto norm = [&](const std::string& name) { shapes[name + ".weight"] = shapes[name + ".bias"] = {4}; };
  const std::string layer = prefix + "encoder.layer.0.";
  for (const char* part : {"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"}) {
    linear(layer + part, 4, 4);
  }
  linear(layer + "intermediate.dense", 8, 4);
  linear(layer + "output.dense", 4, 8);
  linear(prefix + "pooler.dense", 4, 4);
  for (const char* part : {"attention.output.LayerNorm", "output.LayerNorm"}) norm(layer + part);
  norm(prefix + "embeddings.LayerNorm");
  return shapes;
}

std::string weights(const std::map<std::string, std::vector<uint64_t>>& shapes, const std::string& type = "F32") {
  json header = json::object();
  uint64_t position = 0;
  for (const auto& [name, shape] : shapes) {
    uint64_t bytes = type == "F32" ? 4 : type == "I8" ? 1 : 2;
    for (const uint64_t extent : shape) bytes *= extent;
    header[name] = entry(type, shape, position, position + bytes);
    position += bytes;
  }
  return safetensors(header, std::string(position, '\0'));
}

Error load_error(const json& config, const std::string& model) {
  const Folder folder;
  folder.write("config.json", config.dump());
  folder.write("model.safetensors", model);
  return error_of([&] { load_bert(folder.path()); });
}

TEST(Bert, LoadsWithAndWithoutPrefixAndPoolerBias) {
  for (const std::string prefix : {"bert.", ""}) {
    const Folder folder;
    folder.write("config.json", tiny_config().dump());
    auto shapes = tiny_shapes(prefix);
    shapes.erase(prefix + "pooler.dense.bias");
    shapes[prefix + "embeddings.position_ids"] = {1, 16};  // old checkpoints carry it; nobody reads it
    folder.write("model.safetensors", weights(shapes, "F16"));
    const Transformer model = load_bert(folder.path());
    EXPECT_EQ(model.layers.size(), 1u);
    EXPECT_EQ(model.word_embeddings.type, FloatType::kFloat16);
    EXPECT_FALSE(model.pooler.bias.has_value());
    EXPECT_TRUE(model.classifier.bias.has_value());
  }
}

TEST(Bert, LoadsShardsAndRefusesNamesThatLeaveTheFolder) {
  const Folder folder;
  folder.write("config.json", tiny_config().dump());
  std::map<std::string, std::vector<uint64_t>> halves[2];
  json map = json::object();
  int turn = 0;
  for (const auto& [name, shape] : tiny_shapes()) {
    halves[turn % 2][name] = shape;
    map[name] = "part-" + std::to_string(turn++ % 2) + ".safetensors";
  }
  folder.write("part-0.safetensors", weights(halves[0]));
  folder.write("part-1.safetensors", weights(halves[1]));
  folder.write("model.safetensors.index.json", json{{"weight_map", map}}.dump());
  EXPECT_EQ(load_bert(folder.path()).layers.size(), 1u);

  map["classifier.bias"] = "../part-0.safetensors";
  folder.write("model.safetensors.index.json", json{{"weight_map", map}}.dump());
  expect_error(error_of([&] { load_bert(folder.path()); }), ErrorCode::kModelCorrupt, "same folder");
}

TEST(Bert, NamesTheTensorThatIsWrong) {
  auto shapes = tiny_shapes();
  shapes.erase("bert.encoder.layer.0.output.dense.bias");
  expect_error(load_error(tiny_config(), weights(shapes)), ErrorCode::kModelUnsupported,
               "no tensor \"bert.encoder.layer.0.output.dense.bias\"");
  shapes = tiny_shapes();
  shapes["bert.embeddings.word_embeddings.weight"] = {9, 4};
  expect_error(load_error(tiny_config(), weights(shapes)), ErrorCode::kModelUnsupported, "config.json implies [10,4]");
  expect_error(load_error(tiny_config(), weights(tiny_shapes(), "I8")), ErrorCode::kModelUnsupported, "dtype I8");
}

TEST(Bert, SaysWhatIsMissing) {
  const Folder folder;
  expect_error(error_of([&] { load_bert(folder.path()); }), ErrorCode::kModelNotFound, "config.json");
  folder.write("config.json", tiny_config().dump());
  expect_error(error_of([&] { load_bert(folder.path()); }), ErrorCode::kModelNotFound, "model.safetensors");
  folder.write("pytorch_model.bin", "pickle");
  expect_error(error_of([&] { load_bert(folder.path()); }), ErrorCode::kModelUnsupported, "pickle");
}

TEST(Config, RefusesWhatItCannotRun) {
  const auto error_with = [](const char* key, const json& value) {
    json config = tiny_config();
    config[key] = value;
    return error_of([&] { parse_config(config.dump(), "config.json"); });
  };
  expect_error(error_with("model_type", "roberta"), ErrorCode::kModelUnsupported, "\"roberta\"");
  expect_error(error_with("architectures", {"BertForMaskedLM"}), ErrorCode::kModelUnsupported, "BertForMaskedLM");
  expect_error(error_with("hidden_act", "swish"), ErrorCode::kModelUnsupported, "\"swish\"");
  expect_error(error_with("position_embedding_type", "relative_key"), ErrorCode::kModelUnsupported, "relative_key");
  expect_error(error_with("num_attention_heads", 3), ErrorCode::kModelCorrupt, "multiple");
  expect_error(error_with("hidden_size", -4), ErrorCode::kModelCorrupt, "-4");
  expect_error(error_with("hidden_size", "big"), ErrorCode::kModelCorrupt, "\"big\"");
  expect_error(error_with("vocab_size", 1ull << 40), ErrorCode::kModelCorrupt, "expected 1 to");
  expect_error(error_with("layer_norm_eps", 0), ErrorCode::kModelCorrupt, "layer_norm_eps");
  expect_error(error_of([] { parse_config("{\"model_type\": ", "config.json"); }), ErrorCode::kModelCorrupt, "JSON");
}

TEST(Config, ReadsLabelsAsTransformersDoes) {
  json config = tiny_config();
  EXPECT_EQ(parse_config(config.dump(), "").labels, 1);
  config["id2label"] = {{"0", "a"}, {"1", "b"}, {"2", "c"}};
  EXPECT_EQ(parse_config(config.dump(), "").labels, 3);
  config.erase("id2label");
  EXPECT_EQ(parse_config(config.dump(), "").labels, 2);
  config["num_labels"] = 5;
  EXPECT_EQ(parse_config(config.dump(), "").labels, 5);
}

}  // namespace
}  // namespace rerank
