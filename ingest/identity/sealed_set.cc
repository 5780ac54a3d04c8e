#include "ingest/identity/sealed_set.h"

#include "base/log.h"
#include "base/volume/durable_file.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>
#include <utility>

namespace weir {
namespace {

/// Is `name` a sealed or temporary file of this partition, of any incarnation?
bool belongs_to(const std::string& name, std::int32_t partition) {
  if (!name.ends_with(".ids") && !name.ends_with(".tmp")) return false;
  std::size_t dash = name.find('-');
  if (dash == std::string::npos) return false;
  std::int32_t found = -1;
  const char* end = name.data() + name.size();
  auto [rest, error] = std::from_chars(name.data() + dash + 1, end, found);
  return error == std::errc() && rest != end && *rest == '-' && found == partition;
}

Status remove_orphans(const std::string& folder, std::int32_t partition,
                      std::span<const Generation> counted) {
  std::set<std::string> named;
  for (const Generation& generation : counted) named.insert(generation.file_name());
  Result<std::vector<std::string>> names = list_folder(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!belongs_to(name, partition) || named.contains(name)) continue;
    WEIR_TRY(remove_file_durably(folder + "/" + name));
  }
  return {};
}

bool contains(const Generation& outer, const Generation& inner) {
  return outer.incarnation == inner.incarnation && outer.from_offset <= inner.from_offset &&
         inner.to_offset <= outer.to_offset;
}

/// The lowest offset of the rows that reach into the horizon; 0 when there is none.
std::int64_t lowest_within(std::span<const Generation> counted, std::int32_t incarnation,
                           std::int32_t partition, Micros horizon) {
  std::optional<AppendTime> newest;
  for (const Generation& row : counted) {
    newest = newest ? std::max(*newest, row.append_max) : row.append_max;
  }
  std::optional<std::int64_t> lowest;
  for (const Generation& row : counted) {
    bool wanted = row.incarnation == incarnation && row.partition == partition &&
                  row.append_max >= *newest - horizon.count();
    if (wanted) lowest = lowest ? std::min(*lowest, row.from_offset) : row.from_offset;
  }
  return lowest.value_or(0);
}

bool same_file(const Generation& a, const Generation& b) {
  return a.file_name() == b.file_name() && a.volume_id == b.volume_id;
}

}  // namespace

Result<SealedSet> SealedSet::open(const std::string& folder, const std::string& volume_id,
                                  std::int32_t incarnation, std::int32_t partition,
                                  std::span<const Generation> counted, RunChoice choice) {
  SealedSet set;
  set.folder_ = folder;
  set.incarnation_ = incarnation;
  WEIR_TRY(make_folders(folder));
  WEIR_TRY(remove_orphans(folder, partition, counted));
  for (const Generation& generation : counted) {
    if (generation.partition != partition) continue;
    if (generation.volume_id != volume_id) {
      set.foreign_.push_back(generation);
      continue;
    }
    Result<SealedFile> file = SealedFile::open(folder, generation);
    if (file) {
      set.members_.push_back({std::move(*file)});
    } else if (file.error().code == ErrorCode::not_found ||
               file.error().code == ErrorCode::integrity) {
      log_warn("identity file does not count", {{"why", file.error().text()}});
      set.dead_.push_back(generation);
    } else {
      return file.error();
    }
  }
  set.wanted_from_ = lowest_within(counted, incarnation, partition, choice.horizon);
  set.settle(set.choose_run_end(choice));
  return set;
}

std::vector<std::pair<std::int64_t, std::int64_t>> SealedSet::present_ranges() const {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  for (const Member& member : members_) {
    const Generation& generation = member.file.generation();
    if (generation.incarnation != incarnation_) continue;
    ranges.emplace_back(generation.from_offset, generation.to_offset);
  }
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

std::int64_t SealedSet::choose_run_end(RunChoice choice) const {
  if (choice.readable_from) return end_that_can_go_on(*choice.readable_from);
  std::optional<std::int64_t> end;
  for (auto [from, to] : present_ranges()) end = std::max(end.value_or(to), to);
  return end.value_or(0);
}

std::int64_t SealedSet::end_that_can_go_on(std::int64_t readable_from) const {
  const auto ranges = present_ranges();
  if (ranges.empty()) return -1;
  auto [begin, end] = ranges.front();
  for (auto [from, to] : ranges) {
    if (end < from) {
      if (readable_from <= end) break;  // the hole above can be filled
      begin = from;
    }
    end = std::max(end, to);
  }
  std::int64_t again_from = std::max(readable_from, wanted_from_);
  return again_from < begin ? again_from : end;
}

void SealedSet::settle(std::int64_t run_to) {
  std::sort(members_.begin(), members_.end(), [](const Member& a, const Member& b) {
    const Generation& x = a.file.generation();
    const Generation& y = b.file.generation();
    return std::tie(x.incarnation, x.from_offset, x.to_offset, x.digest) <
           std::tie(y.incarnation, y.from_offset, y.to_offset, y.digest);
  });
  std::vector<std::pair<std::int64_t, std::int64_t>> ends;  // (to, from)
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (of(i).incarnation != incarnation_ || of(i).to_offset > run_to) continue;
    ends.emplace_back(of(i).to_offset, of(i).from_offset);
  }
  std::sort(ends.rbegin(), ends.rend());
  run_to_ = run_from_ = run_to;
  for (auto [to, from] : ends) {
    if (to < run_from_) break;
    run_from_ = std::min(run_from_, from);
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i].in_run = of(i).incarnation == incarnation_ && of(i).from_offset >= run_from_ &&
                         of(i).to_offset <= run_to_;
    members_[i].redundant = false;
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    for (std::size_t j = 0; j < members_.size() && !members_[i].redundant; ++j) {
      bool other = j != i && members_[j].in_run && !members_[j].redundant;
      members_[i].redundant = other && contains(of(j), of(i));
    }
  }
}

std::optional<AppendTime> SealedSet::append_before_run() const {
  for (const Member& member : members_) {
    if (member.in_run) return member.file.append_before();
  }
  return std::nullopt;
}

std::optional<AppendTime> SealedSet::append_before_open() const {
  std::optional<AppendTime> most = append_before_run();
  for (const Member& member : members_) {
    if (!member.in_run) continue;
    AppendTime time = member.file.generation().append_max;
    most = most ? std::max(*most, time) : time;
  }
  return most;
}

std::optional<AppendTime> SealedSet::append_max() const {
  std::optional<AppendTime> most;
  for (const Member& member : members_) {
    AppendTime time = member.file.generation().append_max;
    most = most ? std::max(*most, time) : time;
  }
  return most;
}

std::optional<AppendTime> SealedSet::append_max_below(std::int64_t offset) const {
  std::optional<AppendTime> most;
  const auto take = [&](const Generation& generation) {
    if (generation.incarnation == incarnation_ && generation.to_offset > offset) return;
    most = most ? std::max(*most, generation.append_max) : generation.append_max;
  };
  for (const Member& member : members_) take(member.file.generation());
  // What their files held, nobody holds: the rows still say up to when it was appended. Of what was
  // inherited (R2) the next record read does not say it: both topics were written to at once.
  for (const Generation& generation : dead_) take(generation);
  for (const Generation& generation : foreign_) take(generation);
  return most;
}

Status SealedSet::mark_known(const AskingRows& rows, const AskWindow& window,
                             std::span<Verdict> out) const {
  constexpr std::size_t kAhead = 12;
  std::int64_t restamp_start = rows.append_time.value - window.restamp.count();
  for (const Member& member : members_) {
    if (member.redundant) continue;
    const Generation& generation = member.file.generation();
    std::int64_t newest = generation.append_max.value;
    bool all = restamp_start <= newest;
    // Written so that no event time, however odd, overflows.
    std::int64_t time_max = newest + window.skew.count();
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i + kAhead < out.size()) member.file.prefetch(rows.identity[i + kAhead]);
      if (out[i] == Verdict::duplicate || (!all && rows.time[i].value > time_max)) continue;
      if (!member.file.may_hold(rows.identity[i])) continue;
      Result<std::optional<RecordRow>> found = member.file.find(rows.identity[i]);
      if (!found) return found.error();
      if (!*found) continue;
      std::tuple known(generation.incarnation, (*found)->offset, (*found)->row);
      if (known < std::tuple(rows.incarnation, rows.offset, rows.row[i])) {
        out[i] = Verdict::duplicate;
      }
    }
  }
  return {};
}

void SealedSet::add(SealedFile file, std::int64_t run_to) {
  members_.push_back({std::move(file)});
  settle(run_to);
}

void SealedSet::begin_run(std::int64_t offset) { settle(offset); }

std::vector<Generation> SealedSet::expirable(const ExpiryBounds& bounds) const {
  // A row without a file goes once a file of the run says in its place what the row says.
  std::vector<Generation> expired = has_run() ? dead_ : std::vector<Generation>();
  for (const Generation& generation : foreign_) {
    if (generation.append_max < bounds.horizon_start) expired.push_back(generation);
  }
  std::uint64_t kept_bytes = bytes();
  std::size_t kept = members_.size();
  bool run_blocked = false;  // the run expires from its lower end only
  for (const Member& member : members_) {
    const Generation& generation = member.file.generation();
    bool too_old = generation.append_max < bounds.horizon_start;
    bool too_much = kept_bytes > bounds.bytes_max && kept > 1;
    bool goes = member.redundant || ((too_old || too_much) && !(member.in_run && run_blocked));
    if (!goes) {
      run_blocked = run_blocked || member.in_run;
      continue;
    }
    expired.push_back(generation);
    kept_bytes -= member.file.file_bytes();
    --kept;
  }
  return expired;
}

Status SealedSet::forget(std::span<const Generation> generations) {
  Status first_failure;
  for (const Generation& generation : generations) {
    auto same = [&](const Generation& other) { return same_file(other, generation); };
    std::erase_if(foreign_, same);
    bool here = std::erase_if(dead_, same) > 0;
    here =
        std::erase_if(members_, [&](const Member& m) { return same(m.file.generation()); }) > 0 ||
        here;
    if (!here) continue;
    Status removed = remove_file_durably(folder_ + "/" + generation.file_name());
    if (!removed && first_failure) first_failure = removed;
  }
  settle(run_to_);
  return first_failure;
}

std::uint64_t SealedSet::bytes() const {
  std::uint64_t sum = 0;
  for (const Member& member : members_) sum += member.file.file_bytes();
  return sum;
}

}  // namespace weir
