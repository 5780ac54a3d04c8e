// Incident 2: the disk fills, to the last byte. Analytics' volume: quota keeps its pace, analytics says
// so, waits, and catches up. Quota's volume, first where the data is, then where the WAL is: the period
// is held and nobody is charged, and with space everything is there. Needs root, to mount.
#include "tests/faults/servers.h"
#include "tests/incidents/incident.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>

namespace weir::test {
namespace {

using std::chrono::seconds;

using FullDisk = Incident;

TEST_F(FullDisk,
       with_the_analytics_disk_full_to_the_last_byte_no_bill_notices_and_analytics_catches_up) {
  SmallVolume disk(weir_.folder() + "/analytics", 256);
  count();
  feed();
  {
    const auto consumer = weir_.start("weir-analytics", {"consume"}, "consumer");
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.analytics_rows() > 0; }))
        << consumer->err();
    disk.fill();
    ASSERT_TRUE(disk.is_full());
    money_goes_on();
    EXPECT_TRUE(eventually(seconds(60), [&] {
      return consumer->err().find("consumption pauses") != std::string::npos;
    })) << consumer->err();
    EXPECT_TRUE(consumer->running());
    EXPECT_LT(weir_.analytics_rows(), feeder_->events());

    disk.make_room();
    feeder_->finish();
    analytics_has_everything(*consumer);
  }
  every_bill_is_exact();
}

/// The quota database on two small volumes of its own.
struct WithServer {
  PrivatePostgres server{200, 100};
  DeploymentOptions options() const {
    DeploymentOptions options;
    options.postgres_admin = server.admin;
    options.postgres_quota = server.quota;
    options.postgres_billing = server.billing;
    return options;
  }
};

class FullQuotaDisk : private WithServer, public Incident {
 protected:
  FullQuotaDisk() : Incident(options()) {
    count();
    feed();
  }
  PrivatePostgres& postgres() { return server; }
  bool quota_says(const std::string& what) {
    return eventually(seconds(90), [&] { return quota_->err().find(what) != std::string::npos; });
  }
  /// A period begins and ends meanwhile, and cron runs behind its grace.
  void the_period_is_held() {
    constexpr std::int64_t kGraceSeconds = 3;
    const std::int64_t due_us =
        now_second_us() + (2 * kPeriodSeconds + kGraceSeconds + 1) * kMicrosPerSecond;
    Finished run{};
    // What was complete before the volume filled may still go out.
    EXPECT_TRUE(eventually(seconds(60),
                           [&] {
                             run = weir_.run("weir-billing", {"run"});
                             return run.exit_code == 75;
                           }))
        << run.out << run.err;
    const std::size_t charges = weir_.charges().size();
    EXPECT_TRUE(eventually(seconds(60), [&] { return now_second_us() >= due_us; }));
    run = weir_.run("weir-billing", {"run"});
    EXPECT_EQ(run.exit_code, 75) << run.out << run.err;
    EXPECT_EQ(weir_.charges().size(), charges);
    EXPECT_TRUE(quota_->running()) << tail_of(quota_->err());
  }
  void switch_wal_until_it_is_full() {
    EXPECT_TRUE(eventually(seconds(120), [&] {
      try {
        weir_.sql("select pg_switch_wal()");
      } catch (const std::exception&) {
      }
      return !postgres().running();
    }));
  }
};

TEST_F(FullQuotaDisk, holds_the_period_charges_nobody_and_closes_exactly_when_there_is_space) {
  money_goes_on(1);
  postgres().data().fill();
  ASSERT_TRUE(postgres().data().is_full());
  ASSERT_TRUE(quota_says("No space left on device")) << tail_of(quota_->err());
  the_period_is_held();
  postgres().data().make_room();
  ASSERT_TRUE(postgres().running() || postgres().start());
  weir_.reconnect();
  money_goes_on(1);

  // Without a segment for its WAL the server panics, and does not come back.
  postgres().wal().fill();
  switch_wal_until_it_is_full();
  the_period_is_held();
  postgres().wal().make_room();
  ASSERT_TRUE(postgres().start());
  weir_.reconnect();
  money_goes_on(1);

  feeder_->finish();
  every_bill_is_exact();
}

}  // namespace
}  // namespace weir::test
