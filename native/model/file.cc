#include "model/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "model/error.h"

namespace rerank {

int open_for_reading(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    throw Error(ErrorCode::kModelNotFound, "cannot open " + path + ": " + std::strerror(errno) +
                                               ". Expected a readable file of the model folder.");
  }
  return fd;
}

uint64_t file_size(int fd, const std::string& path) {
  struct stat status;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kModelCorrupt, path + " is not a regular file");
  }
  return static_cast<uint64_t>(status.st_size);
}

void read_exactly(int fd, void* out, size_t count, uint64_t offset, const std::string& path) {
  constexpr size_t kMaxRead = size_t{1} << 30;  // one pread is capped near 2 GB on every system we run on
  auto* position = static_cast<char*>(out);
  while (count > 0) {
    const ssize_t got = ::pread(fd, position, std::min(count, kMaxRead), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(ErrorCode::kModelCorrupt, "cannot read " + path + ": " + std::strerror(errno));
    if (got == 0) {
      throw Error(ErrorCode::kModelCorrupt, path + " ends at byte " + std::to_string(offset) + ", " +
                                                std::to_string(count) + " bytes short. Download it again.");
    }
    position += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<size_t>(got);
  }
}

namespace {

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : fd_(open_for_reading(path)) {}
  ~OpenFile() { ::close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string read_text(const std::string& path, size_t limit) {
  const OpenFile file(path);
  const uint64_t size = file_size(file.fd(), path);
  if (size > limit) {
    throw Error(ErrorCode::kModelCorrupt, path + " has " + std::to_string(size) + " bytes, expected at most " +
                                              std::to_string(limit));
  }
  std::string text(size, '\0');
  read_exactly(file.fd(), text.data(), text.size(), 0, path);
  return text;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace rerank
