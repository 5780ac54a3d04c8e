// The chain of closes, as `weir-billing certificates --export` writes it: what a rebuild classifies
// records by (R17).
//
// One line a close, in order:
//   {"close":1,"digest":"…","adjustments":[["acme","sub-1","requests",1767225600000000,12],…],
//    "certificate":{…}}
// `certificate` is the last member, and its bytes have the digest; each names its predecessor's.
// `adjustments` are the sums that the close billed late, by (tenant, subscription, meter, bucket).
// Errors: `invalid` with the line's number.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct LateSum {
  std::string tenant, subscription, meter;
  std::int64_t bucket_us = 0;
  std::int64_t units = 0;
};
/// A partition as a close cut it; counts are cumulative, -1 where the certificate does not say.
struct CutCounts {
  std::int64_t partition = 0;
  std::int64_t n = 0;
  std::int64_t received = -1, applied = -1, duplicate = -1, quarantined = -1, unprovable = -1,
               adjusted = -1;
};
struct CloseVector {
  std::int64_t id = 0;
  std::int64_t t_us = 0;
  std::int64_t closed_at_us = 0;
  std::int64_t incarnation = 0;
  std::vector<CutCounts> partitions;  // ascending, without holes
  std::vector<LateSum> late;
};

Result<std::vector<CloseVector>> read_close_vectors(std::string_view lines);

}  // namespace weir
