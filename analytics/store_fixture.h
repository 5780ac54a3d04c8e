// For tests: an analytics volume in a fresh folder, and batches that speak the domain.
#pragma once

#include "analytics/catalogue.h"
#include "analytics/handler.h"
#include "analytics/segment_writer.h"
#include "analytics/volume.h"
#include "base/volume/durable_file.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <stdlib.h>
#include <string>
#include <vector>

namespace weir {

inline Deadline soon() { return Deadline::in(std::chrono::seconds(30)); }

inline IdentityKey test_key() {
  Result<IdentityKey> key = IdentityKey::from_secret("a secret of sixteen bytes or more");
  WEIR_CHECK(key.ok());
  return *key;
}

/// 2026-03-01T12:00:00Z.
inline constexpr std::int64_t kNoonUs = 1'772'366'400 * kMicrosPerSecond;

/// A commit of rows of one partition, offset by offset, one row a record.
class BatchBuilder {
 public:
  explicit BatchBuilder(std::int32_t partition = 0, std::int64_t from = 0) {
    batch_.incarnation = Incarnation(1);
    Range range;
    range.partition = PartitionId(partition);
    range.from = range.to = Offset(from);
    batch_.ranges.push_back(range);
  }

  BatchBuilder& add(RequestRow row, Verdict verdict = Verdict::fresh,
                    std::int64_t append_us = kNoonUs) {
    Range& range = batch_.ranges[0];
    std::string id = std::to_string(range.partition.value) + ":" + std::to_string(range.to.value);
    if (row.id.empty()) row.id = id;
    append_row(batch_.rows, row, key_);
    batch_.verdict.push_back(verdict);
    batch_.range_of.push_back(0);
    batch_.address.push_back({batch_.incarnation, range.to, 0});
    batch_.append_time.push_back(AppendTime(append_us));
    ++range.to;
    ++range.counts.received;
    if (verdict == Verdict::fresh) ++range.counts.applied;
    if (verdict == Verdict::duplicate) ++range.counts.duplicate;
    if (verdict == Verdict::unprovable) ++range.counts.unprovable;
    return *this;
  }
  CommitBatch& batch() { return batch_; }
  Range& range() { return batch_.ranges[0]; }

 private:
  IdentityKey key_ = test_key();
  CommitBatch batch_;
};

inline RequestRow request(std::string_view tenant, std::string_view route,
                          std::int64_t time_us = kNoonUs, std::uint16_t status = 200,
                          std::int64_t latency_us = 1000) {
  RequestRow row;
  row.tenant = tenant;
  row.source = "gw-1";
  row.subscription = "sub-1";
  row.time = EventTime(time_us);
  row.api = "orders";
  row.route = route;
  row.method = "GET";
  row.status = status;
  row.latency_us = latency_us;
  row.request_bytes = 10;
  row.response_bytes = 200;
  row.country = "DE";
  row.gateway = "eu-1";
  return row;
}

class StoreTest : public ::testing::Test {
 protected:
  /// One consumer process: its owner lock, writer, catalogue connection and handler.
  struct Consumer {
    FileOwner owner;
    Catalogue catalogue;
    SegmentWriter writer;
    AnalyticsHandler handler;

    Consumer(const AnalyticsVolume& volume, FileOwner own, Catalogue cat, SegmentWriterOptions opts,
             Clock& clock, Metrics& metrics)
        : owner(std::move(own)),
          catalogue(std::move(cat)),
          writer(std::move(*SegmentWriter::open(volume, owner, opts))),
          handler(volume, catalogue, writer, options(), clock, metrics) {}
    static AnalyticsHandlerOptions options() {
      AnalyticsHandlerOptions options;
      options.topic = "weir.requests";
      options.pause_percent = 100;
      return options;
    }
  };

  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weir-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    volume_ = std::make_unique<AnalyticsVolume>(name);
    ASSERT_TRUE(volume_->prepare().ok());
  }
  void TearDown() override { std::filesystem::remove_all(volume_->root()); }

  std::unique_ptr<Consumer> consumer(SegmentWriterOptions options = {}) {
    Result<FileOwner> owner = FileOwner::register_in(*volume_);
    WEIR_CHECK(owner.ok());
    auto made = std::make_unique<Consumer>(*volume_, std::move(*owner), catalogue(), options,
                                           clock_, metrics_);
    return made;
  }
  /// Loads partitions 0 and 1 of 2.
  static std::vector<PartitionState> load(Consumer& consumer) {
    std::vector<PartitionId> partitions = {PartitionId(0), PartitionId(1)};
    Result<std::vector<PartitionState>> states = consumer.handler.load(partitions, 2, soon());
    WEIR_CHECK(states.ok());
    return *states;
  }
  static Committed commit(Consumer& consumer, const CommitBatch& batch) {
    Result<Committed> outcome = consumer.handler.commit(batch, soon());
    if (!outcome) ADD_FAILURE() << outcome.error().text();
    return outcome ? *outcome : Committed::conflict;
  }
  Catalogue catalogue() {
    Result<Catalogue> opened = Catalogue::open(volume_->catalogue_path(), SqliteMode::read_write);
    WEIR_CHECK(opened.ok());
    return std::move(*opened);
  }
  /// Files on the disk, of all kinds, temporary ones included.
  std::size_t files_on_disk() const {
    std::size_t count = 0;
    for (FileKind kind : {FileKind::segment, FileKind::rollup}) {
      count += list_folder(volume_->folder(kind))->size();
    }
    return count;
  }
  std::vector<DataFile> live_files(FileKind kind) {
    Catalogue cat = catalogue();
    Result<std::vector<DataFile>> files = cat.live_files(kind);
    WEIR_CHECK(files.ok());
    return *files;
  }
  /// "read_parquet([…])" over the live files of a kind.
  std::string source(FileKind kind) {
    std::string list;
    for (const DataFile& file : live_files(kind)) {
      list += (list.empty() ? "" : ", ") + sql_quote(volume_->path(file));
    }
    return "read_parquet([" + list + "])";
  }
  static std::int64_t number(const std::string& sql) {
    Result<DuckDb> duck = DuckDb::open({});
    Result<DuckConnection> connection = duck->connect();
    Result<DuckResult> result = connection->query(sql, {}, soon());
    if (!result) ADD_FAILURE() << result.error().text();
    return result ? result->integer(0, 0) : -1;
  }
  /// One number from SQL over the live files of a kind; `{files}` stands for them.
  std::int64_t number(FileKind kind, std::string sql) {
    return number(sql.replace(sql.find("{files}"), 7, source(kind)));
  }

  std::unique_ptr<AnalyticsVolume> volume_;
  ManualClock clock_{WallTime(kNoonUs)};
  Metrics metrics_;
};

}  // namespace weir
