#include "ingest/connect/connect.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"
#include "ingest/connect/kept_log.h"
#include "ingest/connect/late_sink.h"
#include "ingest/file_stream/file_stream_source.h"
#include "ingest/file_stream/new_log.h"
#include "ingest/kafka/kafka_admin.h"
#include "ingest/kafka/kafka_sink.h"
#include "ingest/kafka/kafka_source.h"
#include "ingest/spool/file_log_source.h"
#include "ingest/spool/file_stream_log.h"
#include "ingest/spool/real_disk.h"

namespace weir {
namespace {

/// It has no state of its own; whatever is opened on it may live as long as the process.
LogDisk& disk() {
  static RealDisk real;
  return real;
}

/// A sink that brings its log's keeper.
class KeepingSink : public RecordSink {
 public:
  KeepingSink(const StreamOptions& options, std::unique_ptr<KeptLog> log)
      : log_(std::move(log)),
        sink_(disk(), options.log_folder(), options.delivery_timeout, &log_->keeper()) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override {
    return sink_.append(records, deadline);
  }
  Result<std::int32_t> partition_count(Deadline deadline) override {
    return sink_.partition_count(deadline);
  }

 private:
  std::unique_ptr<KeptLog> log_;
  LateSink sink_;
};

template <class Interface, class Made>
Result<std::unique_ptr<Interface>> as(Result<std::unique_ptr<Made>> made) {
  if (!made) return std::move(made).error();
  return std::unique_ptr<Interface>(*std::move(made));
}

}  // namespace

Result<std::unique_ptr<Source>> connect_source(const StreamOptions& options,
                                               const std::string& volume) {
  if (options.is_file()) {
    FileStreamOptions file;
    file.folder = options.log_folder();
    const std::string& own = options.group_folder;
    file.group_folder = (own.empty() ? volume + "/group" : own) + "/" + options.topic;
    file.group.session_timeout = options.session_timeout;
    file.group.heartbeat_interval = options.session_timeout / 4;
    return std::unique_ptr<Source>(
        std::make_unique<FileStreamSource>(disk(), std::move(file), system_clock()));
  }
  return as<Source>(KafkaSource::open(options.kafka_options()));
}

Result<std::unique_ptr<Source>> connect_alone(const StreamOptions& options,
                                              std::string_view purpose) {
  if (options.is_file()) return as<Source>(FileLogSource::open(disk(), options.log_folder()));
  KafkaOptions kafka = options.kafka_options();
  if (!kafka.group.empty()) kafka.group += "-";
  kafka.group += std::string(purpose) + "-" + random_hex(8);
  kafka.instance_id.clear();
  return as<Source>(KafkaSource::open(kafka));
}

Result<std::unique_ptr<RecordSink>> connect_sink(const StreamOptions& options) {
  if (options.is_file()) {
    return std::unique_ptr<RecordSink>(std::make_unique<LateSink>(
        disk(), options.log_folder(), options.delivery_timeout, nullptr));
  }
  return as<RecordSink>(KafkaSink::open(options.kafka_options()));
}

Result<std::unique_ptr<RecordSink>> connect_keeper(const StreamOptions& options, Metrics& metrics) {
  if (!options.is_file()) return connect_sink(options);
  auto log = KeptLog::open(disk(), options, metrics);
  if (!log) return std::move(log).error();
  return std::unique_ptr<RecordSink>(std::make_unique<KeepingSink>(options, *std::move(log)));
}

Result<std::unique_ptr<StreamLog>> connect_log(const StreamOptions& options) {
  if (options.is_file()) {
    return std::unique_ptr<StreamLog>(
        std::make_unique<FileStreamLog>(disk(), options.log_folder(), options.topic));
  }
  return as<StreamLog>(KafkaAdmin::open(options.kafka_options()));
}

std::unique_ptr<LogCursor> connect_cursor(const StreamOptions& options) {
  if (!options.is_file()) return nullptr;
  return std::make_unique<LogCursor>(disk(), options.log_folder());
}

Status make_topic(const StreamOptions& options, const TopicPlan& plan, Deadline deadline) {
  if (options.is_file()) {
    WEIR_TRY(make_folders(options.folder));
    const auto log = make_file_log(disk(), options.log_folder(), plan.partitions);
    if (!log) return log.error();
    if (log->made) return {};
    return Error{ErrorCode::conflict, "a log is there already: " + options.log_folder(), ""};
  }
  auto admin = KafkaAdmin::open(options.kafka_options());
  if (!admin) return admin.error();
  return (*admin)->create_topic(plan, deadline);
}

}  // namespace weir
