#include "ingest/connect/late_sink.h"

namespace weir {

Result<std::shared_ptr<FileStreamSink>> LateSink::sink() {
  const std::lock_guard lock(mutex_);
  if (sink_ != nullptr) return sink_;
  auto opened = FileStreamSink::open(disk_, folder_, timeout_, own_);
  if (!opened) return std::move(opened).error();
  sink_ = *std::move(opened);
  return sink_;
}

void LateSink::forget(const std::shared_ptr<FileStreamSink>& sink) {
  const std::lock_guard lock(mutex_);
  if (sink_ == sink) sink_.reset();
}

Result<std::vector<Appended>> LateSink::append(std::span<const OutRecord> records,
                                               Deadline deadline) {
  const auto open = sink();
  if (!open) return open.error();
  auto places = (*open)->append(records, deadline);
  if (!places && places.error().code == ErrorCode::unavailable) forget(*open);
  return places;
}

Result<std::int32_t> LateSink::partition_count(Deadline deadline) {
  const auto open = sink();
  if (!open) return open.error();
  return (*open)->partition_count(deadline);
}

}  // namespace weir
