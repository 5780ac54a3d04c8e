// Each side as a user of its own, with a folder that nobody else may enter: all of Weir works, from the
// event to the bill and the answer, so nothing needs the other side's volume. Running as other users needs
// root, as CI has.
#include "base/digest.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace weir::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

constexpr int kEvents = 60;
/// No user of the machine bears these numbers, and none is needed.
const std::map<std::string, unsigned> kUsers = {
    {"ingest", 64001}, {"quota", 64002}, {"analytics", 64003}, {"billing", 64004}};

Words as_user(unsigned user, const std::string& libraries, const Words& argv) {
  Words all = {"/usr/bin/env",
               "LD_LIBRARY_PATH=" + libraries,
               "/usr/bin/setpriv",
               fmt::format("--reuid={}", user),
               fmt::format("--regid={}", user),
               "--clear-groups",
               "--no-new-privs"};
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

/// The binaries where every user may run them: the build may lie below a folder that only root enters.
class Programs {
 public:
  Programs() : folder_(fs::temp_directory_path() / ("weir-programs-" + random_hex(6))) {
    fs::create_directories(folder_);
    const std::string copy = fmt::format(
        "cp '{0}'/weir-{{ingest,quota,analytics,billing}} '{1}'/ && "
        "cp $(ldd '{0}/weir-analytics' | awk '/libduckdb/ {{ print $3 }}') '{1}'/ && "
        "chmod -R a+rX '{1}'",
        environment("WEIR_BIN"), folder_);
    const Finished done = run({"/bin/bash", "-c", copy}, folder_ + "/copy");
    if (done.exit_code != 0) throw std::runtime_error(copy + ": " + done.err);
  }
  ~Programs() { fs::remove_all(folder_); }
  const std::string& folder() const { return folder_; }
  /// argv, whose first word is the path of one of Weir's binaries, as the user of its side.
  Words launch(Words argv) const {
    const std::string name = fs::path(argv.front()).filename();
    argv.front() = folder_ + "/" + name;
    return as_user(kUsers.at(name.substr(std::string("weir-").size())), folder_, argv);
  }

 private:
  const std::string folder_;
};

class Apart : public ::testing::Test {
 protected:
  Apart() : weir_(options()) {
    if (::geteuid() != 0) throw std::runtime_error("run the tests as root, to be other users");
    for (const auto& [side, user] : kUsers) {
      fs::create_directories(folder(side));
      if (::chown(folder(side).c_str(), user, user) != 0 ||
          ::chmod(folder(side).c_str(), 0700) != 0) {
        throw std::runtime_error("cannot give away " + folder(side));
      }
    }
    fs::create_symlink(folder("billing") + "/charges.jsonl", weir_.folder() + "/charges.jsonl");
    weir_.apply_catalog(one_price({"s1"}, "2s", "0.01", now_second_us()));
    key_ = weir_.api_key("acme");
    for (const char* shared : {"", "/weir.toml", "/secret", "/keys.toml", "/catalog.toml"}) {
      fs::permissions(weir_.folder() + shared,
                      fs::perms::group_read | fs::perms::others_read |
                          (*shared == 0 ? fs::perms::others_exec : fs::perms::none),
                      fs::perm_options::add);
    }
  }
  DeploymentOptions options() {
    DeploymentOptions options;
    options.launch = [this](Words argv) { return programs_.launch(std::move(argv)); };
    return options;
  }
  std::string folder(const std::string& side) const { return weir_.folder() + "/" + side; }
  ChildProcess& start(const std::string& binary, Words words) {
    const std::string name = binary + "-" + words.front();
    processes_.push_back(weir_.start(binary, words, name));
    return *processes_.back();
  }
  Finished bill() {
    return weir_.run("weir-billing",
                     {"run", "--billing.charges_file=" + folder("billing") + "/charges.jsonl",
                      "--billing.metrics_file=" + folder("billing") + "/billing.prom"});
  }
  bool answers(const std::string& url, const std::string& part) {
    return eventually(
        seconds(60), [&] { return weir_.get(url, "acme").second.find(part) != std::string::npos; });
  }
  void send(const std::string& collector) {
    std::string events;
    for (int i = 0; i < kEvents; ++i) {
      events += fmt::format(R"({}{{"source":"a","id":"{}","time":"{}","subscription":"s1"}})",
                            i == 0 ? "" : ",", i, format_rfc3339(now_second_us()));
    }
    const auto [status, body] =
        weir_.post(collector + "/v1/events", "acme", "application/json", "[" + events + "]");
    ASSERT_EQ(status, 202) << body;
  }
  /// The exit code of a command as the user of a side.
  int exit_code_as(const std::string& side, const Words& argv) {
    return run(as_user(kUsers.at(side), programs_.folder(), argv), weir_.folder() + "/as-user")
        .exit_code;
  }
  void expect_all_is_its_own(const std::string& side) {
    for (const auto& entry : fs::recursive_directory_iterator(folder(side))) {
      struct stat info {};
      ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
      EXPECT_EQ(info.st_uid, kUsers.at(side)) << entry.path();
    }
  }

  Programs programs_;
  Deployment weir_;
  std::string key_;
  std::vector<std::unique_ptr<ChildProcess>> processes_;
};

TEST_F(Apart, with_every_other_sides_folder_closed_events_are_counted_answered_and_billed) {
  for (const auto& [side, user] : kUsers) {
    for (const auto& [other, ignored] : kUsers) {
      const bool entered = exit_code_as(side, {"/bin/ls", folder(other)}) == 0;
      EXPECT_EQ(entered, side == other) << side << " and the folder of " << other;
    }
  }
  const std::int64_t from_us = now_second_us() - 60 * kMicrosPerSecond;
  ChildProcess& collector = start("weir-ingest", {"serve"});
  ChildProcess& quota = start("weir-quota", {"run"});
  start("weir-analytics", {"consume"});
  ChildProcess& queries = start("weir-analytics", {"serve"});
  ChildProcess& compact =
      start("weir-analytics", {"compact", "--analytics.compact_listen=127.0.0.1:0"});
  send(weir_.url_of(collector));

  const std::string usage = weir_.url_of(quota) + "/v1/subscriptions/s1/usage";
  EXPECT_TRUE(answers(usage, fmt::format("\"units\":{}", kEvents)))
      << weir_.get(usage, "acme").second << quota.err();
  const std::string query =
      weir_.url_of(queries) +
      "/v1/query?granularity=all&metrics=requests&from=" + format_rfc3339(from_us) +
      "&to=" + format_rfc3339(from_us + 3600 * kMicrosPerSecond);
  EXPECT_TRUE(answers(query, fmt::format("\"requests\":{}", kEvents)))
      << weir_.get(query, "acme").second << queries.err();
  const std::string compacts = weir_.url_of(compact) + "/readyz";
  EXPECT_TRUE(eventually(seconds(60), [&] { return weir_.get(compacts, "acme").first == 200; }))
      << compact.err();
  Finished billed;
  EXPECT_TRUE(eventually(seconds(60),
                         [&] {
                           billed = bill();
                           return weir_.charged_minor() >= kEvents;
                         }))
      << billed.out << billed.err;
  EXPECT_EQ(weir_.charged_minor(), kEvents) << "one minor unit an event";

  for (const auto& process : processes_) {
    EXPECT_EQ(process->stop(seconds(30)), 0) << process->err();
    EXPECT_THAT(process->err(), Not(HasSubstr("ermission denied")));
  }
  for (const auto& [side, user] : kUsers) expect_all_is_its_own(side);

  // That the folders are closed to these very processes: each refuses the other's.
  const Finished refused =
      weir_.run("weir-quota", {"consume", "--quota.volume=" + folder("analytics")});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("ermission denied"));
  const Finished other =
      weir_.run("weir-analytics", {"compact", "--once", "--analytics.volume=" + folder("quota")});
  EXPECT_NE(other.exit_code, 0);
  EXPECT_THAT(other.err, HasSubstr("ermission denied"));
}

}  // namespace
}  // namespace weir::test
