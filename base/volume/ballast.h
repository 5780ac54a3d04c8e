// The ballast of a volume: a file of nothing, to be given up when the volume is full.
//
// PostgreSQL whose WAL volume is full stops, and needs a little room to come up again; nothing else on the
// volume may be removed by hand. So the quota consumer keeps a file `ballast` on quota's own volume, whose
// bytes are really allocated. When the volume is full an operator releases it, PostgreSQL recovers, and
// there is time to make room; when there is, the consumer makes it again.
//
// Released by the operator, never by the process: what fills the volume goes on filling it, and would eat
// a ballast that nobody watches within minutes. Then there would be nothing left to recover by, and the
// volume would be as full as before. While it waits nothing is counted and every close is held: late, not
// wrong.
#pragma once

#include "base/metrics.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>

namespace weir {

/// At most this share of the volume is put aside, whatever was asked for.
constexpr std::int64_t kBallastPercentMax = 5;
/// It is made only when this share stays free behind it: so what was released is not taken again at once.
constexpr std::int64_t kBallastRoomPercent = 10;

std::string ballast_path(const std::string& folder);
/// Bytes that the ballast holds allocated; 0: there is none.
Result<std::int64_t> ballast_bytes(const std::string& folder);
/// Makes it, or one of another size, if there is room for it; 0 wanted removes it. The bytes that it holds
/// then: 0 says that there was no room.
Result<std::int64_t> keep_ballast(const std::string& folder, std::int64_t bytes_wanted);
/// The bytes that were released; 0: there was none. Needs no room itself.
Result<std::int64_t> release_ballast(const std::string& folder);

/// Keeps it for the life of the object: looks at once and then every minute, on a thread of its own. The
/// gauge weir_volume_ballast_bytes{volume=`name`} says what it holds.
class BallastKeeper {
 public:
  BallastKeeper(std::string folder, std::string name, std::int64_t bytes_wanted, Metrics& metrics);
  ~BallastKeeper();
  BallastKeeper(const BallastKeeper&) = delete;
  BallastKeeper& operator=(const BallastKeeper&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
