#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace rerank {

// Opens for reading; throws kModelNotFound naming the path and the system's reason.
int open_for_reading(const std::string& path);
uint64_t file_size(int fd, const std::string& path);
// Reads exactly `count` bytes at `offset`; a shorter file throws kModelCorrupt.
void read_exactly(int fd, void* out, size_t count, uint64_t offset, const std::string& path);
// A whole small file; more than `limit` bytes throws kModelCorrupt.
std::string read_text(const std::string& path, size_t limit);
bool exists(const std::string& path);

}  // namespace rerank
