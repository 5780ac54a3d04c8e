// Rows are dealt to partitions by a counting pass over codes: murmur2 once per distinct
// subscription, not per row. A record is cut at kRecordRowsMax rows, and again by halves while its
// encoding is over kRecordBytesMax.
#include "ingest/stream/sink.h"

#include <deque>

namespace weir {
namespace {

struct Encoded {
  PartitionId partition;
  std::string_view content_type;
  std::string value;
};

}  // namespace

struct BatchWriter::State {
  State(RecordSink& sink_in, const IdentityKey& key) : sink(sink_in), encoder(key) {}

  void deal(const RequestBatch& batch, std::int32_t partitions);
  void encode(const RequestBatch& batch, PartitionId partition,
              std::span<const std::uint32_t> rows);
  Encoded& next_record();

  RecordSink& sink;
  Encoder encoder;
  std::vector<std::int32_t> partition_of_code;      // by code of subscription
  std::vector<std::vector<std::uint32_t>> rows_of;  // by partition
  std::deque<Encoded> records;                      // kept for their memory
  std::size_t records_used = 0;
  std::vector<OutRecord> out;
};

BatchWriter::BatchWriter(RecordSink& sink, const IdentityKey& key)
    : state_(std::make_unique<State>(sink, key)) {}
BatchWriter::~BatchWriter() = default;

void BatchWriter::State::deal(const RequestBatch& batch, std::int32_t partitions) {
  const Dictionary& subscriptions = batch.subscription.dictionary();
  partition_of_code.resize(subscriptions.size());
  for (Dictionary::Code code = 0; code < subscriptions.size(); ++code) {
    partition_of_code[code] = partition_of(subscriptions.text_of(code), partitions).value;
  }
  rows_of.resize(static_cast<std::size_t>(partitions));
  for (std::vector<std::uint32_t>& rows : rows_of) rows.clear();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const bool subscribed = !batch.subscription.at(row).empty();
    const std::int32_t partition = subscribed ? partition_of_code[batch.subscription.code_at(row)]
                                              : partition_of(batch.id.at(row), partitions).value;
    rows_of[static_cast<std::size_t>(partition)].push_back(static_cast<std::uint32_t>(row));
  }
}

Encoded& BatchWriter::State::next_record() {
  if (records_used == records.size()) records.emplace_back();
  return records[records_used++];
}

void BatchWriter::State::encode(const RequestBatch& batch, PartitionId partition,
                                std::span<const std::uint32_t> rows) {
  if (rows.empty()) return;
  Encoded& record = next_record();
  record.partition = partition;
  record.content_type = rows.size() >= kPackedRowsMin ? kPacked : kJson;
  if (rows.size() >= kPackedRowsMin) {
    encoder.packed_rows(batch, rows, record.value);
  } else {
    encoder.json_rows(batch, rows, record.value);
  }
  if (record.value.size() <= kRecordBytesMax || rows.size() == 1) return;
  --records_used;
  encode(batch, partition, rows.first(rows.size() / 2));
  encode(batch, partition, rows.subspan(rows.size() / 2));
}

Status BatchWriter::write(const RequestBatch& batch, Deadline deadline) {
  if (batch.rows() == 0) return {};
  WEIR_CHECK(batch.has_detail);
  Result<std::int32_t> partitions = state_->sink.partition_count(deadline);
  if (!partitions) return partitions.error();

  state_->deal(batch, *partitions);
  state_->records_used = 0;
  for (std::int32_t partition = 0; partition < *partitions; ++partition) {
    std::span<const std::uint32_t> rows = state_->rows_of[static_cast<std::size_t>(partition)];
    for (; !rows.empty(); rows = rows.subspan(std::min(rows.size(), kRecordRowsMax))) {
      state_->encode(batch, PartitionId{partition},
                     rows.first(std::min(rows.size(), kRecordRowsMax)));
    }
  }

  state_->out.clear();
  for (std::size_t i = 0; i < state_->records_used; ++i) {
    const Encoded& record = state_->records[i];
    state_->out.push_back({record.partition, record.content_type, record.value});
  }
  Result<std::vector<Appended>> appended = state_->sink.append(state_->out, deadline);
  if (!appended) return appended.error();
  return {};
}

}  // namespace weir
