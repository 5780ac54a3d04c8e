// The ingest transaction's statements about producers and their seals (R13, R14).
//
// Locks: a seal takes its producer's row FOR NO KEY UPDATE, numbers FOR KEY SHARE, which go together;
// an END takes it FOR UPDATE, which waits for both. So between an END and a number above it one always
// sees the other, and seals stand in no commit's way.
#include "quota/postgres_ingest.h"
#include "quota/postgres_sql.h"

namespace weir {
namespace {

/// As stored by us; anything else is damage.
Result<std::vector<EpochNumbers>> stored_numbers(std::string_view json) {
  Result<std::vector<EpochNumbers>> numbers = read_numbers(json);
  if (numbers) return numbers;
  return Error{ErrorCode::integrity, "quota.producer: " + numbers.error().what,
               "restore the quota database"};
}

void put_numbers(Params& params, const std::vector<EpochNumbers>& numbers) {
  Integers columns(3);
  for (const EpochNumbers& entry : numbers) {
    for (std::size_t partition = 0; partition < entry.last.size(); ++partition) {
      columns.add({entry.epoch, static_cast<std::int64_t>(partition), entry.last[partition]});
    }
  }
  columns.put(params);
}

}  // namespace

Result<ProducerState> PostgresIngest::register_producer(const Seal& seal, AppendTime append_time) {
  Result<Rows> rows =
      run("INSERT INTO quota.producer AS p (producer, accepted_when, registered_at_us, epoch) "
          "VALUES ($1, $2, $3, $4) ON CONFLICT (producer) DO UPDATE SET "
          "  accepted_when = CASE WHEN excluded.epoch >= p.epoch THEN excluded.accepted_when "
          "                  ELSE p.accepted_when END, "
          "  registered_at_us = least(p.registered_at_us, excluded.registered_at_us), "
          "  epoch = greatest(p.epoch, excluded.epoch) "
          "RETURNING epoch, final_numbers, end_numbers",
          Params()
              .text(seal.producer)
              .text(seal.accepted_when)
              .integer(append_time.value)
              .integer(seal.epoch));
  if (!rows) return std::move(rows).error();
  ProducerState state{seal.producer, rows->integer(0, 0), {}, std::nullopt};
  Result<std::vector<EpochNumbers>> finals = stored_numbers(rows->text(0, 1));
  if (!finals) return std::move(finals).error();
  state.finals = *std::move(finals);
  if (rows->null(0, 2)) return state;
  Result<std::vector<EpochNumbers>> end = stored_numbers(rows->text(0, 2));
  if (!end) return std::move(end).error();
  state.end = *std::move(end);
  return state;
}

Status PostgresIngest::keep_finals(const std::string& producer,
                                   const std::vector<EpochNumbers>& finals) {
  return write("UPDATE quota.producer SET final_numbers = $2 WHERE producer = $1",
               Params().text(producer).text(weir::write_numbers(finals)));
}

Status PostgresIngest::add_seal(const Seal& seal, AppendTime append_time, std::int64_t edge_us,
                                std::int64_t closed_until_us) {
  return write(
      "WITH newest AS (UPDATE quota.producer SET sealed_until_us = $2, sealed_append_us = $3 "
      "  WHERE producer = $1 AND coalesce(sealed_until_us < $2, true)), "
      "pruned AS (DELETE FROM quota.seal WHERE producer = $1 AND edge_us <= $6) "
      "INSERT INTO quota.seal (producer, edge_us, until_us, append_us, numbers) "
      "SELECT $1, $5, $2, $3, $4 WHERE $5::bigint > $6::bigint "
      "ON CONFLICT (producer, edge_us) DO NOTHING",
      Params()
          .text(seal.producer)
          .integer(seal.until_us)
          .integer(append_time.value)
          .text(weir::write_numbers(seal.numbers))
          .integer(edge_us)
          .integer(closed_until_us));
}

Result<bool> PostgresIngest::end_producer(const Seal& seal, AppendTime append_time) {
  WEIR_TRY(run("SELECT FROM quota.producer WHERE producer = $1 FOR UPDATE",
               Params().text(seal.producer)));
  // A statement of its own: it sees the numbers of those for whom the lock has waited.
  Params params;
  params.text(seal.producer).integer(append_time.value);
  params.text(weir::write_numbers(seal.numbers));
  put_numbers(params, seal.numbers);
  Result<Rows> rows =
      run("UPDATE quota.producer SET ended_by = 'seal', ended_at_us = $2, end_numbers = $3 "
          "WHERE producer = $1 AND NOT EXISTS ("
          "  SELECT FROM quota.producer_number n "
          "  LEFT JOIN unnest($4::bigint[], $5::bigint[], $6::bigint[]) "
          "    AS e (epoch, partition, last) ON e.epoch = n.epoch AND e.partition = n.partition "
          "  WHERE n.producer = $1 AND n.highest > coalesce(e.last, 0))",
          params);
  if (!rows) return std::move(rows).error();
  return rows->affected() == 1;
}

Result<std::vector<ProducerEnd>> PostgresIngest::read_ends(std::span<const std::string> producers) {
  const std::vector<std::string_view> ids(producers.begin(), producers.end());
  Result<Rows> rows =
      run("SELECT producer, end_numbers FROM quota.producer WHERE producer = ANY ($1) "
          "ORDER BY producer FOR KEY SHARE",
          Params().texts(ids));
  if (!rows) return std::move(rows).error();
  std::vector<ProducerEnd> ends;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (rows->null(i, 1)) continue;
    Result<std::vector<EpochNumbers>> numbers = stored_numbers(rows->text(i, 1));
    if (!numbers) return std::move(numbers).error();
    ends.push_back({std::string(rows->text(i, 0)), *std::move(numbers)});
  }
  return ends;
}

Status PostgresIngest::revive_producer(const std::string& producer) {
  return write(
      "UPDATE quota.producer SET ended_by = NULL, ended_reason = NULL, ended_at_us = NULL, "
      "end_numbers = NULL WHERE producer = $1",
      Params().text(producer));
}

}  // namespace weir
