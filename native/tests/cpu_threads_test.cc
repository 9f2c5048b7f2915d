// Threads: how many there may be, how work is cut for them, and the pool that runs it.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <stdexcept>

#include "cpu/available_threads.h"
#include "cpu/block_plan.h"
#include "cpu/thread_pool.h"

namespace rerank {
namespace {

TEST(ThreadPool, RunsEveryShareOnce) {
  for (int threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int round = 0; round < 200; round++) {
      std::vector<int> calls(threads, 0);
      pool.run([&](int i) { calls[i]++; });
      EXPECT_EQ(calls, std::vector<int>(threads, 1));
    }
  }
}

TEST(ThreadPool, WritesAreSeenWhenRunReturns) {
  ThreadPool pool(4);
  std::vector<int> data(400);
  for (int round = 1; round <= 100; round++) {
    pool.run([&](int i) { std::fill_n(data.begin() + i * 100, 100, round); });
    EXPECT_EQ(std::count(data.begin(), data.end(), round), 400);
  }
}

TEST(ThreadPool, AFailureIsThrownAndThePoolGoesOn) {
  ThreadPool pool(3);
  for (int failing : {0, 2}) {
    std::atomic<int> finished{0};
    EXPECT_THROW(pool.run([&](int i) {
      if (i == failing) throw std::runtime_error("a test");
      finished++;
    }),
                 std::runtime_error);
    EXPECT_EQ(finished, 2);
    pool.run([&](int) { finished++; });
    EXPECT_EQ(finished, 5);
  }
}

TEST(ThreadPool, AThreadGoesOnToTheNextTaskWithoutTheOthers) {
  ThreadPool pool(2);
  std::promise<void> release, reached;
  const auto first = pool.start([held = release.get_future().share()](int i) {
    if (i == 0) held.wait();
  });
  const auto second = pool.start([&](int i) {
    if (i == 1) reached.set_value();
  });
  reached.get_future().wait();
  EXPECT_FALSE(first->done());
  EXPECT_FALSE(second->done());
  release.set_value();
  second->wait();
  EXPECT_TRUE(first->done());
}

TEST(ThreadPool, TellsOnceThatATaskIsDone) {
  ThreadPool pool(3);
  std::promise<void> release, told;
  const auto task = pool.start([held = release.get_future().share()](int) { held.wait(); });
  int calls = 0;
  task->when_done([&] {
    calls++;
    told.set_value();
  });
  EXPECT_EQ(calls, 0);
  release.set_value();
  told.get_future().wait();
  task->wait();
  EXPECT_EQ(calls, 1);
  task->when_done([&] { calls++; });
  EXPECT_EQ(calls, 2);
}

TEST(BlockPlan, EverySequenceOnceLargestBlockFirst) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 200; trial++) {
    std::vector<int32_t> offsets = {0};
    const int sequences = 1 + static_cast<int>(random() % 40);
    for (int i = 0; i < sequences; i++) offsets.push_back(offsets.back() + 1 + static_cast<int>(random() % 300));
    const int threads = 1 + static_cast<int>(random() % 6);
    std::vector<int> seen;
    int last = 1 << 30;
    for (const Block& block : plan_blocks(offsets, threads, 128)) {
      ASSERT_FALSE(block.empty());
      int tokens = 0;
      for (int s : block) tokens += offsets[s + 1] - offsets[s];
      EXPECT_LE(tokens, last);
      last = tokens;
      // A block is over the aim only by the shorter part of what it had to hold.
      EXPECT_TRUE(block.size() == 1 || tokens <= 2 * 128 + 300) << tokens;
      seen.insert(seen.end(), block.begin(), block.end());
    }
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(static_cast<int>(seen.size()), sequences);
    for (int i = 0; i < sequences; i++) EXPECT_EQ(seen[i], i);
  }
}

TEST(BlockPlan, FewSequencesStillKeepEveryThreadBusy) {
  const std::vector<int32_t> offsets = {0, 20, 40, 60, 80};
  EXPECT_EQ(plan_blocks(offsets, 2, 128).size(), 2u);
  EXPECT_EQ(plan_blocks(offsets, 4, 128).size(), 4u);
  EXPECT_EQ(plan_blocks(offsets, 16, 128).size(), 4u);
}

// A made-up /proc and /sys.
class ControlGroupTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::temp_directory_path() / (std::string("rerank_cgroup_") + info->name());
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  double quota() const { return control_group_quota(root_.string()); }

  std::filesystem::path root_;
};

TEST_F(ControlGroupTest, NothingMounted) { EXPECT_EQ(quota(), 0); }

TEST_F(ControlGroupTest, Version2TakesTheLowestOnTheWayUp) {
  write("proc/self/mountinfo", "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  write("proc/self/cgroup", "0::/outer/inner\n");
  write("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/outer/cpu.max", "250000 100000\n");
  EXPECT_DOUBLE_EQ(quota(), 2.5);
  write("sys/fs/cgroup/outer/inner/cpu.max", "50000 100000\n");
  EXPECT_DOUBLE_EQ(quota(), 0.5);
}

TEST_F(ControlGroupTest, Version1) {
  write("proc/self/mountinfo",
        "33 24 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "34 24 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  write("proc/self/cgroup", "5:memory:/other\n4:cpu,cpuacct:/job\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(quota(), 3);
}

TEST_F(ControlGroupTest, AContainersGroupIsTheMountsRoot) {
  write("proc/self/mountinfo", "33 24 0:30 /docker/abc /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  write("proc/self/cgroup", "4:cpu:/docker/abc\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(quota(), 1.5);
}

TEST(AvailableThreads, AtLeastOne) { EXPECT_GE(available_threads(), 1); }

}  // namespace
}  // namespace rerank
