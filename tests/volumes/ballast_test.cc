// A full volume, and what brings PostgreSQL up again: the ballast, released by an operator.
#include "tests/faults/feeder.h"
#include "tests/faults/servers.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>

namespace weir::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::HasSubstr;

const std::vector<std::string> kSubscriptions = {"s0", "s1", "s2"};

DeploymentOptions on(const PrivatePostgres& server) {
  DeploymentOptions options;
  options.postgres_admin = server.admin;
  options.postgres_quota = server.quota;
  options.postgres_billing = server.billing;
  return options;
}

/// Goes through the WAL that it has; when it needs more than there is, it stops.
bool runs_out_of_wal(Deployment& weir, PrivatePostgres& server) {
  return eventually(seconds(120), [&] {
    try {
      weir.sql("select pg_switch_wal()");
    } catch (const std::exception&) {
    }
    return !server.running();
  });
}

TEST(Ballast, brings_postgres_up_again_on_a_volume_that_is_full_to_the_last_byte) {
  // quota's volume holds the server's WAL. A twentieth of it is two segments, and a bit.
  PrivatePostgres server(200, 720);
  const std::string volume = "--quota.volume=" + server.wal().folder() + "/weir";
  const std::string ballast = server.wal().folder() + "/weir/ballast";
  Deployment weir(on(server));
  weir.apply_catalog(one_price(kSubscriptions, "2s", "0.01", now_second_us()));
  const auto quota = weir.start("weir-quota", {"consume", volume}, "quota");
  Feeder feeder(weir, {kSubscriptions, 4, 10, std::chrono::milliseconds(50)});
  ASSERT_TRUE(eventually(seconds(60), [&] { return weir.applied_to() > 0; })) << quota->err();
  ASSERT_GT(fs::file_size(ballast), 2u * (16 << 20));

  server.wal().fill();
  ASSERT_TRUE(server.wal().is_full());
  ASSERT_TRUE(runs_out_of_wal(weir, server));
  EXPECT_TRUE(fs::exists(ballast)) << "no process gives it up by itself";
  EXPECT_FALSE(server.start()) << "there is no room to recover";
  EXPECT_TRUE(fs::exists(ballast));

  EXPECT_THAT(weir.run_well("weir-quota", {"volume", "release-ballast", volume}),
              HasSubstr("start PostgreSQL now"));
  EXPECT_FALSE(fs::exists(ballast));
  ASSERT_TRUE(server.start()) << "though what filled the volume is still there";
  weir.reconnect();

  server.wal().make_room();
  feeder.finish();
  EXPECT_TRUE(eventually(seconds(120), [&] { return weir.applied_to() >= weir.log_end(); }))
      << quota->err();
  EXPECT_EQ(weir.counted_units(), feeder.events());
  weir.expect_counts_add_up();
  EXPECT_TRUE(eventually(seconds(90), [&] {
    (void)weir.run("weir-billing", {"run"});
    return weir.charged_minor() >= feeder.events();
  }));
  EXPECT_EQ(weir.charged_minor(), feeder.events());
}

}  // namespace
}  // namespace weir::test
