#include "quota/operator/mended.h"

#include "base/json_writer.h"
#include "ingest/codec/codec.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kTextBytesMax = 64u << 20;

Error wrong(std::size_t event, const std::string& what, const std::string& remedy) {
  return Error{ErrorCode::invalid, "event " + std::to_string(event) + ": " + what, remedy};
}

std::string text_of(const dom::element& element) { return simdjson::minify(element); }

DecodeContext lenient() {
  DecodeContext context;
  context.latest = EventTime{std::numeric_limits<std::int64_t>::max()};
  return context;
}

/// `event` with the edits made: members replaced where they stand, added behind where they don't.
Result<std::string> edited(const std::string& event, const std::vector<Edit>& edits,
                           std::size_t place) {
  dom::parser parser;
  dom::object members;
  if (parser.parse(event).get(members) != simdjson::SUCCESS) {
    return wrong(place, "is no JSON object", "hand over JSON events: --file MENDED");
  }
  JsonWriter json;
  json.begin_object();
  std::vector<bool> made(edits.size(), false);
  for (const auto& [name, value] : members) {
    const auto edit = std::ranges::find(edits, name, &Edit::member);
    if (edit == edits.end()) {
      json.key(name).raw(text_of(value));
      continue;
    }
    json.key(name).raw(edit->json);
    made[static_cast<std::size_t>(edit - edits.begin())] = true;
  }
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (!made[i]) json.key(edits[i].member).raw(edits[i].json);
  }
  return json.end_object().text();
}

std::string said(const Rejection& rejection) {
  std::string what(rejection.reason);
  if (!rejection.field.empty()) what += " (" + std::string(rejection.field) + ")";
  if (!rejection.detail.empty()) what += ": " + std::string(rejection.detail);
  return what;
}

/// The event decodes; gives its partition.
Result<PartitionId> check_event(Decoder& decoder, const std::string& event, std::size_t place,
                                std::int32_t partitions) {
  RequestBatch batch;
  DecodeReport report;
  decoder.decode(kJson, event, lenient(), batch, report);
  if (!report.rejections.empty()) {
    return wrong(place, said(report.rejections.front()),
                 "mend it: --set MEMBER=VALUE, or --file MENDED");
  }
  if (batch.rows() != 1) return wrong(place, "is not one event", "one JSON object an event");
  const std::string_view subscription = batch.subscription.at(0);
  return partition_of(subscription.empty() ? batch.id.at(0) : subscription, partitions);
}

}  // namespace

Result<Edit> read_edit(std::string_view text) {
  const std::size_t equals = text.find('=');
  const bool raw = equals != text.npos && equals > 0 && text[equals - 1] == ':';
  const std::string_view member = text.substr(0, raw ? equals - 1 : equals);
  if (equals == text.npos || member.empty()) {
    return Error{ErrorCode::invalid, "--set " + std::string(text) + " is no edit",
                 "MEMBER=TEXT, or MEMBER:=JSON"};
  }
  const std::string_view value = text.substr(equals + 1);
  if (!raw) return Edit{std::string(member), json_quote(value)};
  dom::parser parser;
  dom::element parsed;
  if (parser.parse(value.data(), value.size()).get(parsed) != simdjson::SUCCESS) {
    return Error{ErrorCode::invalid, "--set " + std::string(text) + ": no JSON behind :=", ""};
  }
  return Edit{std::string(member), text_of(parsed)};
}

Result<std::vector<std::string>> split_events(std::string_view json) {
  if (json.size() > kTextBytesMax) {
    return Error{ErrorCode::invalid, "more than 64 MiB of events", "redrive them in parts"};
  }
  dom::parser parser;
  dom::document_stream documents;
  const simdjson::padded_string padded(json);
  std::vector<std::string> events;
  if (parser.parse_many(padded, std::max<std::size_t>(json.size() + 1, 1u << 20)).get(documents) !=
      simdjson::SUCCESS) {
    return wrong(1, "is no JSON", "hand over JSON events: --file MENDED");
  }
  for (auto document : documents) {
    dom::element element;
    if (document.get(element) != simdjson::SUCCESS) {
      return wrong(events.size() + 1, "is no JSON", "hand over JSON events: --file MENDED");
    }
    dom::array array;
    if (element.get(array) != simdjson::SUCCESS) {
      events.push_back(text_of(element));
      continue;
    }
    for (const dom::element one : array) events.push_back(text_of(one));
  }
  if (documents.truncated_bytes() > 0) {
    return wrong(events.size() + 1, "ends early", "hand over JSON events: --file MENDED");
  }
  return events;
}

Result<std::vector<std::string>> events_of_record(std::string_view content_type,
                                                  std::string_view raw, std::int64_t row,
                                                  const IdentityKey& key) {
  const bool plain =
      content_type.empty() || content_type.starts_with(kJson) || content_type.starts_with(kNdjson);
  std::vector<std::string> events;
  std::vector<std::uint32_t> places;  // of each, in the record
  if (plain) {
    Result<std::vector<std::string>> split = split_events(raw);
    if (!split) return split;
    events = *std::move(split);
    places.resize(events.size());
    std::iota(places.begin(), places.end(), 0u);
  } else {
    Decoder decoder(key);
    Encoder encoder(key);
    RequestBatch batch;
    DecodeReport report;
    decoder.decode(content_type, raw, lenient(), batch, report);
    if (report.whole) {
      return Error{ErrorCode::invalid,
                   "the record cannot be read: " + said(report.rejections.front()),
                   "hand over what it should have said: --file MENDED"};
    }
    places = report.row_index;
    for (std::size_t i = 0; i < batch.rows(); ++i) {
      encoder.json(batch, i, i + 1, events.emplace_back());
      if (places.size() <= i) places.push_back(static_cast<std::uint32_t>(i));
    }
  }
  if (row < 0) return events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (places[i] == row) return std::vector<std::string>{events[i]};
  }
  return Error{ErrorCode::invalid,
               "event " + std::to_string(row) + " of the record cannot be read back",
               "hand over what it should have said: --file MENDED"};
}

Result<std::vector<NewRedrive>> children_of(const std::vector<std::string>& events,
                                            const std::vector<Edit>& edits, std::int32_t partitions,
                                            const IdentityKey& key) {
  if (partitions <= 0) {
    return Error{ErrorCode::config, "the topic's partition count is not known yet",
                 "start weir-quota consume once"};
  }
  Decoder decoder(key);
  std::vector<NewRedrive> children;
  for (std::size_t i = 0; i < events.size(); ++i) {
    // In one JSON object always, so that what stands in the child is what is sent.
    Result<std::string> event = edited(events[i], edits, i + 1);
    if (!event) return std::move(event).error();
    Result<PartitionId> partition = check_event(decoder, *event, i + 1, partitions);
    if (!partition) return std::move(partition).error();
    children.push_back({*partition, *std::move(event)});
  }
  return children;
}

}  // namespace weir
