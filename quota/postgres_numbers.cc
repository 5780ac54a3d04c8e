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

// The place of each question is its answer's; the third array is used by the second statement alone.
constexpr std::string_view kReadHighest =
    "SELECT q.place, n.highest FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) "
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

/// Spans of several triples, as columns.
struct Spans {
  std::vector<std::string_view> producers;
  Integers numbers{4};
  void add(const NumberChange& of, NumberSpan span) {
    producers.push_back(of.producer);
    numbers.add({of.epoch, of.partition.value, span.first, span.second});
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
    states.push_back({std::string(question.producer), question.epoch, question.partition, 0, {}});
  }
  const Params params = params_of(questions);
  Result<Rows> rows = run(kReadHighest, params);
  if (!rows) return std::move(rows).error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    states[static_cast<std::size_t>(rows->integer(i, 0) - 1)].highest = rows->integer(i, 1);
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
  Integers highest(3);
  Spans opened, closed;
  for (const NumberChange& change : changes) {
    producers.push_back(change.producer);
    highest.add({change.epoch, change.partition.value, change.highest});
    for (const HoleChange& hole : change.holes) {
      if (!hole.before) {
        for (const NumberSpan& span : hole.after) opened.add(change, span);
      } else if (hole.after.empty()) {
        closed.add(change, *hole.before);
      } else {
        WEIR_TRY(cut_hole(incarnation, change, hole));
      }
    }
  }
  if (!opened.producers.empty()) {
    WEIR_TRY(
        write("INSERT INTO quota.hole (incarnation, producer, epoch, partition, from_number, "
              "to_number, opened_at_us) SELECT $6::int, d.*, " WEIR_NOW_US
              " FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) "
              "AS d",
              opened.params().integer(incarnation.value)));
  }
  if (!closed.producers.empty()) {
    WEIR_TRY(
        write("UPDATE quota.hole h SET closed_at_us = " WEIR_NOW_US
              " FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) "
              "  AS d (producer, epoch, partition, from_number, to_number) "
              "WHERE h.producer = d.producer AND h.epoch = d.epoch "
              "  AND h.partition = d.partition AND h.from_number = d.from_number "
              "  AND h.to_number = d.to_number AND h.closed_at_us IS NULL",
              closed.params()));
  }
  Params params;
  params.texts(producers);
  highest.put(params);
  return write(
      "INSERT INTO quota.producer_number AS n (producer, epoch, partition, highest) "
      "SELECT d.* FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS d "
      "ON CONFLICT (producer, epoch, partition) DO UPDATE "
      "SET highest = greatest(n.highest, excluded.highest)",
      params);
}

/// The row becomes the first piece, and the others come beside it, opened when it was.
Status PostgresIngest::cut_hole(Incarnation incarnation, const NumberChange& of,
                                const HoleChange& change) {
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
              "to_number, opened_at_us) "
              "SELECT $7::int, partition, producer, epoch, $5, $6, opened_at_us FROM quota.hole "
              "WHERE producer = $1 AND epoch = $2 AND partition = $3 AND from_number = $4 "
              "  AND closed_at_us IS NULL",
              triple()
                  .integer(change.after[0].first)
                  .integer(change.after[i].first)
                  .integer(change.after[i].second)
                  .integer(incarnation.value)));
  }
  return Status();
}

}  // namespace weir
