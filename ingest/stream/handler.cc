#include "ingest/stream/handler.h"

namespace weir {

void CommitBatch::clear() {
  ranges.clear();
  rows.clear();
  verdict.clear();
  range_of.clear();
  address.clear();
  append_time.clear();
  quarantined.clear();
  gaps.clear();
  seals.clear();
  redriven.clear();
}

}  // namespace weir
