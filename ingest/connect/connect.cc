#include "ingest/connect/connect.h"

#include "base/digest.h"
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

template <class Interface, class Made>
Result<std::unique_ptr<Interface>> as(Result<std::unique_ptr<Made>> made) {
  if (!made) return std::move(made).error();
  return std::unique_ptr<Interface>(*std::move(made));
}

}  // namespace

Result<std::unique_ptr<Source>> connect_source(const StreamOptions& options) {
  if (options.is_file()) return as<Source>(FileLogSource::open(disk(), options.log_folder()));
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
  return as<RecordSink>(KafkaSink::open(options.kafka_options()));
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
  auto admin = KafkaAdmin::open(options.kafka_options());
  if (!admin) return admin.error();
  return (*admin)->create_topic(plan, deadline);
}

}  // namespace weir
