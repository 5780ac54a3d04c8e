#include "quota/operator/producer_list.h"

#include "base/json_writer.h"
#include "base/text_table.h"
#include "base/time.h"
#include "ingest/codec/seal.h"
#include "quota/operator/listing.h"
#include "quota/postgres_sql.h"

#include <map>
#include <tuple>
#include <vector>

namespace weir {
namespace {

using NumberKey = std::tuple<std::string, std::int64_t, std::int32_t>;

struct Producer {
  std::string id, accepted_when;
  std::int64_t epoch = 0;
  std::int64_t registered_at_us = 0;
  std::optional<std::int64_t> sealed_until_us;
  std::string ended_by, ended_reason;
  std::string promised;  // numbers of its END, or of the seal that counts for T; "" for none
  std::string waits_for;
};

struct Facts {
  std::int64_t now_us = 0, t_us = 0, grace_us = 0;
  std::vector<Producer> producers;
  std::map<NumberKey, std::int64_t> contiguous;
};

/// T is the latest bucket edge that a run would close now; R13 asks for the first seal from T on.
Status read_clock(Connection& connection, Facts& facts, Deadline deadline) {
  Result<Rows> rows =
      connection.run("SELECT " WEIR_NOW_US ", bucket_us, grace_us FROM quota.deployment", deadline);
  if (!rows) return rows.error();
  facts.now_us = rows->integer(0, 0);
  facts.grace_us = rows->integer(0, 2);
  const std::int64_t latest = facts.now_us - facts.grace_us;
  facts.t_us = latest - latest % rows->integer(0, 1);
  return Status();
}

Status read_rows(Connection& connection, Facts& facts, bool all, Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT p.producer, p.accepted_when, p.epoch, p.registered_at_us, p.sealed_until_us, "
      "coalesce(p.ended_by, ''), coalesce(p.ended_reason, ''), coalesce(p.end_numbers, (SELECT "
      "s.numbers FROM quota.seal s WHERE s.producer = p.producer AND s.edge_us >= $2 ORDER BY "
      "s.edge_us LIMIT 1), '') FROM quota.producer p WHERE p.ended_by IS NULL OR $1 "
      "ORDER BY p.sealed_until_us NULLS FIRST, p.producer",
      Params().boolean(all).integer(facts.t_us), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    Producer one;
    one.id = std::string(rows->text(i, 0));
    one.accepted_when = std::string(rows->text(i, 1));
    one.epoch = rows->integer(i, 2);
    one.registered_at_us = rows->integer(i, 3);
    if (!rows->null(i, 4)) one.sealed_until_us = rows->integer(i, 4);
    one.ended_by = std::string(rows->text(i, 5));
    one.ended_reason = std::string(rows->text(i, 6));
    one.promised = std::string(rows->text(i, 7));
    facts.producers.push_back(std::move(one));
  }
  rows = connection.run("SELECT producer, epoch, partition, contiguous FROM quota.v2_numbers",
                        deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    facts.contiguous[{std::string(rows->text(i, 0)), rows->integer(i, 1),
                      static_cast<std::int32_t>(rows->integer(i, 2))}] = rows->integer(i, 3);
  }
  return Status();
}

/// The first number that was promised and is not applied; "" when all are.
Result<std::string> missing_number(const Facts& facts, const Producer& producer) {
  Result<std::vector<EpochNumbers>> promised = read_numbers(producer.promised);
  if (!promised) return std::move(promised).error();
  for (const EpochNumbers& entry : *promised) {
    for (std::size_t p = 0; p < entry.last.size(); ++p) {
      const auto found =
          facts.contiguous.find({producer.id, entry.epoch, static_cast<std::int32_t>(p)});
      const std::int64_t applied = found == facts.contiguous.end() ? 0 : found->second;
      if (applied >= entry.last[p]) continue;
      return "number " + std::to_string(applied + 1) + " of epoch " + std::to_string(entry.epoch) +
             " in partition " + std::to_string(p) + ", sealed up to " +
             std::to_string(entry.last[p]);
    }
  }
  return std::string();
}

Result<std::string> waits_for(const Facts& facts, const Producer& producer) {
  if (!producer.promised.empty()) return missing_number(facts, producer);
  if (!producer.sealed_until_us) return std::string("its first seal");
  return "a seal from " + format_rfc3339(facts.t_us + facts.grace_us) + " on";
}

std::string state_of(const Producer& producer) {
  if (producer.ended_by.empty()) return "registered";
  return producer.ended_by == "seal" ? "ended" : "retired by " + producer.ended_by;
}

std::string table_of(const Facts& facts) {
  TextTable table({"producer", "accepted when", "epoch", "sealed until", "behind", "state",
                   "READY* waits for"});
  for (const Producer& one : facts.producers) {
    table.add({one.id, one.accepted_when, std::to_string(one.epoch),
               one.sealed_until_us ? format_rfc3339(*one.sealed_until_us) : "never",
               one.sealed_until_us ? age_text(*one.sealed_until_us, facts.now_us)
                                   : age_text(one.registered_at_us, facts.now_us),
               state_of(one), one.waits_for.empty() ? "nothing" : one.waits_for});
  }
  return table.text() +
         "\none that will never seal again: weir-quota producers retire ID --reason TEXT\n";
}

std::string json_of(const Facts& facts) {
  JsonWriter json;
  json.begin_object().field("t", format_rfc3339(facts.t_us)).key("producers").begin_array();
  for (const Producer& one : facts.producers) {
    json.begin_object().field("producer", one.id).field("accepted_when", one.accepted_when);
    json.field("epoch", one.epoch).field("registered_at", format_rfc3339(one.registered_at_us));
    json.key("sealed_until");
    if (one.sealed_until_us) {
      json.value(format_rfc3339(*one.sealed_until_us));
    } else {
      json.raw("null");
    }
    json.field("state", state_of(one)).field("why", one.ended_reason);
    json.field("waits_for", one.waits_for).end_object();
  }
  return json.end_array().end_object().text() + "\n";
}

}  // namespace

Result<std::string> print_producers(Connection& connection, bool all, bool json,
                                    Deadline deadline) {
  Facts facts;
  WEIR_TRY(read_clock(connection, facts, deadline));
  WEIR_TRY(read_rows(connection, facts, all, deadline));
  for (Producer& one : facts.producers) {
    Result<std::string> waits = waits_for(facts, one);
    if (!waits) return std::move(waits).error();
    one.waits_for = *std::move(waits);
  }
  if (json) return json_of(facts);
  if (facts.producers.empty()) return std::string("no producer is registered\n");
  return table_of(facts);
}

}  // namespace weir
