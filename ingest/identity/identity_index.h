// IdentityIndex: exact dedupe for one partition (R4 to R6), without a database row per event.
//
// It maps an identity to the address of its first occurrence. An event is a duplicate when the
// index knows its identity at a SMALLER address; so the index is a function of the stream, asking
// about the same rows twice gives the same answer, and nothing is claimed before it is written.
//
// Shape: one open generation in memory, and sealed ones as immutable sorted files with a filter in
// front. A file counts only when a committed row names it (Handler::commit); what no row names is
// removed at open. Bounded: open entries in bytes, sealed files by the horizon and in bytes.
// Threads: one.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/event/identity.h"
#include "ingest/identity/generation.h"
#include "ingest/identity/verdict.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

struct IdentityOptions {
  std::string folder;  // on the consumer's own volume
  std::string volume_id;
  Micros horizon = std::chrono::hours(24);
  Micros restamp_window = std::chrono::hours(1);
  Micros skew = std::chrono::minutes(5);           // >= the permitted future
  std::size_t open_bytes_max = 64u << 20;          // then a seal is due
  Micros open_age_max = std::chrono::minutes(15);  // in append time
  std::uint64_t sealed_bytes_max = 8ull << 30;     // then the horizon shortens
};

class IdentityIndex {
 public:
  /// Opens the files that `counted` names; removes files of this partition that nothing names. A
  /// file that is missing, damaged (checksum) or of another volume does not count: `covered`
  /// shrinks to the contiguous run that ends highest, and the caller rebuilds the rest from the
  /// stream. When the caller says from which offset on the stream can still be read, `covered` ends
  /// below the first hole from which it can go on, and nothing of the horizon is lost: reading from
  /// covered().to to `next` fills the hole.
  static Result<IdentityIndex> open(const IdentityOptions& options, std::int32_t incarnation,
                                    std::int32_t partition, std::span<const Generation> counted,
                                    std::optional<std::int64_t> readable_from = std::nullopt);
  IdentityIndex(IdentityIndex&&) noexcept;
  IdentityIndex& operator=(IdentityIndex&&) noexcept;
  ~IdentityIndex();

  /// The offsets [from, to) whose identities the index holds, open generation included. Empty (from
  /// == to) when it holds nothing yet.
  struct Coverage {
    std::int64_t from = 0;
    std::int64_t to = 0;
  };
  Coverage covered() const;
  /// When nothing is covered: where reading is to begin, if the stream still has it (else at its log
  /// start): where the rows of the last horizon began that were named, here or on another volume.
  std::int64_t rebuild_from() const;

  /// Before the first row of a rebuild or of live reading when nothing is covered: reading begins
  /// at `offset`; `from_first_record` when that is the first record incarnation 1 ever had (then
  /// nothing is unprovable); else C of R6 is the append time of the first record that comes + skew.
  /// Also when a rebuild finds that the stream lost what lies between covered().to and `offset`:
  /// then the coverage begins anew there. Files below it are still asked, but cover nothing.
  void begin_at(std::int64_t offset, bool from_first_record);

  /// After open(): records up to this append time may be held by nobody, so C of R6 is no less. Of an
  /// incarnation that an adoption began; to be said again at every open.
  void set_unheld_until(AppendTime at);

  /// The rows of one record, in order: looks each up and enters it, unless its verdict is
  /// duplicate. Quarantined rows are not passed (they never enter). Unprovable rows enter like
  /// applied ones. Verdicts are written to out[i]. Also used to rebuild, where the verdicts are not
  /// needed. All spans are of one length. Error `integrity`: a file rotted under us; nothing was
  /// entered; open the index anew, which reads its range from the stream again.
  Status classify(std::int64_t offset, AppendTime append_time, std::span<const Identity> identity,
                  std::span<const EventTime> time, std::span<const std::uint32_t> row,
                  std::span<Verdict> out);
  /// Offsets up to here (exclusive) have been read, whether or not they held rows.
  void advance_to(std::int64_t offset, std::optional<AppendTime> append_time);

  /// Writes the open generation's entries below `committed_next` to a file when a seal is due (or
  /// forced), durable when it returns. It is named in the next commit, and the caller then calls
  /// named(). nullopt: nothing due. The same file again until named() is called. When nothing else
  /// is due it may merge small files into one of about an hour: that is named in the same way, and
  /// afterwards its inputs are expirable().
  Result<std::optional<Generation>> seal(std::int64_t committed_next, bool force);
  /// The commit that named it is in: the open generation lets go of those entries.
  Status named(const Generation& generation);
  /// Generations that fell out of the horizon, or over the byte bound (still asked until
  /// forgotten), that a merged one replaces, whose file is missing or damaged, or whose rows
  /// another host left beyond the horizon.
  std::vector<Generation> expirable() const;
  /// The commit that dropped their rows is in: files are removed.
  Status forgotten(std::span<const Generation> generations);

  /// Append time from which on copies are recognised: the effective horizon's start, C + 1 of R6. 0
  /// when the index holds every record from the first on.
  AppendTime horizon_from() const;
  std::size_t open_bytes() const;
  /// The open generation holds four times what makes a seal due: no more may be read until one
  /// succeeds.
  bool at_bound() const;
  std::uint64_t sealed_bytes() const;

 private:
  struct State;
  explicit IdentityIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
