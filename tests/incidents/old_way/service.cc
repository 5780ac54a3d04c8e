#include "tests/incidents/old_way/service.h"

#include "ingest/codec/codec.h"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::old_way {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kBatchRows = 500;
constexpr auto kBatchTime = milliseconds(100);

Deadline soon() { return Deadline::in(seconds(10)); }

struct Batch {
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> units;  // by subscription, second
  std::vector<std::string> requests;                                   // as they came
  std::map<std::int32_t, std::int64_t> next;                           // by partition
};

class Service {
 public:
  Service(Source& source, Connection& connection, AnalyticsRelease release)
      : source_(source), connection_(connection), release_(release) {}

  Status run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      auto polled = source_.poll(milliseconds(20));
      if (!polled) return polled.error();
      if (polled->kind == Polled::Kind::assigned) WEIR_TRY(start(polled->partitions));
      if (polled->kind == Polled::Kind::revoked) batch_ = {};
      if (polled->kind == Polled::Kind::record) take(polled->record);
      const bool late = began_.passed() && !batch_.next.empty();
      if (late || batch_.requests.size() >= kBatchRows) WEIR_TRY(commit());
    }
    return {};
  }

 private:
  Status start(std::span<const PartitionId> partitions) {
    for (const PartitionId partition : partitions) {
      auto rows = connection_.run("select next from position where partition = $1",
                                  Params().integer(partition.value), soon());
      if (!rows) return rows.error();
      const std::int64_t next = rows->empty() ? 0 : rows->integer(0, 0);
      WEIR_TRY(source_.start(partition, Offset(next)));
    }
    return {};
  }

  void take(const StreamRecord& record) {
    if (batch_.next.empty()) began_ = Deadline::in(kBatchTime);
    batch_.next[record.partition.value] = record.offset.value + 1;
    rows_.clear();
    report_.clear();
    // What is no event (Weir's barriers) is no business of this service.
    decoder_.decode(record.content_type, record.value,
                    {Sections::all, EventTime(INT64_MAX), "", 8u << 20}, rows_, report_);
    for (std::size_t row = 0; row < rows_.rows(); ++row) {
      const std::int64_t second = rows_.time[row].value / kMicrosPerSecond;
      batch_.units[{std::string(rows_.subscription.at(row)), second}] += rows_.units[row];
      batch_.requests.emplace_back(record.value);
    }
  }

  Status commit() {
    auto tx = Transaction::begin(connection_, soon());
    if (!tx) return tx.error();
    WEIR_TRY(count_quota(*tx));
    WEIR_TRY(keep_for_analytics(*tx));
    for (const auto& [partition, next] : batch_.next) {
      WEIR_TRY(
          tx->run("insert into position values ($1, $2) on conflict (partition) do update set "
                  "next = excluded.next",
                  Params().integer(partition).integer(next), soon()));
    }
    WEIR_TRY(tx->commit(soon()));
    batch_ = {};
    return {};
  }

  Status count_quota(Transaction& tx) {
    for (const auto& [where, units] : batch_.units) {
      WEIR_TRY(
          tx.run("insert into usage values ($1, $2, $3) on conflict (subscription, second) do "
                 "update set units = usage.units + excluded.units",
                 Params().text(where.first).integer(where.second).integer(units), soon()));
    }
    return {};
  }

  Status keep_for_analytics(Transaction& tx) {
    if (release_ == AnalyticsRelease::crashes) std::abort();
    const std::vector<std::string_view> requests(batch_.requests.begin(), batch_.requests.end());
    WEIR_TRY(
        tx.run("insert into request select unnest($1::text[])", Params().texts(requests), soon()));
    return {};
  }

  Source& source_;
  Connection& connection_;
  const AnalyticsRelease release_;
  Decoder decoder_{*IdentityKey::from_secret("the old way knew no identities")};
  RequestBatch rows_;
  DecodeReport report_;
  Batch batch_;
  Deadline began_ = soon();
};

/// Has the provider seen this key?
bool charged_before(const std::string& charges_file, const std::string& key) {
  std::ifstream file(charges_file);
  for (std::string line; std::getline(file, line);) {
    if (line.find("\"key\":\"" + key + "\"") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Status create_tables(Connection& connection) {
  return connection.script(
      "create table if not exists usage (subscription text, second bigint, units bigint not null, "
      "primary key (subscription, second));"
      "create table if not exists request (body text not null);"
      "create table if not exists position (partition int primary key, next bigint not null)",
      soon());
}

Status serve(Source& source, Connection& connection, AnalyticsRelease release,
             const std::stop_token& stop) {
  return Service(source, connection, release).run(stop);
}

Status bill(Connection& connection, std::int64_t from_us, std::int64_t to_us,
            std::int64_t price_hundredths, const std::string& charges_file) {
  auto rows = connection.run(
      "select subscription, sum(units)::bigint from usage where second >= $1 and second < $2 "
      "group by subscription order by subscription",
      Params().integer(from_us / kMicrosPerSecond).integer(to_us / kMicrosPerSecond), soon());
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const std::string customer = "customer-" + std::string(rows->text(i, 0));
    const std::string key = fmt::format("{}/{}", customer, to_us);
    if (charged_before(charges_file, key)) continue;
    const std::int64_t minor = (rows->integer(i, 1) * price_hundredths + 50) / 100;
    std::ofstream(charges_file, std::ios::app) << fmt::format(
        "{{\"key\":\"{}\",\"customer\":\"{}\",\"amount_minor\":{}}}\n", key, customer, minor);
  }
  return {};
}

}  // namespace weir::old_way
