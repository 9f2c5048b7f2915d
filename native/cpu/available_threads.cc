#include "cpu/available_threads.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif

namespace rerank {
namespace {

bool lists(const std::string& comma_separated, const std::string& word) {
  return ("," + comma_separated + ",").find("," + word + ",") != std::string::npos;
}

// A mounted hierarchy that holds CPU quotas.
struct Hierarchy {
  bool v2 = false;
  std::string mount_point;
  std::string mount_root;  // the group that appears at the mount point
  std::string group;       // of this process
};

// proc(5), /proc/pid/mountinfo: id parent device root mount_point options [fields] - type source super_options.
std::vector<Hierarchy> mounted_hierarchies(const std::string& root) {
  std::vector<Hierarchy> found;
  std::ifstream mounts(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream head(line), tail(line.substr(dash + 3));
    std::string skipped, type, options;
    Hierarchy h;
    head >> skipped >> skipped >> skipped >> h.mount_root >> h.mount_point;
    tail >> type >> skipped >> options;
    h.v2 = type == "cgroup2";
    if (h.v2 || (type == "cgroup" && lists(options, "cpu"))) found.push_back(h);
  }
  return found;
}

// cgroups(7), /proc/pid/cgroup: hierarchy:controllers:path; version 2 has no controllers.
void find_groups(const std::string& root, std::vector<Hierarchy>& hierarchies) {
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    for (Hierarchy& h : hierarchies) {
      if (h.v2 ? controllers.empty() : lists(controllers, "cpu")) h.group = path;
    }
  }
}

double quota_at(const Hierarchy& h, const std::string& folder) {
  double quota = 0, period = 0;
  if (h.v2) {
    std::ifstream(folder + "/cpu.max") >> quota >> period;  // "max 100000" leaves quota 0
  } else {
    std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;  // -1: none
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

}  // namespace

double control_group_quota(const std::string& root) {
  std::vector<Hierarchy> hierarchies = mounted_hierarchies(root);
  find_groups(root, hierarchies);
  double lowest = 0;
  for (const Hierarchy& h : hierarchies) {
    std::string group = h.group;
    if (h.mount_root != "/") group = group.starts_with(h.mount_root) ? group.substr(h.mount_root.size()) : "";
    // A quota on any group above binds as well.
    for (;;) {
      while (group.ends_with('/')) group.pop_back();
      const double quota = quota_at(h, root + h.mount_point + group);
      if (quota > 0) lowest = lowest > 0 ? std::min(lowest, quota) : quota;
      if (group.empty()) break;
      group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
    }
  }
  return lowest;
}

int available_threads() {
  int threads = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  constexpr int kMaxCpus = 8192;
  cpu_set_t* const set = CPU_ALLOC(kMaxCpus);
  if (set != nullptr) {
    if (sched_getaffinity(0, CPU_ALLOC_SIZE(kMaxCpus), set) == 0) threads = CPU_COUNT_S(CPU_ALLOC_SIZE(kMaxCpus), set);
    CPU_FREE(set);
  }
#endif
  const double quota = control_group_quota();
  if (quota > 0) threads = std::min(threads, static_cast<int>(std::ceil(quota)));
  return std::max(threads, 1);
}

}  // namespace rerank
