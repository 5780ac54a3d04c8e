#include "tests/incidents/side_by_side.h"

#include "base/text_table.h"
#include "tests/faults/servers.h"
#include "tests/incidents/new_cluster.h"
#include "tests/incidents/old_way/runner.h"
#include "tests/integration/catalogs.h"

#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>

namespace weir::test {
namespace {

using std::chrono::seconds;
using Tell = std::function<void(const std::string&)>;

constexpr std::int64_t kPeriod = 6;        // seconds
constexpr std::int64_t kIncidentLead = 4;  // before the period's end
constexpr std::int64_t kGrace = 3;         // behind it, as the deployment has it
const std::vector<std::string> kCustomers = {"s0", "s1", "s2", "s3", "s4"};

void must(bool done, const std::string& what) {
  if (!done) throw std::runtime_error(what);
}

void wait_until(std::int64_t second) {
  must(eventually(seconds(60), [&] { return now_second_us() / kMicrosPerSecond >= second; }),
       "the clock stands");
}

std::string euros(std::int64_t minor) { return fmt::format("{}.{:02}", minor / 100, minor % 100); }

/// Weir and the old way on one topic, up to a period's end and cron's runs behind it.
class Play {
 public:
  Play(Trouble trouble, const Tell& tell) : trouble_(trouble), tell_(tell) {
    if (trouble_ == Trouble::disk_fills) {
      one_volume_.emplace(200, 100);
      analytics_volume_.emplace(weir_.folder() + "/analytics", 128);
    }
    if (trouble_ == Trouble::shared_upgrade) new_cluster_.emplace();
    weir_.apply_catalog(
        one_price(kCustomers, fmt::format("{}s", kPeriod), kPrice, now_second_us()));
    old_way_.emplace(weir_, one_volume_ ? one_volume_->admin : environment("WEIR_TEST_POSTGRES"));
  }

  Outcome play() {
    start();
    wait_until(end_ - kIncidentLead);
    begin_incident();
    wait_until(end_ + kGrace + 1);
    Outcome outcome;
    cron(outcome);
    end_incident();
    catch_up(outcome);
    return outcome;
  }

 private:
  void start() {
    begin_ = now_second_us() / kMicrosPerSecond;
    start_quota();
    start_analytics();
    old_way_->release("works");
    feeder_.emplace(weir_, FeederOptions{kCustomers, 4, 7});
    must(eventually(seconds(60),
                    [&] {
                      return weir_.applied_to() > 0 && weir_.analytics_rows() > 0 &&
                             old_way_->has_applied(1);
                    }),
         "not everybody consumes");
    // The first end that leaves the incident its time.
    end_ = (now_second_us() / kMicrosPerSecond + kIncidentLead + kPeriod) / kPeriod * kPeriod;
    tell_(
        fmt::format("traffic runs: {} customers, both designs consume the same topic; the period "
                    "ends in {} s",
                    kCustomers.size(), end_ - now_second_us() / kMicrosPerSecond));
  }
  void start_quota() { quota_ = weir_.start("weir-quota", {"consume"}, "quota"); }
  void start_analytics() { analytics_ = weir_.start("weir-analytics", {"consume"}, "analytics"); }

  void begin_incident() {
    switch (trouble_) {
      case Trouble::none:
        tell_("nothing happens");
        break;
      case Trouble::analytics_crashes:
        tell_(
            "a new release of analytics aborts at its first batch, over and over, in both designs");
        analytics_.reset();
        crashing_.emplace(weir_, CrashLoop::Options{"weir-analytics", {"consume"}});
        old_way_->release("crashes");
        break;
      case Trouble::disk_fills:
        tell_("the volume that analytics writes on is full to the last byte, in both designs");
        one_volume_->data().fill();
        analytics_volume_->fill();
        break;
      case Trouble::shared_upgrade:
        tell_("the database server is replaced: services down, dump, restore on a new cluster");
        upgrade();
        break;
    }
  }
  void upgrade() {
    const std::string admin = environment("WEIR_TEST_POSTGRES");
    old_way_->stop();
    must(quota_->stop(seconds(30)) == 0, "quota does not stop: " + quota_->err());
    for (const std::string& database : {weir_.database(), old_way_->database()}) {
      shut_database(admin, database);
    }
    new_cluster_->take_roles(admin);
    for (const std::string& database : {weir_.database(), old_way_->database()}) {
      new_cluster_->take_database(admin, database);
    }
    weir_.use_server(new_cluster_->moved(admin),
                     new_cluster_->moved(environment("WEIR_TEST_POSTGRES_QUOTA")),
                     new_cluster_->moved(environment("WEIR_TEST_POSTGRES_BILLING")));
    old_way_->moved_to(new_cluster_->moved(admin));
  }

  /// The same moment for both. On a calm day both have seen everything by then, as they should.
  void cron(Outcome& outcome) {
    if (trouble_ == Trouble::none) applied(weir_.log_end());
    outcome.owed = owed();
    bill_the_old_way();
    outcome.old_way = old_way_->charged();
    const Finished run = weir_.run("weir-billing", {"run"});
    outcome.weir_cron_exit = run.exit_code;
    outcome.weir_at_cron = charged_by_weir();
    tell_(
        fmt::format("cron: the old way charges {} where {} are owed; weir-billing run: exit {}, {}",
                    euros(sum_of(outcome.old_way)), euros(sum_of(outcome.owed)), run.exit_code,
                    run.exit_code == 75 ? "held, nobody is charged from what is not complete"
                                        : "charged " + euros(sum_of(outcome.weir_at_cron))));
  }

  void end_incident() {
    switch (trouble_) {
      case Trouble::none:
        return;
      case Trouble::analytics_crashes:
        crashing_.reset();
        start_analytics();
        old_way_->release("works");
        break;
      case Trouble::disk_fills:
        one_volume_->data().make_room();
        analytics_volume_->make_room();
        must(one_volume_->running() || one_volume_->start(), "the old way's server does not start");
        break;
      case Trouble::shared_upgrade:
        start_quota();
        old_way_->release("works");
        break;
    }
    tell_("the incident is over: both catch up");
  }

  void catch_up(Outcome& outcome) {
    feeder_->finish();
    applied(weir_.log_end());
    must(eventually(seconds(90), [&] { return weir_.analytics_applied_to() >= weir_.log_end(); }),
         "analytics does not catch up: " + tail_of(analytics_->err()));
    must(eventually(seconds(90),
                    [&] {
                      (void)weir_.run("weir-billing", {"run"});
                      return closed();
                    }),
         "weir-billing does not close");
    bill_the_old_way();  // the provider refuses what it has charged before
    outcome.old_way = old_way_->charged();
    outcome.weir = charged_by_weir();
  }
  void bill_the_old_way() {
    for (std::int64_t to = begin_ / kPeriod * kPeriod + kPeriod; to <= end_; to += kPeriod) {
      old_way_->bill(to - kPeriod, to);
    }
  }
  void applied(std::int64_t end) {
    must(eventually(seconds(90), [&] { return weir_.applied_to() >= end; }),
         "quota does not catch up: " + tail_of(quota_->err()));
    must(eventually(seconds(90), [&] { return old_way_->has_applied(end); }),
         "the old way does not catch up");
  }
  bool closed() {
    return weir_.sql_number("select closed_until_us from quota.frozen") >=
               end_ * kMicrosPerSecond &&
           sum_of(charged_by_weir()) >= sum_of(owed());
  }

  Bill owed() const {
    Feeder::Tally sent = feeder_->tally();
    std::erase_if(sent, [&](const auto& entry) { return entry.first.second >= end_; });
    return reference_bill(sent, kPeriod);
  }
  /// Charges that succeeded, of periods up to the end.
  Bill charged_by_weir() {
    return bill_of(weir_.sql(fmt::format(
        "select string_agg('\"customer\":\"' || customer || '\",\"amount_minor\":' || minor || "
        "'}}', "
        "E'\\n') from (select i.customer, sum(l.amount_minor) as minor from billing.invoice i "
        "join billing.invoice_line l on l.invoice_id = i.id join billing.charge c "
        "on c.invoice_id = i.id and c.state = 'succeeded' where l.period_to_us <= {} "
        "group by i.customer) bill",
        end_ * kMicrosPerSecond)));
  }

  const Trouble trouble_;
  const Tell& tell_;
  std::optional<NewCluster> new_cluster_;
  std::optional<PrivatePostgres> one_volume_;
  Deployment weir_;
  std::optional<SmallVolume> analytics_volume_;
  std::optional<OldWay> old_way_;
  std::unique_ptr<ChildProcess> quota_, analytics_;
  std::optional<CrashLoop> crashing_;
  std::optional<Feeder> feeder_;
  std::int64_t begin_ = 0, end_ = 0;  // seconds since the epoch
};

}  // namespace

const char* name_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::none:
      return "a calm day";
    case Trouble::analytics_crashes:
      return "1 analytics crashes";
    case Trouble::disk_fills:
      return "2 the disk fills";
    case Trouble::shared_upgrade:
      return "3 the shared upgrade";
  }
  return "";
}

Outcome play(Trouble trouble, const std::function<void(const std::string&)>& tell) {
  return Play(trouble, tell).play();
}

Wrong compare(const Bill& owed, const Bill& charged) {
  Wrong wrong;
  Bill all = charged;
  all.insert(owed.begin(), owed.end());
  for (const auto& entry : all) {
    const auto in = [&](const Bill& bill) {
      const auto found = bill.find(entry.first);
      return found == bill.end() ? 0 : found->second;
    };
    const std::int64_t off = std::abs(in(owed)-in(charged));
    wrong.customers += off != 0 ? 1 : 0;
    wrong.minor += off;
  }
  return wrong;
}

std::string table_of(const std::vector<std::pair<Trouble, Outcome>>& outcomes) {
  TextTable table({"incident", "owed", "old way: charged", "wrong customers", "off by",
                   "Weir at cron", "Weir: charged", "wrong customers", "off by"});
  for (const auto& [trouble, outcome] : outcomes) {
    const Wrong old = compare(outcome.owed, outcome.old_way);
    const Wrong ours = compare(outcome.owed, outcome.weir);
    table.add({name_of(trouble), euros(sum_of(outcome.owed)), euros(sum_of(outcome.old_way)),
               std::to_string(old.customers), euros(old.minor),
               outcome.weir_cron_exit == 75 ? "held" : "charged", euros(sum_of(outcome.weir)),
               std::to_string(ours.customers), euros(ours.minor)});
  }
  return table.text();
}

}  // namespace weir::test
