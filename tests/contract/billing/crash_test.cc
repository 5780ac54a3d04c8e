// A run that dies at any call, and the next one: everything is charged once, the ledger balances.
//
// The death is simulated at the seams: from the n-th call of store or provider on, every call fails
// and does nothing; where it falls on a call that writes, both halves are tried: dead before the call
// and dead after it. What was begun and not committed is rolled back, as it is when a process dies.
#include "tests/contract/billing/world.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

/// Counts calls; dead from the n-th on. `after`: the n-th call itself still happens.
struct Fuse {
  int left;
  bool after;
  bool burnt() const { return left <= 0; }
  static Error dead() { return {ErrorCode::unavailable, "the process died", ""}; }

  template <class Call>
  auto through(Call call) -> decltype(call()) {
    if (burnt()) return dead();
    --left;
    if (!burnt()) return call();
    if (after) (void)call();
    return dead();
  }
};

class DyingBills : public BillStore {
 public:
  DyingBills(BillStore& real, Fuse& fuse) : real_(real), fuse_(fuse) {}
  Result<std::unique_ptr<BillTransaction>> begin(Deadline deadline) override;
  Result<std::vector<CloseHead>> unbilled_closes(Deadline deadline) override {
    return fuse_.through([&] { return real_.unbilled_closes(deadline); });
  }

 private:
  class Tx : public BillTransaction {
   public:
    Tx(std::unique_ptr<BillTransaction> real, Fuse& fuse) : real_(std::move(real)), fuse_(fuse) {}
    Result<bool> claim(std::int64_t id) override {
      return fuse_.through([&] { return real_->claim(id); });
    }
    Result<std::unique_ptr<BillableClose>> read_billable(std::int64_t id) override {
      return real_->read_billable(id);
    }
    Result<std::int64_t> next_number(const std::string& tenant) override {
      return fuse_.through([&] { return real_->next_number(tenant); });
    }
    Status add_invoice(std::int64_t id, const NewInvoice& invoice) override {
      return fuse_.through([&] { return real_->add_invoice(id, invoice); });
    }
    Result<std::int64_t> resolve_held(std::int64_t id) override { return real_->resolve_held(id); }
    Status commit() override {
      return fuse_.through([&] { return real_->commit(); });
    }

   private:
    std::unique_ptr<BillTransaction> real_;
    Fuse& fuse_;
  };
  BillStore& real_;
  Fuse& fuse_;
};

Result<std::unique_ptr<BillTransaction>> DyingBills::begin(Deadline deadline) {
  if (fuse_.burnt()) return Fuse::dead();
  auto real = real_.begin(deadline);
  if (!real) return real.error();
  return std::unique_ptr<BillTransaction>(std::make_unique<Tx>(*std::move(real), fuse_));
}

class DyingCharges : public ChargeStore {
 public:
  DyingCharges(ChargeStore& real, Fuse& fuse) : real_(real), fuse_(fuse) {}
  Result<std::vector<OpenCharge>> open_charges(Deadline deadline) override {
    return fuse_.through([&] { return real_.open_charges(deadline); });
  }
  Result<bool> move(const std::string& key, ChargeState from, ChargeState to,
                    const std::string& detail, Deadline deadline) override {
    return fuse_.through([&] { return real_.move(key, from, to, detail, deadline); });
  }
  Result<bool> settle(const OpenCharge& charge, const std::string& reference,
                      Deadline deadline) override {
    return fuse_.through([&] { return real_.settle(charge, reference, deadline); });
  }

 private:
  ChargeStore& real_;
  Fuse& fuse_;
};

class DyingProvider : public Provider {
 public:
  DyingProvider(Provider& real, Fuse& fuse) : real_(real), fuse_(fuse) {}
  Result<ChargeReceipt> charge(const ChargeOrder& order, Deadline deadline) override {
    return fuse_.through([&] { return real_.charge(order, deadline); });
  }
  Result<std::optional<ChargeReceipt>> find(const std::string& key, Deadline deadline) override {
    return fuse_.through([&] { return real_.find(key, deadline); });
  }

 private:
  Provider& real_;
  Fuse& fuse_;
};

class DyingCloses : public CloseStore {
 public:
  DyingCloses(CloseStore& real, Fuse& fuse) : real_(real), fuse_(fuse) {}
  /// Before and after the close; its inside is one transaction, which a death rolls back.
  Result<std::unique_ptr<CloseTransaction>> begin(Deadline deadline) override {
    return fuse_.through([&] { return real_.begin(deadline); });
  }
  Result<std::optional<CloseHead>> find_close(std::int64_t t_us, Deadline deadline) override {
    return fuse_.through([&] { return real_.find_close(t_us, deadline); });
  }

 private:
  CloseStore& real_;
  Fuse& fuse_;
};

/// One run that dies at the n-th call; true when it was over before.
bool run_and_die(World& world, int n, bool after) {
  Fuse fuse{n, after};
  DyingCloses closes(world.closes(), fuse);
  DyingBills bills(world.bills(), fuse);
  DyingCharges charges(world.charges(), fuse);
  DyingProvider provider(world.provider(), fuse);
  CycleParts parts{world.gate(), closes,         bills,    charges,
                   world.held(), world.stream(), provider, {}};
  (void)run_cycle(parts);
  return !fuse.burnt();
}

void expect_charged_once(World& world, std::int64_t minor) {
  EXPECT_EQ(world.provider().taken(), 2);
  EXPECT_EQ(world.provider().taken_minor(), minor);
  EXPECT_EQ(world.count("select count(*) from billing.invoice"), 2);
  EXPECT_EQ(world.count("select max(number) from billing.invoice"), 2);
  EXPECT_EQ(world.count("select count(*) from billing.charge where state <> 'succeeded'"), 0);
  EXPECT_EQ(world.count("select sum(amount_minor)::bigint from billing.ledger_entry "
                        "where kind = 'payment'"),
            minor);
  EXPECT_EQ(world.ask("select sum(case when debit like 'receivable/%' then amount_minor else "
                      "-amount_minor end) from billing.ledger_entry"),
            "0");
}

void die_at_every_call(bool after) {
  int n = 1;
  for (bool over = false; !over; ++n) {
    World world;
    world.event("sub-1", hour(0, 5), 25);
    world.set_clock(hour(1) + 10 * kMinuteUs);
    over = run_and_die(world, n, after);
    const CycleReport report = world.run_at(hour(1));
    EXPECT_EQ(report.exit(), ExitCode::done) << "died at call " << n;
    expect_charged_once(world, 1650);
    if (::testing::Test::HasFailure()) FAIL() << "died at call " << n;
    ASSERT_LT(n, 100);
  }
  EXPECT_GT(n, 15);  // the fuse did burn, at many places
}

TEST(Crash, R18_dead_before_any_call_the_next_run_charges_once) { die_at_every_call(false); }

TEST(Crash, R18_dead_after_any_call_the_next_run_charges_once) { die_at_every_call(true); }

TEST(Crash, R18_runs_that_die_again_and_again_charge_once) {
  World world;
  world.event("sub-1", hour(0, 5), 25);
  world.set_clock(hour(1) + 10 * kMinuteUs);
  for (int n = 1; n < 12; ++n) {
    run_and_die(world, n, n % 2 == 0);
  }
  EXPECT_EQ(world.run_at(hour(1)).exit(), ExitCode::done);
  expect_charged_once(world, 1650);
}

}  // namespace
}  // namespace weir
