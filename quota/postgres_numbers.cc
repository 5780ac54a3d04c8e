// The ingest transaction's statements about producers' numbers (R13).
#include "quota/postgres_ingest.h"
#include "quota/postgres_sql.h"

#include <algorithm>

namespace weir {
namespace {

Params params_of(std::span<const NumberQuestion> questions) {
  std::vector<std::string_view> producers;
  Integers numbers(3);
  for (const NumberQuestion& question : questions) {
    producers.push_back(question.producer);
    numbers.add({question.epoch, question.partition.value, question.least});
  }
  Params params;
  params.texts(producers);
  numbers.put(params);
  return params;
}

constexpr RecordPlace kNowhere{Incarnation{-1}, Offset{-1}};

// The place of each question is its answer's; the third array is used by the second statement alone.
constexpr std::string_view kReadHighest =
    "SELECT q.place, n.highest, n.newest_incarnation, n.newest_offset FROM unnest($1::text[], "
    "$2::bigint[], $3::bigint[], $4::bigint[]) "
    "  WITH ORDINALITY AS q (producer, epoch, partition, least, place) "
    "JOIN quota.producer_number n ON n.producer = q.producer AND n.epoch = q.epoch "
    "  AND n.partition = q.partition";
constexpr std::string_view kReadHoles =
    "SELECT q.place, h.from_number, h.to_number "
    "FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) "
    "  WITH ORDINALITY AS q (producer, epoch, partition, least, place) "
    "JOIN quota.hole h ON h.producer = q.producer AND h.epoch = q.epoch "
    "  AND h.partition = q.partition AND h.to_number >= q.least "
    "WHERE h.closed_at_us IS NULL AND h.accepted_at_us IS NULL "
    "ORDER BY q.place, h.from_number FOR UPDATE OF h";

#define WEIR_SPANS                                                                            \
  "unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], " \
  "  $7::bigint[], $8::bigint[]) AS d (producer, epoch, partition, from_number, to_number, "  \
  "  found_offset, behind_incarnation, behind_offset) "

/// Spans of several triples, as columns. Of what never was the place is -1.
struct Spans {
  std::vector<std::string_view> producers;
  Integers numbers{7};
  void add(const NumberChange& of, NumberSpan span, const HoleChange& hole) {
    const RecordPlace behind = hole.behind.value_or(kNowhere);
    producers.push_back(of.producer);
    numbers.add({of.epoch, of.partition.value, span.first, span.second, hole.found.value,
                 behind.incarnation.value, behind.offset.value});
  }
  Params params() const {
    Params out;
    out.texts(producers);
    numbers.put(out);
    return out;
  }
};

}  // namespace

Result<std::vector<NumberState>> PostgresIngest::read_numbers(
    std::span<const NumberQuestion> questions) {
  std::vector<NumberState> states;
  for (const NumberQuestion& question : questions) {
    NumberState& state = states.emplace_back();
    state.producer = std::string(question.producer);
    state.epoch = question.epoch;
    state.partition = question.partition;
  }
  const Params params = params_of(questions);
  Result<Rows> rows = run(kReadHighest, params);
  if (!rows) return std::move(rows).error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    NumberState& state = states[static_cast<std::size_t>(rows->integer(i, 0) - 1)];
    state.highest = rows->integer(i, 1);
    if (rows->null(i, 2)) continue;
    state.newest = RecordPlace{Incarnation{static_cast<std::int32_t>(rows->integer(i, 2))},
                               Offset{rows->integer(i, 3)}};
  }
  rows = run(kReadHoles, params);
  if (!rows) return std::move(rows).error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    states[static_cast<std::size_t>(rows->integer(i, 0) - 1)].holes.emplace_back(
        rows->integer(i, 1), rows->integer(i, 2));
  }
  return states;
}

Status PostgresIngest::write_numbers(Incarnation incarnation,
                                     std::span<const NumberChange> changes) {
  std::vector<std::string_view> producers;
  Integers highest(5);
  Spans opened, closed;
  for (const NumberChange& change : changes) {
    producers.push_back(change.producer);
    const RecordPlace newest = change.newest.value_or(kNowhere);
    highest.add({change.epoch, change.partition.value, change.highest, newest.incarnation.value,
                 newest.offset.value});
    for (const HoleChange& hole : change.holes) {
      if (!hole.before) {
        for (const NumberSpan& span : hole.after) opened.add(change, span, hole);
      } else if (hole.after.empty()) {
        closed.add(change, *hole.before, hole);
      } else {
        WEIR_TRY(cut_hole(change, hole));
      }
    }
  }
  if (!opened.producers.empty()) {
    WEIR_TRY(
        write("INSERT INTO quota.hole (incarnation, producer, epoch, partition, from_number, "
              "to_number, found_offset, behind_incarnation, behind_offset, opened_at_us) "
              "SELECT $9::int, d.producer, d.epoch, d.partition, d.from_number, d.to_number, "
              "  d.found_offset, nullif(d.behind_incarnation, -1), nullif(d.behind_offset, "
              "-1), " WEIR_NOW_US " FROM " WEIR_SPANS,
              opened.params().integer(incarnation.value)));
  }
  if (!closed.producers.empty()) {
    WEIR_TRY(write("UPDATE quota.hole h SET closed_at_us = " WEIR_NOW_US " FROM " WEIR_SPANS
                   " WHERE h.producer = d.producer AND h.epoch = d.epoch "
                   "  AND h.partition = d.partition AND h.from_number = d.from_number "
                   "  AND h.to_number = d.to_number AND h.closed_at_us IS NULL",
                   closed.params()));
  }
  Params params;
  params.texts(producers);
  highest.put(params);
  return write(
      "INSERT INTO quota.producer_number AS n (producer, epoch, partition, highest, "
      "  newest_incarnation, newest_offset) "
      "SELECT d.producer, d.epoch, d.partition, d.highest, nullif(d.newest_incarnation, -1), "
      "  nullif(d.newest_offset, -1) "
      "FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], "
      "  $6::bigint[]) "
      "  AS d (producer, epoch, partition, highest, newest_incarnation, newest_offset) "
      "ON CONFLICT (producer, epoch, partition) DO UPDATE "
      "SET highest = greatest(n.highest, excluded.highest), "
      "  newest_incarnation = excluded.newest_incarnation, newest_offset = excluded.newest_offset",
      params);
}

/// The row becomes the first piece, and the others come beside it, opened and found when it was.
Status PostgresIngest::cut_hole(const NumberChange& of, const HoleChange& change) {
  const auto triple = [&] {
    Params params;
    return params.text(of.producer).integer(of.epoch).integer(of.partition.value);
  };
  WEIR_TRY(
      write("UPDATE quota.hole SET from_number = $5, to_number = $6 "
            "WHERE producer = $1 AND epoch = $2 AND partition = $3 AND from_number = $4 "
            "  AND closed_at_us IS NULL",
            triple()
                .integer(change.before->first)
                .integer(change.after[0].first)
                .integer(change.after[0].second)));
  for (std::size_t i = 1; i < change.after.size(); ++i) {
    WEIR_TRY(
        write("INSERT INTO quota.hole (incarnation, partition, producer, epoch, from_number, "
              "to_number, opened_at_us, found_offset, behind_incarnation, behind_offset) "
              "SELECT incarnation, partition, producer, epoch, $5, $6, opened_at_us, found_offset, "
              "  behind_incarnation, behind_offset FROM quota.hole "
              "WHERE producer = $1 AND epoch = $2 AND partition = $3 AND from_number = $4 "
              "  AND closed_at_us IS NULL",
              triple()
                  .integer(change.after[0].first)
                  .integer(change.after[i].first)
                  .integer(change.after[i].second)));
  }
  return Status();
}

}  // namespace weir
