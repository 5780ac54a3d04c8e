// `verify` on the real PostgreSQL: silent about everything that billing does, and loud about every
// single value that somebody changed behind its back (as a superuser: nobody else can).
#include "billing/verify/verify.h"

#include "tests/contract/billing/world.h"

#include <gtest/gtest.h>
#include <random>

namespace weir {
namespace {

VerifyReport verified(World& world, VerifyOptions options = {}) {
  auto report = verify(world.schemas().billing(), options);
  EXPECT_TRUE(report) << (report ? "" : report.error().text());
  return report ? *std::move(report) : VerifyReport{};
}

std::string text_of(const Differences& found) {
  std::string text;
  for (const Difference& one : found.list()) {
    text += one.what + " | " + one.where + " | " + one.stored + " | " + one.recomputed + "\n";
  }
  return text;
}

/// The history that every test looks at: late usage, a stranger who becomes a customer, a decline.
void live_a_little(World& world) {
  world.event("sub-1", hour(0, 10), 25);
  world.event("sub-3", hour(0, 20), 4, "tokens", 1);
  world.event("stranger", hour(0, 30), 70);
  ASSERT_EQ(world.run_at(hour(1)).exit(), ExitCode::done);
  world.event("sub-1", hour(0, 40), 9);   // late, invoiced
  world.event("sub-2", hour(1, 10), 12);  // joins
  world.event("sub-2", hour(2, 10), 13);
  std::string known = kHourlyCatalog;
  known +=
      "[[subscription]]\ntenant = \"acme\"\nid = \"stranger\"\ncustomer = \"bob\"\n"
      "plan = \"hourly\"\nfrom = 2024-03-01T00:00:00Z\n";
  world.apply_catalog(known);
  ASSERT_EQ(world.run_at(hour(1, 30)).exit(), ExitCode::done);
  world.event("sub-2", hour(1, 15), 5);  // frozen, its period still open
  ASSERT_EQ(world.run_at(hour(3)).exit(), ExitCode::done);
}

class Verify : public ::testing::Test {
 protected:
  void SetUp() override { live_a_little(world_); }
  World world_;
};

TEST_F(Verify, what_billing_made_is_same) {
  const VerifyReport report = verified(world_);
  EXPECT_TRUE(report.found.none()) << text_of(report.found);
  EXPECT_TRUE(report.notes.empty());
  EXPECT_EQ(report.closes, 3);
  EXPECT_EQ(report.snapshot_rows, world_.count("select count(*) from billing.snapshot"));
  EXPECT_EQ(report.lines, world_.count("select count(*) from billing.invoice_line"));
  EXPECT_EQ(report.ledger_entries, world_.count("select count(*) from billing.ledger_entry"));
  EXPECT_GT(report.lines, 10);
}

TEST_F(Verify, one_close_alone_is_frozen_again_from_what_stood_before_it) {
  for (const std::int64_t close : {1, 2, 3}) {
    VerifyOptions options;
    options.close = close;
    const VerifyReport report = verified(world_, options);
    EXPECT_TRUE(report.found.none()) << text_of(report.found);
    EXPECT_EQ(report.closes, 1);
  }
  VerifyOptions unknown;
  unknown.close = 9;
  const auto report = verify(world_.schemas().billing(), unknown);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::not_found);
}

TEST_F(Verify, a_close_without_invoices_yet_is_a_note_and_no_difference) {
  world_.event("sub-1", hour(3, 10), 30);
  world_.close(hour(4));
  const VerifyReport report = verified(world_);
  EXPECT_TRUE(report.found.none()) << text_of(report.found);
  EXPECT_EQ(report.notes.size(), 1u);
}

TEST_F(Verify, it_writes_nothing) {
  // On connections where any write is an error.
  world_.tell(
      "do $$ begin execute format('alter database %I set default_transaction_read_only = on', "
      "current_database()); end $$");
  Database read_only(world_.schemas().billing_options());
  const auto report = verify(read_only, {});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->found.none());
}

struct Tampering {
  const char* name;
  const char* sql;
  const char* what;  // of the difference that must be among those found
};

const Tampering kTamperings[] = {
    {"frozen_usage", "update quota.usage set units = units + 1 where bucket_us < 1709254800000000",
     "snapshot_units"},
    {"usage_row_gone", "delete from quota.usage where subscription = 'sub-3'", "snapshot_units"},
    {"adjustment_units", "update quota.adjustment set units = units + 1", "snapshot_units"},
    {"adjustment_moved_to_another_close",
     "update quota.adjustment set close_id = 3 where close_id = 2", "snapshot_units"},
    {"snapshot_units", "update billing.snapshot set late_units = late_units + 1 where close_id = 2",
     "snapshot_digest"},
    {"snapshot_row_gone", "delete from billing.snapshot where meter = 'tokens'", "snapshot_units"},
    {"due_period_gone", "delete from billing.due_period where subscription = 'sub-2'",
     "due_period"},
    {"due_period_of_another_customer",
     "update billing.due_period set customer = 'ann' where customer = 'bob'", "due_period"},
    {"unattributed_units", "update billing.unattributed set units = 71", "unattributed"},
    {"attribution_gone", "delete from billing.attribution", "attribution"},
    {"catalog", "update billing.catalog set canonical = replace(canonical, '\"0.03\"', '\"0.04\"')",
     "catalog_digest"},
    {"certificate",
     "update billing.close set certificate = replace(certificate, '\"n\":', '\"n\":1') where id = "
     "2",
     "certificate_digest"},
    {"certificate_with_its_digest",
     "update billing.close set certificate = replace(certificate, '\"n\":', '\"n\":1'), digest = "
     "encode(sha256(convert_to(replace(certificate, '\"n\":', '\"n\":1'), 'UTF8')), 'hex') "
     "where id = 2",
     "chain_predecessor"},
    {"a_close_cut_out_of_the_chain", "delete from billing.close where id = 2", "chain_id"},
    {"cut_moved_back",
     "update billing.close_partition set n = n + 1, log_end = log_end + 1 where close_id = 3",
     "certificate_partitions"},
    {"line_amount",
     "update billing.invoice_line set amount_minor = amount_minor + 1 "
     "where close_id = 3 and meter = 'requests' and subscription = 'sub-2'",
     "line_amount_minor"},
    {"line_gone", "delete from billing.invoice_line where kind = 'late'", "line"},
    {"total", "update billing.invoice set total_minor = total_minor + 1 where number = 1",
     "invoice_total_minor"},
    {"charge_key", "update billing.invoice set charge_key = 'ff' where number = 1", "charge_key"},
    {"invoice_gone", "delete from billing.invoice where number = 2", "invoice_number"},
    {"counter", "update billing.invoice_counter set last = last + 1", "invoice_counter"},
    {"charge_amount",
     "update billing.charge set amount_minor = amount_minor + 1 where "
     "invoice_id = 'acme-000001'",
     "charge_amount"},
    {"charge_gone", "delete from billing.charge where invoice_id = 'acme-000001'", "charge"},
    {"charge_state", "update billing.charge set state = 'declined'", "charge_state"},
    {"ledger_amount",
     "update billing.ledger_entry set amount_minor = amount_minor + 1 "
     "where kind = 'payment'",
     "ledger_entry"},
    {"ledger_entry_gone", "delete from billing.ledger_entry where kind = 'invoice'",
     "ledger_entry"},
    {"ledger_entry_too_many",
     "insert into billing.ledger_entry (kind, reference, debit, credit, currency, amount_minor, "
     "at_us) select kind, 'more', debit, credit, currency, 1, at_us from billing.ledger_entry "
     "limit 1",
     "ledger_entry"},
    {"frontier", "update quota.frozen set closed_until_us = closed_until_us - 1", "closed_until"},
};

TEST_F(Verify, every_single_value_that_somebody_changed_is_found) {
  auto lease = *world_.schemas().admin().acquire(soon());
  for (const Tampering& tampering : kTamperings) {
    ASSERT_TRUE(lease->begin(soon()));
    const auto changed = lease->run(tampering.sql, soon());
    ASSERT_TRUE(changed) << tampering.name << ": " << changed.error().text();
    ASSERT_GT(changed->affected(), 0) << tampering.name;
    const auto report = verify_within(*lease, {});
    ASSERT_TRUE(report) << tampering.name << ": " << report.error().text();
    bool named = false;
    for (const Difference& one : report->found.list()) named |= one.what == tampering.what;
    EXPECT_TRUE(named) << tampering.name << ": " << tampering.what << " is not among:\n"
                       << text_of(report->found);
    lease->rollback();
  }
  EXPECT_TRUE(verified(world_).found.none());
}

TEST(VerifyHistories, random_histories_are_same_at_every_step) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(n));
    };
    World world;
    std::int64_t now = hour(0);
    for (int step = 0; step < 5; ++step) {
      now += (1 + below(6)) * 15 * kMinuteUs;
      for (std::int64_t i = below(10); i > 0; --i) {
        world.event("sub-" + std::to_string(1 + below(4)), hour(0) + below(now - hour(0)),
                    1 + below(40));
      }
      ASSERT_EQ(world.run_at(now).exit(), ExitCode::done);
      const VerifyReport report = verified(world);
      ASSERT_TRUE(report.found.none()) << "seed " << seed << "\n" << text_of(report.found);
    }
  }
}

}  // namespace
}  // namespace weir
