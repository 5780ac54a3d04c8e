// PostgreSQL under load: killed forty times, refusing to serialise, its volumes full. No row is lost,
// none counts twice, nobody is charged wrongly, and nothing but space is needed to recover.
#include "tests/faults/feeder.h"
#include "tests/faults/servers.h"
#include "tests/integration/catalogs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdexcept>

namespace weir::test {
namespace {

using std::chrono::seconds;

const std::vector<std::string> kSubscriptions = {"s0", "s1", "s2"};

void expect_exact(Deployment& weir, ChildProcess& quota, const Feeder& feeder) {
  ASSERT_TRUE(eventually(seconds(120), [&] { return weir.applied_to() >= weir.log_end(); }))
      << quota.err().substr(quota.err().size() > 3000 ? quota.err().size() - 3000 : 0);
  EXPECT_EQ(weir.counted_units(), feeder.events());
  weir.expect_counts_add_up();
}

void bill_until_all_is_charged(Deployment& weir, const Feeder& feeder) {
  // One minor unit an event. A run that the server refused after the provider had charged leaves that
  // charge in doubt, and the next one settles it.
  EXPECT_TRUE(eventually(seconds(120), [&] {
    (void)weir.run("weir-billing", {"run"});
    return weir.charged_minor() >= feeder.events() &&
           weir.sql_number("select count(*) from billing.charge where state <> 'succeeded'") == 0;
  }));
  EXPECT_EQ(weir.charged_minor(), feeder.events());
}

TEST(PostgresFaults, forty_kills_of_the_whole_server_under_load_lose_nothing) {
  constexpr int kKills = 40;
  Deployment weir;
  weir.apply_catalog(one_price(kSubscriptions, "2s", "0.01", now_second_us()));
  auto quota = weir.start("weir-quota", {"consume"}, "quota");
  Feeder feeder(weir, {kSubscriptions, 4, 10, std::chrono::milliseconds(50)});
  for (int kill = 0; kill < kKills; ++kill) {
    const std::int64_t before = weir.applied_to();
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir.applied_to() > before; }))
        << quota->err();
    // Each fifth time a billing run is under way as well.
    std::unique_ptr<ChildProcess> billing;
    if (kill % 5 == 0) billing = weir.start("weir-billing", {"run"}, "billing");
    kill_and_start("postgres");
    weir.reconnect();
    const bool ended = !billing || billing->wait(seconds(90)).has_value();
    ASSERT_TRUE(ended);
  }
  feeder.finish();
  expect_exact(weir, *quota, feeder);
  bill_until_all_is_charged(weir, feeder);
}

TEST(PostgresFaults, serialization_failures_and_deadlocks_are_tried_again) {
  Deployment weir;
  weir.apply_catalog(one_price(kSubscriptions, "2s", "0.01", now_second_us()));
  // One in seven of the statements that move progress or book usage is refused, as a busy server may;
  // of the transactions, which have several, every second one.
  weir.sql(R"(create function public.refuse() returns trigger language plpgsql as $$
    begin
      if random() < 0.07 then raise exception 'could not serialize' using errcode = '40001'; end if;
      if random() < 0.08 then raise exception 'deadlock detected' using errcode = '40P01'; end if;
      return null;
    end $$)");
  for (const char* table : {"quota.progress", "quota.usage", "billing.close", "billing.invoice",
                            "billing.charge", "quota.frozen"}) {
    weir.sql(
        fmt::format("create trigger refuse after insert or update on {} for each statement "
                    "execute function public.refuse()",
                    table));
  }
  auto quota = weir.start("weir-quota", {"consume"}, "quota");
  Feeder feeder(weir, {kSubscriptions, 4, 10, std::chrono::milliseconds(50)});
  ASSERT_TRUE(eventually(seconds(90), [&] { return feeder.events() >= 1000; }));
  feeder.finish();
  expect_exact(weir, *quota, feeder);
  bill_until_all_is_charged(weir, feeder);
}

class FullVolume : public ::testing::Test {
 protected:
  FullVolume() {
    DeploymentOptions options;
    options.postgres_admin = server_.admin;
    options.postgres_quota = server_.quota;
    options.postgres_billing = server_.billing;
    weir_ = std::make_unique<Deployment>(options);
    weir_->apply_catalog(one_price(kSubscriptions, "2s", "0.01", now_second_us()));
    quota_ = weir_->start("weir-quota", {"consume"}, "quota");
    feeder_ = std::make_unique<Feeder>(
        *weir_, FeederOptions{kSubscriptions, 4, 50, std::chrono::milliseconds(20)});
  }
  void some_is_applied() {
    const std::int64_t before = weir_->applied_to();
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_->applied_to() > before; }))
        << quota_->err();
  }
  // What stands still for good can only be told from what is slow by the reason that it gives.
  bool says(const std::string& what) {
    return eventually(seconds(60), [&] { return quota_->err().find(what) != std::string::npos; });
  }

  PrivatePostgres server_{200, 100};
  std::unique_ptr<Deployment> weir_;
  std::unique_ptr<ChildProcess> quota_;
  std::unique_ptr<Feeder> feeder_;
};

TEST_F(FullVolume, a_full_data_volume_loses_no_row_and_charges_nobody_wrongly) {
  some_is_applied();
  server_.data().fill();
  ASSERT_TRUE(server_.data().is_full());
  ASSERT_TRUE(says("No space left on device")) << quota_->err();
  const std::size_t charges = weir_->charges().size();
  const Finished held = weir_->run("weir-billing", {"run"});
  EXPECT_NE(held.exit_code, 0) << held.out;
  EXPECT_EQ(weir_->charges().size(), charges);
  EXPECT_TRUE(quota_->running());

  server_.data().make_room();
  feeder_->finish();
  ASSERT_TRUE(server_.running() || server_.start());
  weir_->reconnect();
  expect_exact(*weir_, *quota_, *feeder_);
  bill_until_all_is_charged(*weir_, *feeder_);
}

TEST_F(FullVolume, a_full_wal_volume_loses_no_row_and_charges_nobody_wrongly) {
  some_is_applied();
  server_.wal().fill();
  // The server panics when it needs a segment that it has not got; so it is made to go through those
  // that it has.
  ASSERT_TRUE(eventually(seconds(120), [&] {
    try {
      weir_->sql("select pg_switch_wal()");
    } catch (const std::exception&) {
    }
    return !server_.running();
  }));
  const std::size_t charges = weir_->charges().size();
  const Finished held = weir_->run("weir-billing", {"run"});
  EXPECT_NE(held.exit_code, 0) << held.out;
  EXPECT_EQ(weir_->charges().size(), charges);
  EXPECT_TRUE(quota_->running());

  server_.wal().make_room();
  ASSERT_TRUE(server_.start());
  weir_->reconnect();
  feeder_->finish();
  expect_exact(*weir_, *quota_, *feeder_);
  bill_until_all_is_charged(*weir_, *feeder_);
}

}  // namespace
}  // namespace weir::test
