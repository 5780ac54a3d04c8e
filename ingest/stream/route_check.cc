#include "ingest/stream/route_check.h"

namespace weir {

void RouteCheck::find(const RequestBatch& rows, std::size_t from, PartitionId partition,
                      std::int32_t partitions, std::vector<std::uint32_t>& misrouted) {
  const Dictionary& subscriptions = rows.subscription.dictionary();
  for (std::size_t code = home_of_code_.size(); code < subscriptions.size(); ++code) {
    const std::string_view text = subscriptions.text_of(static_cast<Dictionary::Code>(code));
    home_of_code_.push_back(text.empty() ? kAnywhere : partition_of(text, partitions).value);
  }
  for (std::size_t row = from; row < rows.rows(); ++row) {
    const std::int32_t home = home_of_code_[rows.subscription.code_at(row)];
    if (home == partition.value || home == kAnywhere) continue;
    misrouted.push_back(static_cast<std::uint32_t>(row));
  }
}

std::string misrouted_detail(PartitionId found, PartitionId expected, bool has_key) {
  return "partition " + std::to_string(found.value) + ", expected " +
         std::to_string(expected.value) + (has_key ? "" : " (the record has no key)") +
         ": the producer must key by subscription and use the Java partitioner, for example "
         "kcat -X topic.partitioner=murmur2_random";
}

}  // namespace weir
