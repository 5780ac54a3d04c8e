#include "tests/incidents/incident.h"

#include "base/http/client.h"
#include "tests/integration/catalogs.h"

#include <fmt/format.h>
#include <sstream>
#include <stdexcept>
#include <sys/resource.h>

namespace weir::test {
namespace {

using std::chrono::seconds;

const std::vector<std::string> kSubscriptions = {"s0", "s1", "s2"};
// Generous: other work shares the machine. How small lag is in truth is for bench/ to say.
constexpr seconds kLagMax(20);

/// The text between `before` and the next of `ends`.
std::string between(const std::string& text, const std::string& before, const char* ends) {
  const auto at = text.find(before);
  if (at == std::string::npos) throw std::runtime_error("no " + before + " in " + text);
  const auto from = at + before.size();
  return text.substr(from, text.find_first_of(ends, from) - from);
}

// Hundreds of aborts need no hundreds of core files.
void leave_no_cores() {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
}

}  // namespace

Bill reference_bill(const Feeder::Tally& sent, std::int64_t period_seconds) {
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> units;
  for (const auto& [where, count] : sent) {
    units[{where.first, where.second / period_seconds}] += count;
  }
  Bill bill;
  for (const auto& [where, count] : units) {
    bill["customer-" + where.first] += (count * kPriceHundredths + 50) / 100;
  }
  return bill;
}

Bill bill_of(const std::string& lines) {
  Bill bill;
  std::istringstream each(lines);
  for (std::string line; std::getline(each, line);) {
    bill[between(line, "\"customer\":\"", "\"")] +=
        std::stoll(between(line, "\"amount_minor\":", ",}"));
  }
  return bill;
}

Bill charged_bill(Deployment& weir) {
  std::string lines;
  for (const std::string& line : weir.charges()) lines += line + "\n";
  return bill_of(lines);
}

std::int64_t sum_of(const Bill& bill) {
  std::int64_t sum = 0;
  for (const auto& entry : bill) sum += entry.second;
  return sum;
}

std::string tail_of(const std::string& text) {
  constexpr std::size_t kBytes = 3000;
  return text.size() > kBytes ? text.substr(text.size() - kBytes) : text;
}

CrashLoop::CrashLoop(Deployment& weir, const Options& options) {
  leave_no_cores();
  for (const std::string& word : options.commands) {
    std::vector<std::string> argv = weir.command(options.binary, {word});
    if (options.group != nullptr) argv = options.group->around(argv);
    const std::string log = weir.folder() + "/crashing-" + word;
    threads_.emplace_back([this, argv, log, signal = options.signal](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        ChildProcess process(argv, log);
        // Some die at once and some in the middle of a commit.
        const seconds life(signal == 0 ? 1 : crashes_ % 3);
        while (!process.wait(life) && signal == 0 && !stop.stop_requested()) {
        }
        process.signal(signal == 0 ? SIGKILL : signal);
        if (!process.wait(seconds(30))) process.kill_hard();
        ++crashes_;
      }
    });
  }
}

Questions::Questions(std::string url, std::string key)
    : url_(std::move(url)), key_(std::move(key)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { ask(stop); });
}

void Questions::finish() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<std::string> Questions::failures() {
  const std::lock_guard held(mutex_);
  return failures_;
}

void Questions::ask(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kPause(50);  // the load, not a wait for anything
  HttpClient client;
  while (!stop.stop_requested()) {
    const auto reply =
        client.get(url_, {{"Authorization", "Bearer " + key_}}, Deadline::in(seconds(30)));
    ++asked_;
    if (!reply || reply->status != 200) {
      const std::lock_guard held(mutex_);
      failures_.push_back(reply ? reply->body : reply.error().text());
    }
    std::this_thread::sleep_for(kPause);
  }
}

Incident::Incident(const DeploymentOptions& options) : begin_us_(now_second_us()), weir_(options) {
  weir_.apply_catalog(
      one_price(kSubscriptions, fmt::format("{}s", kPeriodSeconds), kPrice, begin_us_));
  key_ = weir_.api_key("acme");  // before anybody reads the keys
}

void Incident::count(const Cgroup* group) {
  std::vector<std::string> argv = weir_.command("weir-quota", {"consume"});
  if (group != nullptr) argv = group->around(argv);
  quota_ = std::make_unique<ChildProcess>(argv, weir_.folder() + "/quota");
}

void Incident::feed() {
  feeder_ = std::make_unique<Feeder>(weir_, FeederOptions{kSubscriptions, 4, 10});
}

void Incident::money_goes_on(int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const std::int64_t end = weir_.log_end(), charged = weir_.charged_minor();
    EXPECT_TRUE(eventually(kLagMax, [&] { return weir_.applied_to() >= end; }))
        << weir_.applied_to() << " of " << end << tail_of(quota_->err());
    Finished run{};
    EXPECT_TRUE(eventually(seconds(60),
                           [&] {
                             run = weir_.run("weir-billing", {"run"});
                             return weir_.charged_minor() > charged;
                           }))
        << "round " << round << run.out << run.err;
  }
}

void Incident::every_bill_is_exact() {
  EXPECT_TRUE(eventually(seconds(90), [&] { return weir_.applied_to() >= weir_.log_end(); }))
      << tail_of(quota_->err());
  EXPECT_EQ(weir_.counted_units(), feeder_->events());
  weir_.expect_counts_add_up();
  const Bill owed = reference_bill(feeder_->tally());
  Finished run{};
  EXPECT_TRUE(eventually(seconds(90),
                         [&] {
                           run = weir_.run("weir-billing", {"run"});
                           return weir_.charged_minor() >= sum_of(owed);
                         }))
      << run.out << run.err;
  EXPECT_EQ(charged_bill(weir_), owed);
  const Finished verified = weir_.run("weir-billing", {"verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

void Incident::analytics_has_everything(const ChildProcess& consumer) {
  EXPECT_TRUE(eventually(seconds(90), [&] { return weir_.analytics_rows() >= feeder_->events(); }))
      << weir_.analytics_rows() << " of " << feeder_->events() << tail_of(consumer.err());
  EXPECT_EQ(weir_.analytics_rows(), feeder_->events());
}

std::string Incident::question(ChildProcess& queries) {
  return fmt::format("{}/v1/query?granularity=all&metrics=requests&from={}&to={}",
                     weir_.url_of(queries), format_rfc3339(begin_us_ - 60 * kMicrosPerSecond),
                     format_rfc3339(begin_us_ + 3600 * kMicrosPerSecond));
}

std::int64_t Incident::answered_requests(ChildProcess& queries) {
  const auto [status, body] = weir_.get(question(queries), "acme");
  if (status != 200) throw std::runtime_error(fmt::format("{} {}", status, body));
  return std::stoll(between(body, "\"requests\":", ",}"));
}

}  // namespace weir::test
