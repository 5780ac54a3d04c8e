#include "ingest/identity/identity_index.h"

#include "base/crash_point.h"
#include "ingest/identity/append_span.h"
#include "ingest/identity/open_table.h"
#include "ingest/identity/sealed_set.h"
#include "ingest/identity/sealed_writer.h"

#include <algorithm>
#include <utility>

namespace weir {

namespace {

Micros horizon_of(const IdentityOptions& options) {
  return std::max(options.horizon, options.restamp_window);
}

}  // namespace

struct IdentityIndex::State {
  // Constant after construction.
  IdentityOptions options;
  std::int32_t incarnation = 1;
  std::int32_t partition = 0;

  SealedSet sealed;

  // The open generation: offsets [open_from, open_to).
  OpenTable table;
  AppendSpans spans;
  std::uint32_t row_max = 0;  // of any entry since begin; only widths depend on it
  bool begun = false;
  bool before_unknown = false;  // reading began at a record that is not known to be the first ever
  std::int64_t open_from = 0;
  std::int64_t open_to = 0;
  std::optional<AppendTime> before;  // greatest append time of any record below open_from (R6)
  std::optional<AppendTime> newest;  // greatest append time that was seen
  std::optional<AppendTime> lost;    // what an older incarnation took along, at the latest

  std::optional<Generation> pending;  // written, and not yet named by a commit

  /// C of R6: greatest append time of any record that the index does not hold.
  std::optional<AppendTime> unheld() const {
    const std::optional<AppendTime> below = sealed.has_run() ? sealed.append_before_run() : before;
    return below && lost ? std::max(*below, *lost) : below ? below : lost;
  }
  void read(std::int64_t offset, AppendTime append_time);
  Status mark_in_table(const AskingRows& rows, std::span<Verdict> out);
  bool seal_due(const AppendSpan& span) const;
  Result<Generation> write_open(std::int64_t to, const AppendSpan& span);
  ExpiryBounds bounds() const;
};

IdentityIndex::IdentityIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
IdentityIndex::IdentityIndex(IdentityIndex&&) noexcept = default;
IdentityIndex& IdentityIndex::operator=(IdentityIndex&&) noexcept = default;
IdentityIndex::~IdentityIndex() = default;

Result<IdentityIndex> IdentityIndex::open(const IdentityOptions& options, std::int32_t incarnation,
                                          std::int32_t partition,
                                          std::span<const Generation> counted,
                                          std::optional<std::int64_t> readable_from) {
  Result<SealedSet> sealed =
      SealedSet::open(options.folder, options.volume_id, incarnation, partition, counted,
                      RunChoice{readable_from, horizon_of(options)});
  if (!sealed) return sealed.error();
  auto state = std::make_unique<State>();
  state->options = options;
  state->incarnation = incarnation;
  state->partition = partition;
  state->sealed = std::move(*sealed);
  state->begun = state->sealed.has_run();
  state->open_from = state->open_to = state->sealed.run_to();
  state->newest = state->sealed.append_max();
  if (state->begun) state->before = state->sealed.append_before_open();
  return IdentityIndex(std::move(state));
}

IdentityIndex::Coverage IdentityIndex::covered() const {
  if (!state_->begun) return {};
  return {state_->sealed.has_run() ? state_->sealed.run_from() : state_->open_from,
          state_->open_to};
}

std::int64_t IdentityIndex::rebuild_from() const { return state_->sealed.wanted_from(); }

void IdentityIndex::set_unheld_until(AppendTime at) { state_->lost = at; }

void IdentityIndex::begin_at(std::int64_t offset, bool from_first_record) {
  State& state = *state_;
  state.begun = true;
  state.before_unknown = !from_first_record;
  state.before.reset();
  // Below the first record there ever was there is nothing, so that is covered too: a file from 0
  // on says, after any restart, that nothing came before.
  state.open_from = from_first_record && state.incarnation == 1 ? 0 : offset;
  state.open_to = offset;
  state.table = OpenTable();
  state.spans = AppendSpans();
  state.pending.reset();
  state.sealed.begin_run(state.open_from);
  if (state.sealed.has_run()) {  // what was thought lost held no record
    state.before_unknown = false;
    state.before = state.sealed.append_before_open();
  }
}

void IdentityIndex::State::read(std::int64_t offset, AppendTime append_time) {
  newest = newest ? std::max(*newest, append_time) : append_time;
  if (before_unknown) {
    before_unknown = false;
    before = append_time + options.skew.count();
    if (auto held = sealed.append_max_below(open_from)) before = std::max(*before, *held);
  }
  if (offset >= open_from) spans.note(offset, append_time);
  open_to = std::max(open_to, offset + 1);
}

Status IdentityIndex::classify(std::int64_t offset, AppendTime append_time,
                               std::span<const Identity> identity, std::span<const EventTime> time,
                               std::span<const std::uint32_t> row, std::span<Verdict> out) {
  State& state = *state_;
  WEIR_CHECK(state.begun && identity.size() == out.size() && time.size() == out.size() &&
             row.size() == out.size());
  state.read(offset, append_time);
  AskingRows rows{state.incarnation, offset, append_time, identity, time, row};
  std::fill(out.begin(), out.end(), Verdict::fresh);
  WEIR_TRY(state.sealed.mark_known(rows, {state.options.skew, state.options.restamp_window}, out));
  WEIR_TRY(state.mark_in_table(rows, out));

  std::optional<AppendTime> unheld = state.unheld();
  if (!unheld) return {};
  std::int64_t time_max = unheld->value + state.options.skew.count();
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == Verdict::fresh && time[i].value <= time_max) out[i] = Verdict::unprovable;
  }
  return {};
}

Status IdentityIndex::State::mark_in_table(const AskingRows& rows, std::span<Verdict> out) {
  constexpr std::size_t kAhead = 16;
  // What lies below the open generation has been sealed: it is looked up, and never entered again.
  bool enters = rows.offset >= open_from;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i + kAhead < out.size()) table.prefetch(rows.identity[i + kAhead]);
    if (out[i] == Verdict::duplicate) continue;
    RecordRow place{rows.offset, rows.row[i]};
    bool known = enters ? table.known_before(rows.identity[i], place)
                        : table.holds_before(rows.identity[i], place);
    if (known) out[i] = Verdict::duplicate;
    row_max = std::max(row_max, rows.row[i]);
  }
  return {};
}

void IdentityIndex::advance_to(std::int64_t offset, std::optional<AppendTime> append_time) {
  State& state = *state_;
  WEIR_CHECK(state.begun);
  if (append_time) state.read(offset - 1, *append_time);
  state.open_to = std::max(state.open_to, offset);
}

Result<std::optional<Generation>> IdentityIndex::seal(std::int64_t committed_next, bool force) {
  State& state = *state_;
  if (state.pending) return state.pending;
  std::int64_t to = std::min(committed_next, state.open_to);
  std::optional<AppendSpan> span = state.spans.fold_below(to);
  Result<Generation> written = Error{ErrorCode::not_found, "nothing is due", ""};
  if (to > state.open_from && span && (force || state.seal_due(*span))) {
    written = state.write_open(to, *span);
  } else if (auto inputs = state.sealed.mergeable(); !force && !inputs.empty()) {
    written = merge_sealed(state.options.folder, state.options.volume_id, inputs);
  } else {
    return std::optional<Generation>{};
  }
  if (!written) return written.error();
  WEIR_CRASH_POINT("index.after_seal");
  state.pending = *written;
  return state.pending;
}

bool IdentityIndex::State::seal_due(const AppendSpan& span) const {
  return table.size() >= OpenTable::entries_within(options.open_bytes_max) ||
         span.max - span.min >= options.open_age_max.count();
}

Result<Generation> IdentityIndex::State::write_open(std::int64_t to, const AppendSpan& span) {
  WEIR_CRASH_POINT("index.before_seal");
  std::vector<IdentityEntry> entries = table.below(to);
  SealedHead head{incarnation, partition, open_from,        to, span.min, span.max,
                  before,      row_max,   options.volume_id};
  SealedWriter writer(options.folder, head, entries.size());
  for (const IdentityEntry& entry : entries) WEIR_TRY(writer.add(entry));
  return writer.finish();
}

Status IdentityIndex::named(const Generation& generation) {
  State& state = *state_;
  if (!state.pending || state.pending->file_name() != generation.file_name()) {
    return Error{ErrorCode::invalid, generation.file_name() + " was not sealed just now", ""};
  }
  Result<SealedFile> file = SealedFile::open(state.options.folder, generation);
  if (!file) return file.error();
  state.pending.reset();
  if (generation.from_offset == state.open_from) {
    state.table.drop_below(generation.to_offset);
    state.spans.forget_folded();
    state.open_from = generation.to_offset;
    AppendTime most = generation.append_max;
    state.before = state.before ? std::max(*state.before, most) : most;
  }
  state.sealed.add(std::move(*file), state.open_from);
  WEIR_CRASH_POINT("index.after_named");
  return {};
}

ExpiryBounds IdentityIndex::State::bounds() const {
  AppendTime start = newest ? *newest - horizon_of(options).count() : AppendTime(INT64_MIN);
  return {start, options.sealed_bytes_max};
}

std::vector<Generation> IdentityIndex::expirable() const {
  return state_->sealed.expirable(state_->bounds());
}

Status IdentityIndex::forgotten(std::span<const Generation> generations) {
  return state_->sealed.forget(generations);
}

AppendTime IdentityIndex::horizon_from() const {
  std::optional<AppendTime> unheld = state_->unheld();
  return unheld ? *unheld + 1 : AppendTime(0);
}

std::size_t IdentityIndex::open_bytes() const {
  return state_->table.bytes() + state_->spans.bytes();
}

bool IdentityIndex::at_bound() const {
  constexpr std::size_t kHardBound = 4;
  return open_bytes() >= kHardBound * state_->options.open_bytes_max;
}

std::uint64_t IdentityIndex::sealed_bytes() const { return state_->sealed.bytes(); }

}  // namespace weir
