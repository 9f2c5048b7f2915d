// What the engine does about a device that gives no answer.
#include "tests/engine_test_encoders.h"

namespace rerank {
namespace {

// Each on an engine of its own, since one that has met a hung device does not use another.
class HangTest : public EngineTest {
 protected:
  HangTest() : EngineTest(*new Engine()) {}

  static std::string message_of(std::future<Result>& future) {
    try {
      std::rethrow_exception(future.get().error);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kDevice);
      return e.what();
    }
  }
};

constexpr auto kPatience = 60ms;

TEST_F(HangTest, EverythingOnAHungDeviceIsRejectedOnce) {
  const auto device = std::make_shared<SlowDevice>(2, kPatience);
  std::vector<std::future<Result>> futures;
  for (int i = 0; i < 5; i++) futures.push_back(score(device, {i}));  // two in flight, three queued
  for (auto& future : futures) EXPECT_NE(message_of(future).find("gave no answer for 60 ms"), std::string::npos);
  EXPECT_EQ(device->submitted, 2);
  EXPECT_NE(engine.device_fault().value().find("gave no answer"), std::string::npos);
  // What comes back after all is nobody's: setting these promises again would throw on the engine's thread.
  device->complete(5);
  std::this_thread::sleep_for(20ms);
  auto later = score(device, {6});
  EXPECT_NE(message_of(later).find("gave no answer"), std::string::npos);
  EXPECT_EQ(device->submitted, 2);
}

TEST_F(HangTest, ADeviceThatHangsInSubmitIsNoticedToo) {
  const auto device = std::make_shared<SlowDevice>(2, kPatience);
  device->hang_in_submit = true;
  auto future = score(device, {1});
  EXPECT_NE(message_of(future).find("gave no answer"), std::string::npos);
}

TEST_F(HangTest, EncodersWithoutAPatienceGoOn) {
  const auto device = std::make_shared<SlowDevice>(2, kPatience);
  const auto cpu = std::make_shared<SumEncoder>();
  const auto thread_before = engine.run([] { return std::this_thread::get_id(); });
  auto hung = score(device, {1});
  auto waiting = score(cpu, {20, 22});
  EXPECT_NE(message_of(hung).find("gave no answer"), std::string::npos);
  EXPECT_EQ(waiting.get().logits, std::vector<float>{42});
  EXPECT_EQ(score(cpu, {1, 2}).get().logits, std::vector<float>{3});
  EXPECT_NE(engine.run([] { return std::this_thread::get_id(); }), thread_before);
}

TEST_F(HangTest, ATaskThatHangsThrowsWhereItIsWaitedFor) {
  const auto device = std::make_shared<SlowDevice>(1);
  EXPECT_THROW(engine.run([device] { return device->submit({})->wait().size(); }, kPatience), Error);
  EXPECT_THROW(engine.run([] {}, kPatience), Error);  // the device is not asked again
  engine.run([] {});
}

// Longer at work than its patience, without a rest, but each batch comes back in time.
TEST_F(HangTest, SlowIsNotHung) {
  const auto device = std::make_shared<SlowDevice>(2, 600ms);
  std::vector<std::future<Result>> futures;
  for (int i = 0; i < 16; i++) futures.push_back(score(device, {i}));
  for (auto& future : futures) {
    std::this_thread::sleep_for(60ms);
    device->complete(1);
    EXPECT_EQ(future.get().error, nullptr);
  }
  EXPECT_FALSE(engine.device_fault());
}

TEST_F(HangTest, EncodersOnItsThreadAreNeverDestroyed) {
  auto hung = engine.adopt(std::make_unique<SlowDevice>(2, kPatience));
  auto idle = engine.adopt(std::make_unique<SlowDevice>(2, kPatience));
  auto unbound = engine.adopt(std::make_unique<SlowDevice>(2));
  auto future = score(hung, {1});
  message_of(future);
  SlowDevice::destroyed = 0;
  hung.reset();
  idle.reset();
  unbound.reset();
  engine.run([] {});
  engine.run([] {});
  EXPECT_EQ(SlowDevice::destroyed, 1);
}

TEST_F(HangTest, LeavingDoesNotWaitForItNorRunTheHooks) {
  bool ran = false;
  engine.on_park([&] { ran = true; });
  const auto device = std::make_shared<SlowDevice>(2, kPatience);
  auto future = score(device, {1});
  message_of(future);
  engine.leave();
  EXPECT_FALSE(ran);
  engine.enter();
  engine.run([] {});
}

}  // namespace
}  // namespace rerank
