#include "tests/contract/stream/contract_reader.h"

namespace weir {

void Reader::poll() {
  Result<Polled> polled = source->poll(std::chrono::milliseconds(100));
  ASSERT_TRUE(polled) << polled.error().text();
  const std::vector<PartitionId> which(polled->partitions.begin(), polled->partitions.end());
  const StreamRecord& record = polled->record;
  switch (polled->kind) {
    case Polled::Kind::nothing:
      break;
    case Polled::Kind::record:
      got.push_back({record.partition, record.offset, record.append_time,
                     std::string(record.content_type), std::string(record.key),
                     std::string(record.value), record_digest(record), record.origin,
                     std::string(record.origin.producer)});
      got.back().origin.producer = {};
      break;
    case Polled::Kind::assigned:
      held.insert(held.end(), which.begin(), which.end());
      break;
    case Polled::Kind::revoked:
      ++revoked;
      for (const PartitionId partition : which) std::erase(held, partition);
      break;
    case Polled::Kind::unreadable:
      unreadable.insert(unreadable.end(), which.begin(), which.end());
      break;
  }
}

}  // namespace weir
