#include "ingest/file_stream/group_member.h"

#include "base/log.h"
#include "base/volume/durable_file.h"
#include "ingest/spool/real_disk.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

using Dealing = std::optional<std::vector<PartitionId>>;

Status check_options(std::int32_t partitions, const GroupOptions& options) {
  const bool beats_in_time = options.heartbeat_interval > Micros{0} &&
                             2 * options.heartbeat_interval <= options.session_timeout;
  if (beats_in_time && partitions > 0 && options.look_interval >= Micros{0}) return {};
  return Error{ErrorCode::config, "a group needs partitions, and two heartbeats a session_timeout",
               "choose a heartbeat interval of at most half the session time-out"};
}

}  // namespace

GroupMember::GroupMember(std::string folder, std::int32_t partitions, const GroupOptions& options,
                         Clock& clock)
    : folder_(std::move(folder)),
      partitions_(partitions),
      options_(options),
      clock_(clock),
      boot_(RealDisk().boot()),
      held_(static_cast<std::size_t>(partitions)),
      claimed_(held_) {}

Result<std::unique_ptr<GroupMember>> GroupMember::join(const std::string& folder,
                                                       std::int32_t partitions,
                                                       const GroupOptions& options, Clock& clock) {
  WEIR_TRY(check_options(partitions, options));
  std::unique_ptr<GroupMember> made(new GroupMember(folder, partitions, options, clock));
  const std::int64_t now = made->now_us();
  made->looked_at_us_ = made->next_look_us_ = now;
  WEIR_TRY(made->sit_down(now));
  return made;
}

std::int64_t GroupMember::now_us() const {
  return std::chrono::duration_cast<Micros>(clock_.steady_now().time_since_epoch()).count();
}

Status GroupMember::sit_down(std::int64_t now) {
  WEIR_TRY(make_folders(folder_));
  auto made = MemberFile::make(folder_, now, {boot_, now, held_});
  if (!made) return made.error();
  seat_ = *std::move(made);
  beat_at_us_ = now;
  claimed_ = held_;
  return {};
}

Status GroupMember::write(const Claims& claims, std::int64_t now) {
  WEIR_TRY(seat_->write({boot_, now, claims}));
  beat_at_us_ = now;
  claimed_ = claims;
  return {};
}

bool GroupMember::lost_place(std::int64_t now) const {
  return now - beat_at_us_ >= options_.session_timeout.count();
}

void GroupMember::beat() {
  std::lock_guard lock(mutex_);
  const std::int64_t now = now_us();
  if (!seat_ || lost_place(now)) return;  // look() finds it
  if (now - looked_at_us_ > options_.max_poll_interval.count()) {
    if (!std::exchange(silent_, true)) {
      log_error("the consumer's loop stands still; its partitions go to the others",
                {{"group", folder_}, {"for", humane_duration(Micros(now - looked_at_us_))}});
    }
    return;
  }
  tell_trouble(write(claimed_, now));
}

Dealing GroupMember::look() {
  std::lock_guard lock(mutex_);
  const std::int64_t now = now_us();
  looked_at_us_ = now;
  silent_ = false;
  if (seat_ && lost_place(now)) {
    return give_up("it did not beat for " + humane_duration(Micros(now - beat_at_us_)), now);
  }
  if (now < next_look_us_) return std::nullopt;
  next_look_us_ = now + options_.look_interval.count();
  if (!seat_) {
    const Status joined = sit_down(now);
    tell_trouble(joined);
    if (!joined) return std::nullopt;
  }
  Result<Dealing> dealing = settle(now);
  tell_trouble(dealing ? Status() : Status(dealing.error()));
  return dealing ? *std::move(dealing) : std::nullopt;
}

/// The others have taken what it had, or soon will.
Dealing GroupMember::give_up(const std::string& why, std::int64_t now) {
  log_warn("this consumer lost its place in the group and joins anew",
           {{"group", folder_}, {"reason", why}});
  const bool had_any = !held().empty();
  seat_.reset();
  held_.assign(held_.size(), false);
  waiting_since_us_.clear();
  next_look_us_ = now;
  if (!had_any) return std::nullopt;
  return std::vector<PartitionId>{};
}

/// One step towards what is this member's share.
Result<Dealing> GroupMember::settle(std::int64_t now) {
  const bool beat_due = now - beat_at_us_ >= options_.heartbeat_interval.count();
  if (beat_due || claimed_ != held_) WEIR_TRY(write(held_, now));  // what was told is given up
  const auto live = live_members(now);
  if (!live) return live.error();
  const bool seated = std::any_of(live->begin(), live->end(), [&](const SeenMember& member) {
    return member.name == seat_->name();
  });
  if (!seated) return give_up("somebody removed its file", now);
  const Claims mine = share_of_mine(*live);
  Claims kept(held_.size()), wanted(held_.size());
  for (std::size_t p = 0; p < mine.size(); ++p) {
    kept[p] = held_[p] && mine[p];
    wanted[p] = !held_[p] && mine[p];
  }
  if (kept != held_) {
    held_ = std::move(kept);
    next_look_us_ = now;  // somebody waits for the rest
    return Dealing(held());
  }
  const Result<bool> claimed = claim(free_of(wanted, claimed_by_others(*live), now), now);
  if (!claimed) return claimed.error();
  return *claimed ? Dealing(held()) : Dealing();
}

Result<std::vector<SeenMember>> GroupMember::live_members(std::int64_t now) const {
  auto members = read_members(folder_);
  if (!members) return members;
  std::erase_if(*members, [&](const SeenMember& member) {
    const std::int64_t age = now - member.state.beat_us;
    return member.state.boot != boot_ || std::abs(age) >= options_.session_timeout.count();
  });
  return members;
}

GroupMember::Claims GroupMember::share_of_mine(const std::vector<SeenMember>& live) const {
  std::size_t rank = 0;
  while (live[rank].name != seat_->name()) ++rank;
  Claims mine(held_.size());
  for (std::size_t p = rank; p < mine.size(); p += live.size()) mine[p] = true;
  return mine;
}

GroupMember::Claims GroupMember::claimed_by_others(const std::vector<SeenMember>& live) const {
  Claims claimed(held_.size());
  for (const SeenMember& member : live) {
    if (member.name == seat_->name()) continue;
    const std::size_t count = std::min(claimed.size(), member.state.claims.size());
    for (std::size_t p = 0; p < count; ++p) claimed[p] = claimed[p] || member.state.claims[p];
  }
  return claimed;
}

/// Of what is wanted: what nobody else claims, or has claimed for too long.
GroupMember::Claims GroupMember::free_of(const Claims& wanted, const Claims& claimed,
                                         std::int64_t now) {
  Claims free(wanted.size());
  for (std::size_t p = 0; p < wanted.size(); ++p) {
    if (!wanted[p] || !claimed[p]) {
      waiting_since_us_.erase(p);
      free[p] = wanted[p];
      continue;
    }
    const std::int64_t since = waiting_since_us_.emplace(p, now).first->second;
    free[p] = now - since >= options_.session_timeout.count();
  }
  return free;
}

/// Says that it takes `taken`, then looks whether somebody else says so too: of two who claim at once
/// at least one sees the other, and whoever does lets go. True: `held_` has grown.
Result<bool> GroupMember::claim(const Claims& taken, std::int64_t now) {
  if (std::find(taken.begin(), taken.end(), true) == taken.end()) return false;
  Claims claims = held_;
  for (std::size_t p = 0; p < claims.size(); ++p) claims[p] = claims[p] || taken[p];
  WEIR_TRY(write(claims, now));
  const auto live = live_members(now);
  if (!live) return live.error();
  const Claims rival = claimed_by_others(*live);
  for (std::size_t p = 0; p < claims.size(); ++p) {
    const bool waited_out = waiting_since_us_.contains(p);
    if (taken[p] && rival[p] && !waited_out) claims[p] = false;
  }
  if (claims != claimed_) WEIR_TRY(write(claims, now));
  for (std::size_t p = 0; p < claims.size(); ++p) {
    if (claims[p]) waiting_since_us_.erase(p);
  }
  return std::exchange(held_, claims) != claims;
}

std::vector<PartitionId> GroupMember::held() const {
  std::vector<PartitionId> partitions;
  for (std::size_t p = 0; p < held_.size(); ++p) {
    if (held_[p]) partitions.push_back(PartitionId{static_cast<std::int32_t>(p)});
  }
  return partitions;
}

void GroupMember::tell_trouble(const Status& status) {
  const std::string now = status ? "" : status.error().text();
  if (!now.empty() && trouble_.empty()) {
    log_warn("the group's folder fails; this consumer loses its place if that lasts",
             {{"group", folder_}, {"error", now}});
  }
  if (now.empty() && !trouble_.empty()) log_info("the group's folder works again", {});
  trouble_ = now;
}

}  // namespace weir
