#include "quota/postgres_store.h"

#include "quota/postgres_ingest.h"
#include "quota/postgres_sql.h"

namespace weir {
namespace {

/// Of this incarnation and the older ones (R1): whose file is on another volume, the index tells apart
/// and learns from its row how far back the horizon goes.
Result<std::vector<Generation>> read_generations(Connection& connection, Incarnation incarnation,
                                                 PartitionId partition, Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT from_offset, to_offset, append_min_us, append_max_us, identities, digest, "
      "incarnation, "
      "volume_id FROM quota.generation WHERE incarnation <= $1 AND partition = $2 "
      "ORDER BY incarnation, from_offset",
      Params().integer(incarnation.value).integer(partition.value), deadline);
  if (!rows) return std::move(rows).error();
  std::vector<Generation> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    Generation g;
    g.incarnation = static_cast<std::int32_t>(rows->integer(i, 6));
    g.partition = partition.value;
    g.from_offset = rows->integer(i, 0);
    g.to_offset = rows->integer(i, 1);
    g.append_min = AppendTime{rows->integer(i, 2)};
    g.append_max = AppendTime{rows->integer(i, 3)};
    g.identities = rows->integer(i, 4);
    g.digest = std::string(rows->text(i, 5));
    g.volume_id = std::string(rows->text(i, 7));
    out.push_back(std::move(g));
  }
  return out;
}

/// The addresses that were quarantined from `from` on; a record that was kept whole bears kWholeRecord.
Result<std::vector<Address>> read_quarantined(Connection& connection, Incarnation incarnation,
                                              PartitionId partition, Offset from,
                                              Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT record_offset, row FROM quota.quarantine WHERE incarnation = $1 AND partition = $2 "
      "AND record_offset >= $3 ORDER BY record_offset, row < 0, row",
      Params().integer(incarnation.value).integer(partition.value).integer(from.value), deadline);
  if (!rows) return std::move(rows).error();
  std::vector<Address> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const std::int64_t row = rows->integer(i, 1);
    out.push_back({incarnation, Offset{rows->integer(i, 0)},
                   row < 0 ? kWholeRecord : static_cast<std::uint32_t>(row)});
  }
  return out;
}

std::optional<Anchor> anchor_of(const Rows& rows) {
  if (rows.null(0, 1)) return std::nullopt;
  return Anchor{Offset{rows.integer(0, 1)}, std::string(rows.text(0, 2)),
                AppendTime{rows.integer(0, 3)}};
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

/// Bytes of the UTF-8 sequence at `at`; 0 when it is none (or NUL).
std::size_t sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!continues(text[at + i])) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  const unsigned char second = byte(at + 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return size;
}

}  // namespace

std::string database_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = sequence_at(text, at);
    if (size == 0) {
      out += "\xef\xbf\xbd";
      ++at;
      continue;
    }
    out.append(text, at, size);
    at += size;
  }
  return out;
}

Result<Deployment> read_deployment(Connection& connection, Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT d.deployment_id, d.topic, d.cluster_id, d.incarnation, d.partitions, d.bucket_us, "
      "d.permitted_future_us, d.delivery_timeout_us, d.grace_us, d.partitioner, f.closed_until_us "
      "FROM quota.deployment d CROSS JOIN quota.frozen f",
      deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) {
    return Error{ErrorCode::config, "the quota database is not set up", "run: weir-quota migrate"};
  }
  Deployment out;
  out.deployment_id = std::string(rows->text(0, 0));
  out.topic = std::string(rows->text(0, 1));
  out.cluster_id = std::string(rows->text(0, 2));
  out.incarnation = Incarnation{static_cast<std::int32_t>(rows->integer(0, 3))};
  out.partitions = static_cast<std::int32_t>(rows->integer(0, 4));
  out.bucket = Micros{rows->integer(0, 5)};
  out.permitted_future = Micros{rows->integer(0, 6)};
  out.delivery_timeout = Micros{rows->integer(0, 7)};
  out.grace = Micros{rows->integer(0, 8)};
  out.partitioner = std::string(rows->text(0, 9));
  out.closed_until_us = rows->integer(0, 10);
  return out;
}

Result<std::unique_ptr<IngestTransaction>> PostgresStore::begin(Deadline deadline) {
  return PostgresIngest::begin(database_, grace_, horizon_.identity, deadline);
}

Result<std::optional<Offset>> PostgresStore::read_next(Incarnation incarnation,
                                                       PartitionId partition, Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Rows> rows =
      (*lease)->run("SELECT next FROM quota.progress WHERE incarnation = $1 AND partition = $2",
                    Params().integer(incarnation.value).integer(partition.value), deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<Offset>();
  return std::optional<Offset>(Offset{rows->integer(0, 0)});
}

Result<Deployment> PostgresStore::read_deployment(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  return weir::read_deployment(**lease, deadline);
}

Result<std::optional<StoredCatalog>> PostgresStore::read_catalog(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Rows> rows = (*lease)->run(
      "SELECT version, digest, canonical FROM quota.catalog ORDER BY version DESC LIMIT 1",
      deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<StoredCatalog>();
  return std::optional<StoredCatalog>(StoredCatalog{
      rows->integer(0, 0), std::string(rows->text(0, 1)), std::string(rows->text(0, 2))});
}

Result<std::int32_t> PostgresStore::fix_partitions(std::int32_t count, Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  WEIR_TRY((*lease)->run("UPDATE quota.deployment SET partitions = $1 WHERE partitions = 0",
                         Params().integer(count), deadline));
  Result<Rows> rows = (*lease)->run("SELECT partitions FROM quota.deployment", deadline);
  if (!rows) return std::move(rows).error();
  WEIR_CHECK(rows->size() == 1);
  return static_cast<std::int32_t>(rows->integer(0, 0));
}

Status PostgresStore::insert_progress(Incarnation incarnation, PartitionId partition,
                                      Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  // One statement is one transaction, and doing it twice changes nothing.
  WEIR_TRY((*lease)->run(
      "INSERT INTO quota.progress "
      "(incarnation, partition, applied_at_us, horizon_us, restamp_window_us) "
      "VALUES ($1, $2, " WEIR_NOW_US
      ", $3, $4) ON CONFLICT (incarnation, partition) DO UPDATE "
      "SET horizon_us = excluded.horizon_us, restamp_window_us = excluded.restamp_window_us",
      Params()
          .integer(incarnation.value)
          .integer(partition.value)
          .integer(horizon_.identity.count())
          .integer(horizon_.restamp_window.count()),
      deadline));
  return Status();
}

Result<PartitionState> PostgresStore::read_partition(Incarnation incarnation, PartitionId partition,
                                                     Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  // One snapshot of all three: a generation that is named belongs to the `next` that is read.
  WEIR_TRY((*lease)->begin(deadline));
  WEIR_TRY((*lease)->run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", deadline));
  Result<Rows> rows = (*lease)->run(
      "SELECT next, anchor_offset, anchor_digest, anchor_append_us, unheld_until_us "
      "FROM quota.progress "
      "WHERE incarnation = $1 AND partition = $2",
      Params().integer(incarnation.value).integer(partition.value), deadline);
  if (!rows) return std::move(rows).error();
  WEIR_CHECK(rows->size() == 1);
  PartitionState state;
  state.partition = partition;
  state.incarnation = incarnation;
  state.next = Offset{rows->integer(0, 0)};
  state.anchor = anchor_of(*rows);
  if (!rows->null(0, 4)) state.unheld_until = AppendTime{rows->integer(0, 4)};
  auto generations = read_generations(**lease, incarnation, partition, deadline);
  if (!generations) return std::move(generations).error();
  state.generations = *std::move(generations);
  auto quarantined =
      read_quarantined(**lease, incarnation, partition, state.first_named(), deadline);
  if (!quarantined) return std::move(quarantined).error();
  state.quarantined = *std::move(quarantined);
  (*lease)->rollback();
  return state;
}

Status PostgresStore::raise_flag(Incarnation incarnation, std::optional<PartitionId> partition,
                                 const std::string& kind, const std::string& what,
                                 Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  Params params;
  params.text(kind).integer(incarnation.value);
  put_partition(params, partition);
  WEIR_TRY((*lease)->run(kInsertFlag, params.text(database_text(what)), deadline));
  return Status();
}

}  // namespace weir
