#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace rerank {

// Sequences that go through the layers together.
using Block = std::vector<int>;

// Cuts a batch into blocks of about `block_tokens` tokens for `threads` threads that take them in order: the
// largest block first, and few blocks are made nearly equal so that the threads finish together.
std::vector<Block> plan_blocks(std::span<const int32_t> offsets, int threads, int block_tokens);

}  // namespace rerank
