// check, as a terminal shows it and as one JSON object: where the barrier, the producers, what is open
// and the assumptions stand, and the one thing to do next.
#include "base/json_writer.h"
#include "base/text_table.h"
#include "billing/print.h"
#include "billing/print_parts.h"
#include "billing/seals.h"
#include "billing/trust.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::size_t kRowsShown = 10;

struct PartitionView {
  std::int32_t partition = 0;
  std::int64_t next = 0;
  std::optional<std::int64_t> end, e;
  bool passed() const { return e && next >= *e; }
};

std::vector<PartitionView> partitions_of(const Standing& standing, std::int64_t t_us) {
  std::vector<PartitionView> views;
  const std::vector<WrittenBarrier> barriers = barriers_of(standing, t_us);
  for (const QuotaPartition& row : standing.progress) {
    PartitionView& view = views.emplace_back();
    view.partition = row.partition;
    view.next = row.next;
    const auto number = static_cast<std::size_t>(row.partition);
    if (standing.stream && number < standing.stream->partitions.size()) {
      view.end = standing.stream->partitions[number].end;
    }
    for (const WrittenBarrier& barrier : barriers) {
      if (barrier.partition == row.partition) view.e = barrier.e;
    }
  }
  return views;
}

std::int64_t count_passed(const std::vector<PartitionView>& views) {
  return std::count_if(views.begin(), views.end(),
                       [](const PartitionView& view) { return view.passed(); });
}

bool kept(const ProducerWord& word) {
  return word.kind != ProducerWord::Kind::none &&
         std::all_of(word.numbers.begin(), word.numbers.end(),
                     [](const PromisedNumber& number) { return number.kept(); });
}

/// Of those that still have to speak: who was heard last the longest ago.
const ProducerWord* oldest(const std::vector<ProducerWord>& words) {
  const ProducerWord* found = nullptr;
  for (const ProducerWord& word : words) {
    if (word.kind == ProducerWord::Kind::end) continue;
    if (found == nullptr || word.heard_us < found->heard_us) found = &word;
  }
  return found;
}

std::string text_or(const std::optional<std::int64_t>& number, const char* otherwise) {
  return number ? std::to_string(*number) : otherwise;
}

std::string barrier_text(const std::vector<PartitionView>& views) {
  std::string text = "barrier     passed in " + std::to_string(count_passed(views)) + " of " +
                     std::to_string(views.size()) + " partitions\n";
  TextTable table({"  partition", "applied up to", "barrier E", "log end"});
  std::size_t left_out = 0;
  for (const PartitionView& view : views) {
    if (view.passed()) continue;
    if (++left_out > kRowsShown) continue;
    table.add({"  " + std::to_string(view.partition), std::to_string(view.next),
               text_or(view.e, "none"), text_or(view.end, "?")});
  }
  if (!table.empty()) text += table.text();
  if (left_out > kRowsShown) {
    text += "  and " + std::to_string(left_out - kRowsShown) + " more\n";
  }
  return text;
}

std::string state_of(const ProducerWord& word) {
  if (word.kind == ProducerWord::Kind::none) return "no seal for T yet";
  if (!kept(word)) return "numbers missing";
  return word.kind == ProducerWord::Kind::end ? "ended" : "sealed T";
}

std::string producers_text(const std::vector<ProducerWord>& words, std::int64_t now_us) {
  if (words.empty()) return "producers   none registered\n";
  const auto done = std::count_if(words.begin(), words.end(), kept);
  std::string text = "producers   " + std::to_string(done) + " of " + std::to_string(words.size()) +
                     " gave their word for T and kept it";
  if (const ProducerWord* last = oldest(words)) {
    text += "; oldest seal: " + last->producer +
            (last->ever_sealed ? ", " + age_of(last->heard_us, now_us) : ", never");
  }
  text += "\n";
  TextTable table({"  waits for", "sealed up to", "age", "accepted when", "state"});
  std::size_t shown = 0;
  for (const ProducerWord& word : words) {
    if (kept(word) || ++shown > kRowsShown) continue;
    table.add({"  " + word.producer,
               word.ever_sealed
                   ? format_rfc3339(word.heard_us / kMicrosPerSecond * kMicrosPerSecond)
                   : "never",
               age_of(word.heard_us, now_us), word.accepted_when, state_of(word)});
  }
  return table.empty() ? text : text + table.text();
}

std::string overrides_text(const std::vector<Override>& used) {
  std::string text;
  for (const Override& made : used) {
    text += "  " + made.code + (made.producer.empty() ? "" : " of " + made.producer) + ", by " +
            made.by + ": " + made.reason + "\n";
  }
  return text.empty() ? text : "\noverridden\n" + text;
}

std::string assumptions_text(const Standing& standing) {
  std::string text;
  for (const Assumption& assumed : assumptions(standing)) text += "  " + assumed.text + "\n";
  if (standing.unprovable > 0) {
    text += "  " + grouped(standing.unprovable) + " events are unprovable and not counted\n";
  }
  return text.empty() ? text : "\nassumed\n" + text;
}

std::string next_action(const Readiness& readiness) {
  return readiness.ready() ? "weir-billing run" : most_urgent(readiness.reasons).next_action;
}

const char* proof_of(const Standing& standing) {
  return fully_numbered(standing) ? "READY*" : "READY";
}

void write_producers(JsonWriter& json, const std::vector<ProducerWord>& words,
                     std::int64_t now_us) {
  json.key("producers").begin_array();
  for (const ProducerWord& word : words) {
    json.begin_object().field("producer", word.producer).field("state", state_of(word));
    json.field("kept", kept(word)).field("accepted_when", word.accepted_when);
    if (word.ever_sealed) json.field("sealed_until", format_rfc3339(word.heard_us));
    json.field("age_s", (now_us - word.heard_us) / kMicrosPerSecond);
    json.key("missing").begin_array();
    for (const PromisedNumber& number : word.numbers) {
      if (number.kept()) continue;
      json.begin_object().field("epoch", number.epoch).field("partition", number.partition);
      json.field("sealed", number.last).field("contiguous", number.contiguous).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  if (const ProducerWord* last = oldest(words)) json.field("oldest_seal", last->producer);
}

void write_partitions(JsonWriter& json, const std::vector<PartitionView>& views) {
  json.field("passed", count_passed(views)).key("partitions").begin_array();
  for (const PartitionView& view : views) {
    json.begin_object().field("partition", view.partition).field("next", view.next);
    if (view.end) json.field("end", *view.end);
    if (view.e) json.field("e", *view.e);
    json.field("passed", view.passed()).end_object();
  }
  json.end_array();
}

}  // namespace

std::string check_text(const Standing& standing, const Readiness& readiness) {
  const auto words = words_for(standing.producers, readiness.t_us, standing.deployment.grace_us);
  std::string text = std::string(readiness.ready() ? proof_of(standing) : "NOT READY") +
                     " to close at " + format_rfc3339(readiness.t_us) + "; closed up to " +
                     format_rfc3339(standing.deployment.closed_until_us) + "\n\n";
  text += barrier_text(partitions_of(standing, readiness.t_us));
  text += producers_text(words, standing.now_us);
  if (!readiness.ready()) text += "\n" + reasons_text(readiness.reasons, standing.now_us);
  text += overrides_text(judge_trust(standing, readiness.t_us).used);
  return text + assumptions_text(standing) + "\nnext: " + next_action(readiness) + "\n";
}

std::string check_json(const Standing& standing, const Readiness& readiness) {
  JsonWriter json;
  json.begin_object().field("t", format_rfc3339(readiness.t_us));
  json.field("ready", readiness.ready()).field("proof", proof_of(standing));
  json.field("closed_until", format_rfc3339(standing.deployment.closed_until_us));
  json.field("now", format_rfc3339(standing.now_us));
  write_partitions(json, partitions_of(standing, readiness.t_us));
  write_producers(json, words_for(standing.producers, readiness.t_us, standing.deployment.grace_us),
                  standing.now_us);
  write_reasons(json, readiness.reasons, standing.now_us);
  write_overrides(json, judge_trust(standing, readiness.t_us).used);
  write_assumptions(json, standing);
  json.field("unprovable", standing.unprovable).field("next_action", next_action(readiness));
  return json.end_object().text() + "\n";
}

}  // namespace weir
