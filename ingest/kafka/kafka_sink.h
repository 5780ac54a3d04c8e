// KafkaSink: a RecordSink over an idempotent Kafka producer (acks=all).
//
// append() returns when every record is acknowledged, or when the deadline has passed: then the
// error is `in_doubt`, since a record in the queue may still be sent until delivery_timeout is
// over. The queue is bounded in bytes (`full`, nothing taken), but always admits one call's records
// when it is empty. A producer that librdkafka declares dead is replaced at the next call. Threads:
// any; calls run side by side.
#pragma once

#include "base/result.h"
#include "ingest/kafka/kafka_options.h"
#include "ingest/stream/sink.h"

#include <memory>

namespace weir {

class KafkaSink : public RecordSink {
 public:
  /// Needs no broker to be there yet. Error `config` for a bad option.
  static Result<std::unique_ptr<KafkaSink>> open(const KafkaOptions& options);
  ~KafkaSink() override;

  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override;

 private:
  struct State;
  explicit KafkaSink(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
