#include "tests/simulation/truth.h"

#include <algorithm>
#include <charconv>

namespace weir::simulation {
namespace {

constexpr std::string_view kBefore = "\"e";
constexpr std::size_t kDigits = 6;
constexpr std::string_view kSealBegins = "{\"seal\":\"";

std::string id_of(std::size_t number) {
  std::string digits = std::to_string(number);
  return "e" + std::string(kDigits - std::min(kDigits, digits.size()), '0') + digits;
}

}  // namespace

bool TrueEvent::counted_before(std::int32_t partition, int life, std::int64_t offset) const {
  for (const Copy& copy : copies) {
    const bool this_one =
        !copy.gone && copy.partition == partition && copy.life == life && copy.offset == offset;
    if (this_one) return copy.applied;
    // One in another partition stood in the wrong place, and never counted.
    if (copy.partition == partition && !copy.unreadable && (!copy.gone || copy.applied))
      return true;
  }
  return false;
}

bool TrueEvent::reached() const {
  return std::any_of(copies.begin(), copies.end(),
                     [](const Copy& copy) { return !copy.gone || copy.applied; });
}

TrueEvent& Truth::make(std::string tenant, std::string subscription, std::int64_t time_us,
                       std::int64_t tokens) {
  TrueEvent& event = events_.emplace_back();
  event.id = id_of(events_.size() - 1);
  event.name = "request-" + event.id.substr(1);
  event.tenant = std::move(tenant);
  event.subscription = std::move(subscription);
  event.tokens = tokens;
  restamped(event, time_us);
  return event;
}

void Truth::restamped(TrueEvent& event, std::int64_t time_us) {
  const auto number = static_cast<std::size_t>(std::stoll(event.id.substr(1)));
  while (!by_time_.emplace(time_us, number).second) ++time_us;
  event.times_us.push_back(time_us);
}

TrueEvent* Truth::at_time(std::int64_t time_us) {
  const auto found = by_time_.find(time_us);
  return found == by_time_.end() ? nullptr : &events_[found->second];
}

std::vector<TrueEvent*> Truth::in(std::string_view bytes) {
  std::vector<TrueEvent*> found;
  for (std::size_t at = bytes.find(kBefore); at != std::string_view::npos;
       at = bytes.find(kBefore, at + 1)) {
    const std::string_view digits = bytes.substr(at + kBefore.size(), kDigits);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = error == std::errc() && end == digits.data() + kDigits;
    if (!whole || number >= events_.size()) continue;
    TrueEvent* event = &events_[number];
    if (std::find(found.begin(), found.end(), event) == found.end()) found.push_back(event);
  }
  return found;
}

void Truth::appended(std::int32_t partition, std::int64_t offset, std::string_view value,
                     std::int64_t at_us) {
  const Copy copy{partition, life_[partition], offset, at_us};
  for (TrueEvent* event : in(value)) event->copies.push_back(copy);
  if (!value.starts_with(kSealBegins)) return;
  value.remove_prefix(kSealBegins.size());
  words_[std::string(value.substr(0, value.find('"')))].push_back(copy);
}

template <class Visit>
void Truth::each_copy(Visit visit) {
  for (TrueEvent& event : events_) std::for_each(event.copies.begin(), event.copies.end(), visit);
  for (auto& [producer, words] : words_) std::for_each(words.begin(), words.end(), visit);
}

void Truth::lost_below(std::int32_t partition, std::int64_t offset, std::int64_t next) {
  each_copy([&](Copy& copy) {
    const bool here = copy.partition == partition && copy.life == life_[partition];
    if (!here || copy.gone || copy.offset >= offset) return;
    copy.gone = true;
    copy.applied = copy.offset < next;
  });
}

/// What stays keeps its place in the new life.
void Truth::lost_from(std::int32_t partition, std::int64_t offset, std::int64_t next) {
  each_copy([&](Copy& copy) {
    const bool here = copy.partition == partition && copy.life == life_[partition];
    if (!here || copy.gone) return;
    copy.applied = copy.applied || copy.offset < next;
    if (copy.offset < offset) {
      ++copy.life;
    } else {
      copy.gone = true;
    }
  });
  begin_life(partition);
}

bool Truth::forgotten(const std::string& producer) const {
  const auto words = words_.find(producer);
  return words != words_.end() &&
         std::all_of(words->second.begin(), words->second.end(),
                     [](const Copy& copy) { return copy.gone && !copy.applied; });
}

void Truth::excuse(TrueEvent& event, std::int64_t at_us) {
  if (!event.excused_us) event.excused_us = at_us;
}

void Truth::excuse_offsets(std::int32_t partition, std::int64_t from, std::int64_t to,
                           std::int64_t at_us) {
  for (TrueEvent& event : events_) {
    for (const Copy& copy : event.copies) {
      const bool in_it = copy.partition == partition && copy.offset >= from && copy.offset < to;
      if (in_it && copy.gone && !copy.applied) excuse(event, at_us);
    }
  }
}

std::optional<std::int64_t> Truth::given_up_us(const std::string& producer) const {
  const auto found = given_up_us_.find(producer);
  return found == given_up_us_.end() ? std::nullopt : std::optional(found->second);
}

void Truth::excuse_unsent(const std::string& producer, std::int64_t at_us) {
  given_up_us_.try_emplace(producer, at_us);
  for (TrueEvent& event : events_) {
    for (const Numbered& each : event.numbers) {
      if (each.producer == producer && !event.reached()) excuse(event, at_us);
    }
  }
}

void Truth::excuse_numbers(const Numbered& from, std::int64_t to, std::int64_t at_us) {
  for (TrueEvent& event : events_) {
    for (const Numbered& each : event.numbers) {
      const bool same = each.producer == from.producer && each.epoch == from.epoch &&
                        each.partition == from.partition;
      if (same && each.number >= from.number && each.number <= to) excuse(event, at_us);
    }
  }
}

}  // namespace weir::simulation
