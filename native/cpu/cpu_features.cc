#include "cpu/cpu_features.h"

#include <cstdint>
#include <cstring>
#include <fstream>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

namespace rerank {
namespace {

#if defined(__x86_64__)
struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

// Which register files the operating system saves on a context switch.
uint64_t saved_states() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t(high) << 32) | low;
}

constexpr bool bit(uint32_t value, int index) { return (value >> index) & 1; }
#endif

#ifdef __APPLE__
bool has_feature(const char* name) {
  int value = 0;
  size_t size = sizeof(value);
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
}
#endif

}  // namespace

CpuFeatures detect_cpu_features() {
  CpuFeatures f;
#if defined(__x86_64__)
  // Intel SDM volume 2, CPUID; volume 1, 14.3 and 15.2 for the checks of XCR0.
  constexpr uint64_t kYmm = 0x6, kZmm = 0xe6;
  const Registers basic = cpuid(1), extended = cpuid(7), more = cpuid(7, 1);
  const bool saves = bit(basic.ecx, 27);
  const uint64_t states = saves ? saved_states() : 0;
  f.avx2 = (states & kYmm) == kYmm && bit(basic.ecx, 28) && bit(basic.ecx, 12) && bit(basic.ecx, 29) &&
           bit(extended.ebx, 5);
  f.avx512 = f.avx2 && (states & kZmm) == kZmm && bit(extended.ebx, 16) && bit(extended.ebx, 17) &&
             bit(extended.ebx, 30) && bit(extended.ebx, 31);
  f.avx512_vnni = f.avx512 && bit(extended.ecx, 11);
  f.avx512_bf16 = f.avx512 && bit(more.eax, 5);
#elif defined(__aarch64__)
  f.neon = true;
#if defined(__linux__)
  f.neon_dot = getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
  f.neon_bf16 = getauxval(AT_HWCAP2) & HWCAP2_BF16;
#elif defined(__APPLE__)
  f.neon_dot = has_feature("hw.optional.arm.FEAT_DotProd");
  f.neon_bf16 = has_feature("hw.optional.arm.FEAT_BF16");
#endif
#endif
  return f;
}

std::string cpu_name() {
  std::string name;
#if defined(__APPLE__)
  char text[256];
  size_t size = sizeof(text);
  if (sysctlbyname("machdep.cpu.brand_string", text, &size, nullptr, 0) == 0) name = text;
#elif defined(__x86_64__)
  char text[49] = {};
  for (uint32_t i = 0; i < 3; i++) {
    const Registers r = cpuid(0x80000002 + i);
    std::memcpy(text + i * 16, &r, 16);
  }
  name = text;
#else
  std::ifstream info("/proc/device-tree/model");
  std::getline(info, name, '\0');
#endif
  const size_t first = name.find_first_not_of(' '), last = name.find_last_not_of(' ');
  return first == std::string::npos ? "unknown" : name.substr(first, last - first + 1);
}

}  // namespace rerank
