#include "quota/operator/detail.h"

#include "base/json_writer.h"

#include <map>
#include <set>

namespace weir {
namespace {

void put_address(JsonWriter& json, Incarnation incarnation, PartitionId partition, Offset offset,
                 std::int64_t row) {
  json.field("incarnation", incarnation.value).field("partition", partition.value);
  json.field("offset", offset.value).field("row", row);
}

void put(JsonWriter& json, const QuarantineRow& row) {
  json.begin_object().field("quarantine", row.id);
  put_address(json, row.incarnation, row.partition, row.offset, row.row);
  json.field("reason", row.reason).end_object();
}

void put(JsonWriter& json, const GapRow& gap) {
  json.begin_object().field("gap", gap.id).field("incarnation", gap.incarnation.value);
  json.field("partition", gap.partition.value);
  json.field("from", gap.from.value).field("to", gap.to.value).end_object();
}

void put(JsonWriter& json, const HoleRow& hole) {
  json.begin_object().field("hole", hole.id).field("producer", hole.producer);
  json.field("epoch", hole.epoch).field("partition", hole.partition.value);
  json.field("from", hole.from).field("to", hole.to).end_object();
}

void put(JsonWriter& json, const FlagRow& flag) {
  json.begin_object().field("flag", flag.id).field("kind", flag.kind);
  json.field("incarnation", flag.incarnation.value);
  if (flag.partition) json.field("partition", flag.partition->value);
  json.field("what", flag.what).end_object();
}

void put(JsonWriter& json, const UnprovableRow& row) {
  json.begin_object().field("unprovable", row.id).field("identity", row.identity);
  put_address(json, row.incarnation, row.partition, row.offset, row.row);
  json.field("tenant", row.tenant).field("subscription", row.subscription);
  json.field("bucket_us", row.bucket_us).key("units").begin_object();
  for (std::size_t i = 0; i < row.meters.size(); ++i) json.field(row.meters[i], row.units[i]);
  json.end_object().end_object();
}

template <class Row>
void put_all(JsonWriter& json, std::span<const Row> rows) {
  json.begin_array();
  for (const Row& row : rows) put(json, row);
  json.end_array();
}

}  // namespace

std::string detail_of_discard(std::span<const QuarantineRow> rows,
                              std::span<const std::int64_t> children) {
  JsonWriter json;
  put_all(json.begin_object().key("rows"), rows);
  json.key("discarded").begin_array();
  for (const std::int64_t child : children) json.value(child);
  return json.end_array().end_object().text();
}

std::string detail_of_split(const QuarantineRow& parent, std::span<const NewRedrive> children,
                            std::span<const std::int64_t> ids) {
  JsonWriter json;
  put(json.begin_object().key("row"), parent);
  json.key("children").begin_array();
  for (std::size_t i = 0; i < children.size(); ++i) {
    json.begin_object().field("child", ids[i]).field("partition", children[i].partition.value);
    json.field("event", children[i].event).end_object();
  }
  return json.end_array().end_object().text();
}

std::string detail_of(std::span<const GapRow> gaps, std::span<const HoleRow> holes) {
  JsonWriter json;
  put_all(json.begin_object().key("gaps"), gaps);
  put_all(json.key("holes"), holes);
  return json.end_object().text();
}

std::string detail_of(std::span<const FlagRow> flags) {
  JsonWriter json;
  put_all(json.begin_object().key("flags"), flags);
  return json.end_object().text();
}

std::string detail_of(std::span<const UnprovableRow> rows, std::int64_t closed_until_us) {
  JsonWriter json;
  json.begin_object().field("closed_until_us", closed_until_us);
  put_all(json.key("rows"), rows);
  return json.end_object().text();
}

std::string detail_of(const ProducerRow& producer, const std::vector<EpochNumbers>& final) {
  JsonWriter json;
  json.begin_object().field("producer", producer.producer);
  if (producer.sealed_until_us) json.field("sealed_until_us", *producer.sealed_until_us);
  return json.key("final").raw(write_numbers(final)).end_object().text();
}

std::string worth_of(std::span<const UnprovableRow> rows) {
  std::map<std::string, std::int64_t> sums;  // held at the greatest value, as in the ledger
  for (const UnprovableRow& row : rows) {
    for (std::size_t i = 0; i < row.meters.size(); ++i) {
      std::int64_t& sum = sums[row.tenant + "/" + row.meters[i]];
      if (__builtin_add_overflow(sum, row.units[i], &sum)) sum = INT64_MAX;
    }
  }
  std::string text;
  for (const auto& [meter, units] : sums) {
    text += (text.empty() ? "" : ", ") + meter + " " + std::to_string(units);
  }
  return text.empty() ? "no units of any meter" : text;
}

std::string worth_of(std::span<const HoleRow> holes) {
  std::set<std::string> producers;
  std::int64_t numbers = 0;
  for (const HoleRow& hole : holes) {
    producers.insert(hole.producer);
    numbers += hole.to - hole.from + 1;
  }
  return std::to_string(numbers) + (numbers == 1 ? " number of " : " numbers of ") +
         std::to_string(producers.size()) + (producers.size() == 1 ? " producer" : " producers");
}

}  // namespace weir
