// SealedSet: the sealed generations of one partition that count, and what they cover together.
//
// Files of the present incarnation that touch or overlap, and end where the open generation begins,
// are the run: it is what the index covers. All other intact files (older incarnations, below or
// above a hole) are loose: what they say is true and they are asked, but they cover nothing. A file
// that says nothing new, since the run covers it, is redundant: not asked, and soon expired.
// Threads: one.
#pragma once

#include "base/result.h"
#include "ingest/identity/generation.h"
#include "ingest/identity/sealed_file.h"
#include "ingest/identity/verdict.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// The rows of one record, as they ask.
struct AskingRows {
  std::int32_t incarnation = 1;
  std::int64_t offset = 0;
  AppendTime append_time;
  std::span<const Identity> identity;
  std::span<const EventTime> time;
  std::span<const std::uint32_t> row;
};

struct AskWindow {
  Micros skew{};
  Micros restamp{};
};

struct ExpiryBounds {
  AppendTime horizon_start;
  std::uint64_t bytes_max = 0;
};

/// Which run counts, when files are missing.
struct RunChoice {
  /// The lowest offset that the stream can still deliver: the lowest run whose end it can go on from
  /// is taken, since all above is read again; and none, when a lost file lay below that run and can
  /// be read again itself. nullopt: the run that ends highest.
  std::optional<std::int64_t> readable_from;
  Micros horizon{};
};

class SealedSet {
 public:
  /// Opens what `counted` names on this volume, removes this partition's files that nothing names.
  static Result<SealedSet> open(const std::string& folder, const std::string& volume_id,
                                std::int32_t incarnation, std::int32_t partition,
                                std::span<const Generation> counted, RunChoice choice);

  /// The run's offsets; from == to when it has no file.
  std::int64_t run_from() const { return run_from_; }
  std::int64_t run_to() const { return run_to_; }
  /// Where the named rows within the horizon began, lost files and other volumes included.
  std::int64_t wanted_from() const { return wanted_from_; }
  /// Greatest append time of any record below the run; nullopt when there is none. Only of a run
  /// that has a file.
  std::optional<AppendTime> append_before_run() const;
  /// Greatest append time of any record below run_to().
  std::optional<AppendTime> append_before_open() const;
  bool has_run() const { return run_from_ < run_to_; }
  /// Of all files, loose ones included.
  std::optional<AppendTime> append_max() const;
  /// Of the rows, with a file or without, that are of smaller addresses only than `offset` is.
  std::optional<AppendTime> append_max_below(std::int64_t offset) const;

  /// Marks in `out` the rows whose identity a file knows at a smaller address (R4, R6).
  Status mark_known(const AskingRows& rows, const AskWindow& window, std::span<Verdict> out) const;

  /// Takes in a file that has been named, and lets the run end at `run_to`.
  void add(SealedFile file, std::int64_t run_to);
  /// A new run begins, with no file yet, at `offset`.
  void begin_run(std::int64_t offset);
  std::vector<Generation> expirable(const ExpiryBounds& bounds) const;
  Status forget(std::span<const Generation> generations);

  /// Adjacent small files that are better one; empty when there are none. Valid until the next
  /// change.
  std::vector<const SealedFile*> mergeable() const;
  std::uint64_t bytes() const;

 private:
  struct Member {
    SealedFile file;
    bool in_run = false;
    bool redundant = false;
  };
  const Generation& of(std::size_t i) const { return members_[i].file.generation(); }
  /// Sorts the files, and finds out what the run is and what is redundant.
  void settle(std::int64_t run_to);
  std::int64_t choose_run_end(RunChoice choice) const;
  std::int64_t end_that_can_go_on(std::int64_t readable_from) const;
  std::vector<std::pair<std::int64_t, std::int64_t>> present_ranges() const;

  std::string folder_;
  std::int32_t incarnation_ = 1;
  std::vector<Member> members_;      // ascending by (incarnation, from)
  std::vector<Generation> foreign_;  // rows of other volumes
  std::vector<Generation> dead_;     // rows whose file is missing or damaged
  std::int64_t run_from_ = 0;
  std::int64_t run_to_ = 0;
  std::int64_t wanted_from_ = 0;
};

/// Merges files of mergeable() into one that says the same.
Result<Generation> merge_sealed(const std::string& folder, const std::string& volume_id,
                                std::span<const SealedFile* const> inputs);

}  // namespace weir
