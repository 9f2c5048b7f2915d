// The check of a batch before anything computes with it.
#include "engine/batch_check.h"

#include <gtest/gtest.h>

#include <climits>
#include <string>
#include <vector>

#include "model/error.h"

namespace rerank {
namespace {

TEST(BatchCheck, AcceptsTheLimitsAndNamesWhatIsBeyond) {
  const EncoderLimits limits{.vocab_size = 10, .type_vocab_size = 2, .max_length = 3, .labels = 1};
  const auto message = [&](std::vector<int32_t> ids, std::vector<uint8_t> types, std::vector<int32_t> offsets) {
    try {
      check_batch({ids, types, offsets}, limits);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(message({0, 9, 5, 1}, {0, 1, 0, 1}, {0, 3, 4}), "");
  EXPECT_NE(message({10}, {0}, {0, 1}).find("inputIds[0] is 10"), std::string::npos);
  EXPECT_NE(message({-1}, {0}, {0, 1}).find("inputIds[0] is -1"), std::string::npos);
  EXPECT_NE(message({1}, {2}, {0, 1}).find("tokenTypeIds[0] is 2"), std::string::npos);
  EXPECT_NE(message({1}, {}, {0, 1}).find("tokenTypeIds has 0"), std::string::npos);
  EXPECT_NE(message({1, 1, 1, 1}, {0, 0, 0, 0}, {0, 4}).find("has 4 tokens"), std::string::npos);
  EXPECT_NE(message({1}, {0}, {0, 0, 1}).find("has 0 tokens"), std::string::npos);
  EXPECT_NE(message({1, 1}, {0, 0}, {0, 2, 1}).find("has -1 tokens"), std::string::npos);
  EXPECT_NE(message({1}, {0}, {1, 1}).find("offsets[0] is 1"), std::string::npos);
  EXPECT_NE(message({1, 1}, {0, 0}, {0, 1}).find("the last offset is 1"), std::string::npos);
  EXPECT_NE(message({}, {}, {0}).find("offsets has 1"), std::string::npos);
  EXPECT_NE(message({1}, {0}, {0, INT32_MIN}).find("tokens, expected 1 to 3"), std::string::npos);
  EXPECT_NE(message({1}, {0}, {0, INT32_MAX, INT32_MIN}).find("tokens, expected 1 to 3"), std::string::npos);
}

}  // namespace
}  // namespace rerank
