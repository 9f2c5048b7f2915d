#pragma once
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace rerank {

// Uninitialised memory on a cache line boundary.
template <class T>
class AlignedArray {
 public:
  static_assert(std::is_trivial_v<T>);
  static constexpr std::align_val_t kAlignment{64};

  AlignedArray() = default;
  explicit AlignedArray(size_t size)
      : data_(static_cast<T*>(::operator new(size * sizeof(T), kAlignment))), size_(size) {}

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  size_t bytes() const { return size_ * sizeof(T); }

  // Makes room for `size` elements, forgetting what was there.
  void reserve(size_t size) {
    if (size > size_) *this = AlignedArray(size);
  }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete(p, kAlignment); }
  };
  std::unique_ptr<T[], Free> data_;
  size_t size_ = 0;
};

}  // namespace rerank
