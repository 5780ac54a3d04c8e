#include "quota/carry_over.h"

#include "base/log.h"
#include "ingest/codec/codec.h"

#include <algorithm>
#include <limits>

namespace weir {
namespace {

constexpr Micros kPoll = std::chrono::milliseconds(200);
constexpr int kNamingTries = 10;

bool holds_events(const StreamRecord& record) {
  return record.content_type != kBarrier && record.content_type != kSeal &&
         record.content_type != kVoid;
}

IdentityOptions share_of_one(IdentityOptions options, std::size_t partitions) {
  const auto least = std::min<std::size_t>(options.open_bytes_max, 1u << 20);
  options.open_bytes_max = std::max(options.open_bytes_max / partitions, least);
  options.sealed_bytes_max /= partitions;
  // Partition after partition: append times run through the horizon once for each.
  options.open_age_max = std::max(options.horizon, options.restamp_window) * 2;
  return options;
}

/// One new partition, while it inherits.
struct Heir {
  PartitionId partition;
  Offset start;  // its first record's offset
  std::int64_t at = 0;
  IdentityIndex index;
};

class CarryingOver {
 public:
  CarryingOver(Store& store, const Deployment& deployment, const Inheritance& inheritance,
               Source& former, const IdentityKey& key, const CarryOverOptions& options,
               const std::stop_token& stop)
      : store_(store),
        deployment_(deployment),
        from_(inheritance),
        former_(former),
        options_(options),
        stop_(stop),
        decoder_(key) {}

  Status run(std::vector<PartitionState> states) {
    for (PartitionState& state : states) WEIR_TRY(open(state));
    WEIR_TRY(join());
    for (std::size_t p = 0; p < from_.inherited.ranges.size(); ++p) {
      WEIR_TRY(read(PartitionId{static_cast<std::int32_t>(p)}));
    }
    for (Heir& heir : heirs_) {
      heir.index.advance_to(heir.start.value, std::nullopt);
      WEIR_TRY(name(heir, true));
    }
    return {};
  }

 private:
  Deadline soon() const { return Deadline::in(options_.call_timeout); }
  std::int64_t place(const Heir& heir, PartitionId former, Offset offset) const {
    return from_.inherited.place(former, offset, heir.start);
  }

  Status open(PartitionState& state) {
    const Offset start = from_.starts[static_cast<std::size_t>(state.partition.value)];
    const std::int64_t first = start.value - from_.inherited.length();
    Result<IdentityIndex> index = IdentityIndex::open(
        share_of_one(options_.identity, from_.starts.size()), deployment_.incarnation.value,
        state.partition.value, state.generations, first);
    if (!index) return index.error().within("identity index");
    if (state.unheld_until) index->set_unheld_until(*state.unheld_until);
    Heir heir{state.partition, start, first, std::move(*index)};
    const IdentityIndex::Coverage covered = heir.index.covered();
    if (covered.from < covered.to) {
      heir.at = covered.to;
    } else {
      heir.index.begin_at(first, true);  // what lies before, `unheld_until` says
    }
    heirs_.push_back(std::move(heir));
    return {};
  }

  /// The group gives all partitions to its one member.
  Status join() {
    const Deadline deadline = Deadline::in(options_.quiet_timeout);
    std::size_t assigned = 0;
    while (assigned < from_.inherited.ranges.size()) {
      if (deadline.passed() || stop_.stop_requested()) return away("was not assigned in time");
      const auto polled = former_.poll(kPoll);
      if (!polled) return polled.error();
      if (polled->kind == Polled::Kind::assigned) assigned += polled->partitions.size();
    }
    return {};
  }

  Error away(const std::string& what) const {
    return {ErrorCode::unavailable, "topic " + from_.inherited.topic + " " + what,
            "keep it until all that is inherited was read"};
  }

  Status read(PartitionId partition) {
    const InheritedRange& range = from_.inherited.ranges[static_cast<std::size_t>(partition.value)];
    Offset from = range.to;
    for (const Heir& heir : heirs_) {
      const std::int64_t ahead =
          std::max<std::int64_t>(0, heir.at - place(heir, partition, range.from));
      from = std::min(from, std::min(range.from + ahead, range.to));
    }
    if (from == range.to) return {};
    const auto bounds = former_.bounds(partition, soon());
    if (!bounds) return bounds.error();
    if (from < bounds->start) {
      from = std::min(bounds->start, range.to);
      WEIR_TRY(lose(partition, from));
    }
    if (from == range.to) return {};
    const auto state = store_.read_partition(from_.former, partition, soon());
    if (!state) return state.error();
    quarantined_ = state->quarantined;
    WEIR_TRY(former_.start(partition, from));
    WEIR_TRY(read_to(partition, range.to));
    const PartitionId done[] = {partition};
    return former_.pause(done);
  }

  /// Retention took it since the move was finished: the coverage begins anew behind it (R5).
  Status lose(PartitionId partition, Offset to) {
    for (Heir& heir : heirs_) {
      const std::int64_t behind = place(heir, partition, to);
      if (behind <= heir.at) continue;
      WEIR_TRY(options_.shorten(heir.partition));
      heir.index.set_unheld_until(from_.inherited.newest);
      WEIR_TRY(name(heir, true));  // what was read before is asked all the same
      heir.index.begin_at(behind, false);
      heir.at = behind;
    }
    log_warn("inheritance: the former topic has lost records; the horizon is shortened",
             {{"topic", from_.inherited.topic}, {"partition", partition.value}});
    return {};
  }

  Status read_to(PartitionId partition, Offset to) {
    Deadline quiet = Deadline::in(options_.quiet_timeout);
    while (true) {
      const auto position = former_.position(partition);
      if (position && *position >= to) return {};
      if (stop_.stop_requested()) return away("is still to be read");
      const auto polled = former_.poll(kPoll);
      if (!polled) return polled.error();
      if (polled->kind == Polled::Kind::revoked || polled->kind == Polled::Kind::unreadable) {
        return away("changed while it was read");
      }
      if (polled->kind != Polled::Kind::record) {
        if (quiet.passed()) return away("says nothing");
        continue;
      }
      quiet = Deadline::in(options_.quiet_timeout);
      if (polled->record.partition != partition) continue;
      if (polled->record.offset >= to) return {};
      WEIR_TRY(take(polled->record));
    }
  }

  Status take(const StreamRecord& record) {
    decode(record);
    for (Heir& heir : heirs_) {
      const std::int64_t at = place(heir, record.partition, record.offset);
      if (at < heir.at) continue;
      choose(heir.partition);
      verdicts_.resize(identity_.size());
      WEIR_TRY(heir.index.classify(at, record.append_time, identity_, time_, row_, verdicts_));
      heir.index.advance_to(at + 1, record.append_time);
      heir.at = at + 1;
      WEIR_TRY(name(heir, false));
    }
    return {};
  }

  /// The rows that were not quarantined, into rows_ and kept_.
  void decode(const StreamRecord& record) {
    rows_.clear();
    report_.clear();
    kept_.clear();
    const auto first =
        std::ranges::lower_bound(quarantined_, Address{from_.former, record.offset, 0});
    const auto last = std::upper_bound(first, quarantined_.end(),
                                       Address{from_.former, record.offset, kWholeRecord});
    const bool whole = first != last && (last - 1)->row == kWholeRecord;
    if (whole || !holds_events(record)) return;
    DecodeContext context;
    context.sections = Sections::usage;
    context.latest = EventTime{std::numeric_limits<std::int64_t>::max()};
    decoder_.decode(record.content_type, record.value, context, rows_, report_);
    for (std::uint32_t i = 0; i < rows_.rows(); ++i) {
      const std::uint32_t row = report_.rejections.empty() ? i : report_.row_index[i];
      const bool recorded =
          std::any_of(first, last, [&](const Address& address) { return address.row == row; });
      if (!recorded) kept_.push_back({i, row, home_of(i)});
    }
  }
  std::int32_t home_of(std::uint32_t row) const {
    const std::string_view subscription = rows_.subscription.at(row);
    if (subscription.empty() || !options_.check_partitioner) return kAnywhere;
    return partition_of(subscription, static_cast<std::int32_t>(from_.starts.size())).value;
  }
  void choose(PartitionId partition) {
    identity_.clear();
    time_.clear();
    row_.clear();
    for (const Kept& kept : kept_) {
      if (kept.home != partition.value && kept.home != kAnywhere) continue;
      identity_.push_back(rows_.identity[kept.at]);
      time_.push_back(rows_.time[kept.at]);
      row_.push_back(kept.row);
    }
  }

  /// Seals when it is due, and names what was sealed.
  Status name(Heir& heir, bool force) {
    Result<std::optional<Generation>> sealed = heir.index.seal(heir.start.value, force);
    if (!sealed) return sealed.error();
    if (!*sealed) return {};
    for (int attempt = 0; attempt < kNamingTries; ++attempt) {
      Result<bool> named = try_to_name(heir.partition, **sealed);
      // Naming twice is naming once, so a lost reply is tried again.
      if (!named && named.error().code != ErrorCode::in_doubt) return named.error();
      if (named && *named) return heir.index.named(**sealed);
    }
    return Error{ErrorCode::unavailable,
                 "partition " + std::to_string(heir.partition.value) +
                     " moves on while its inheritance is named",
                 ""};
  }

  /// R5: step 1 sets `next` to what it is. False: it was not that any more.
  Result<bool> try_to_name(PartitionId partition, const Generation& generation) {
    const auto next = store_.read_next(deployment_.incarnation, partition, soon());
    if (!next) return next.error();
    if (!*next)
      return Error{ErrorCode::integrity, "a partition of this incarnation is missing", ""};
    auto tx = store_.begin(soon());
    if (!tx) return tx.error();
    auto holds = (*tx)->advance_progress(deployment_.incarnation, partition, **next, **next);
    if (!holds || !*holds) return holds;
    WEIR_TRY((*tx)->name_generations({&generation, 1}));
    WEIR_TRY((*tx)->commit());
    return true;
  }

  static constexpr std::int32_t kAnywhere = -1;
  struct Kept {
    std::uint32_t at;   // in rows_
    std::uint32_t row;  // in the record
    std::int32_t home;
  };

  Store& store_;
  const Deployment& deployment_;
  const Inheritance& from_;
  Source& former_;
  const CarryOverOptions& options_;
  const std::stop_token& stop_;

  std::vector<Heir> heirs_;
  std::vector<Address> quarantined_;  // of the partition that is read

  // of the record in hand
  Decoder decoder_;
  RequestBatch rows_;
  DecodeReport report_;
  std::vector<Kept> kept_;
  std::vector<Identity> identity_;
  std::vector<EventTime> time_;
  std::vector<std::uint32_t> row_;
  std::vector<Verdict> verdicts_;  // not needed
};

}  // namespace

Result<std::vector<PartitionState>> find_heirs(Store& store, const Deployment& deployment,
                                               const Inheritance& inheritance,
                                               const CarryOverOptions& options) {
  std::vector<PartitionState> heirs;
  const Micros horizon = std::max(options.identity.horizon, options.identity.restamp_window);
  for (std::size_t q = 0; q < inheritance.starts.size(); ++q) {
    const PartitionId partition{static_cast<std::int32_t>(q)};
    Result<PartitionState> state =
        store.read_partition(deployment.incarnation, partition, Deadline::in(options.call_timeout));
    if (!state) return std::move(state).error();
    const Offset start = inheritance.starts[q];
    const bool passed = state->anchor &&
                        state->anchor->append_time - horizon.count() > inheritance.inherited.newest;
    if (passed) {
      WEIR_TRY(options.shorten(partition));
      continue;
    }
    Result<IdentityIndex> index = IdentityIndex::open(
        share_of_one(options.identity, inheritance.starts.size()), deployment.incarnation.value,
        partition.value, state->generations, start.value - inheritance.inherited.length());
    if (!index) return index.error().within("identity index");
    const IdentityIndex::Coverage covered = index->covered();
    if (covered.from == covered.to || covered.to < start.value) heirs.push_back(*std::move(state));
  }
  return heirs;
}

Status carry_over(Store& store, const Deployment& deployment, const Inheritance& inheritance,
                  std::vector<PartitionState> heirs, Source& former, const IdentityKey& key,
                  const CarryOverOptions& options, const std::stop_token& stop) {
  return CarryingOver(store, deployment, inheritance, former, key, options, stop)
      .run(std::move(heirs));
}

}  // namespace weir
