#include "billing/verify/verify.h"

#include "billing/verify/frozen_check.h"
#include "billing/verify/invoice_check.h"
#include "billing/verify/money_check.h"
#include "billing/verify/past.h"

#include <map>

namespace weir {
namespace {

/// Catalogues by version, read and checked once.
class StoredCatalogs {
 public:
  StoredCatalogs(Connection& connection, Differences& found)
      : connection_(connection), found_(found) {}

  /// Null: it is not there, which is a difference.
  Result<const Catalog*> get(std::int64_t version, const StoredClose& close, Deadline deadline) {
    const auto known = by_version_.find(version);
    if (known != by_version_.end()) return &known->second;
    const std::string where = "catalogue version " + std::to_string(version);
    const Result<Rows> rows =
        connection_.run("select digest, canonical from billing.catalog where version = $1",
                        Params().integer(version), deadline);
    if (!rows) return rows.error();
    Result<Catalog> catalog = Error{ErrorCode::not_found, "it is not there", ""};
    if (!rows->empty()) catalog = read_catalog_json(rows->text(0, 1));
    if (!catalog) {
      found_.add("catalog", where, "", catalog.error().what);
      return nullptr;
    }
    found_.expect("catalog_digest", where, std::string(rows->text(0, 0)), catalog->digest());
    const auto facts = read_certificate(close.certificate);
    if (facts) {
      found_.expect("catalog_digest",
                    where + " in the certificate of close " + std::to_string(close.id),
                    facts->catalog_digest, catalog->digest());
    }
    return &by_version_.emplace(version, *std::move(catalog)).first->second;
  }

 private:
  Connection& connection_;
  Differences& found_;
  std::map<std::int64_t, Catalog> by_version_;
};

struct Work {
  Connection& connection;
  const VerifyOptions& options;
  VerifyReport& report;
  Past past;
  StoredCatalogs catalogs;
};

Status verify_close(Work& work, const StoredClose& close) {
  const Deadline deadline = Deadline::in(work.options.timeout);
  Differences& found = work.report.found;
  const auto stored = work.past.read_stored(close.id, deadline);
  if (!stored) return stored.error();
  ++work.report.closes;
  work.report.snapshot_rows += static_cast<std::int64_t>(stored->frozen.snapshot.size());
  const auto catalog = work.catalogs.get(close.catalog_version, close, deadline);
  if (!catalog) return catalog.error();
  if (*catalog != nullptr) {
    const auto again = work.past.freeze_again(close, **catalog, deadline);
    if (again) {
      check_frozen(close, *stored, *again, found);
    } else if (again.error().code == ErrorCode::invalid) {
      found.add("freeze", "close " + std::to_string(close.id), "", again.error().text());
    } else {
      return again.error();
    }
  }
  work.past.add(close.id, *stored);
  const auto invoices = check_invoices(work.connection, close, found, deadline);
  if (!invoices) return invoices.error();
  work.report.invoices += invoices->invoices;
  work.report.lines += invoices->lines;
  if (invoices->pending) {
    work.report.notes.push_back("close " + std::to_string(close.id) +
                                " is not invoiced yet: weir-billing run");
  }
  return {};
}

Status verify_money(Work& work) {
  const auto rows = read_money(work.connection, Deadline::in(work.options.timeout));
  if (!rows) return rows.error();
  VerifyReport& report = work.report;
  report.charges = static_cast<std::int64_t>(rows->charges.size());
  report.ledger_entries = static_cast<std::int64_t>(rows->entries.size());
  check_numbers(*rows, report.found);
  check_charges(*rows, report.found);
  check_ledger(*rows, report.found);
  if (work.options.charges_file.empty()) return {};
  const auto taken = read_charges_file(work.options.charges_file);
  if (!taken) {
    report.found.add("provider_file", work.options.charges_file, taken.error().what, "");
    return {};
  }
  if (!*taken) {
    if (rows->charges.empty()) return {};
    report.notes.push_back("the provider's file " + work.options.charges_file +
                           " is not there: charges are not compared with it");
    return {};
  }
  report.provider_lines = static_cast<std::int64_t>((*taken)->size());
  check_provider(*rows, **taken, report.found);
  return {};
}

/// The frontier in quota is the last close's T.
Status verify_frontier(Work& work, const std::vector<StoredClose>& chain) {
  const Result<Rows> rows = work.connection.run("select closed_until_us from quota.v1_deployment",
                                                Deadline::in(work.options.timeout));
  if (!rows) return rows.error();
  if (rows->size() != 1) return {};
  work.report.found.expect("closed_until", "quota", rows->integer(0, 0),
                           chain.empty() ? 0 : chain.back().t_us);
  return {};
}

Status verify_all(Work& work) {
  const auto chain = read_chain(work.connection, Deadline::in(work.options.timeout));
  if (!chain) return chain.error();
  check_chain(*chain, work.report.found);
  WEIR_TRY(verify_frontier(work, *chain));
  const std::int64_t first = work.options.close.value_or(1);
  WEIR_TRY(work.past.load_before(first, Deadline::in(work.options.timeout)));
  bool seen = !work.options.close;
  for (const StoredClose& close : *chain) {
    if (work.options.close && close.id != *work.options.close) continue;
    seen = true;
    if (work.options.progress) {
      work.options.progress(work.report.closes,
                            work.options.close ? 1 : static_cast<std::int64_t>(chain->size()));
    }
    WEIR_TRY(verify_close(work, close));
  }
  if (!seen) {
    return Error{ErrorCode::not_found, "there is no close " + std::to_string(first),
                 "weir-billing certificates lists them"};
  }
  return work.options.close ? Status() : verify_money(work);
}

std::vector<CertificatePartition> read_partitions(const Rows& rows, std::size_t& at,
                                                  std::int64_t close_id) {
  std::vector<CertificatePartition> partitions;
  for (; at < rows.size() && rows.integer(at, 0) <= close_id; ++at) {
    if (rows.integer(at, 0) < close_id) continue;
    partitions.push_back({rows.integer(at, 1), rows.integer(at, 2), rows.integer(at, 3)});
  }
  return partitions;
}

}  // namespace

Status read_only_snapshot(Connection& connection, Deadline deadline) {
  WEIR_TRY(connection.run("set transaction isolation level repeatable read, read only", deadline));
  return {};
}

Result<std::vector<StoredClose>> read_chain(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select id, t_us, previous_t_us, incarnation, catalog_version, closed_at_us, predecessor, "
      "digest, certificate from billing.close order by id",
      deadline);
  if (!rows) return rows.error();
  const Result<Rows> partitions = connection.run(
      "select close_id, partition, n, e from billing.close_partition order by close_id, partition",
      deadline);
  if (!partitions) return partitions.error();
  std::vector<StoredClose> chain;
  std::size_t at = 0;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    StoredClose close{rows->integer(i, 0),           rows->integer(i, 1),
                      rows->integer(i, 2),           rows->integer(i, 3),
                      rows->integer(i, 4),           rows->integer(i, 5),
                      std::string(rows->text(i, 6)), std::string(rows->text(i, 7)),
                      std::string(rows->text(i, 8)), {}};
    close.partitions = read_partitions(*partitions, at, close.id);
    chain.push_back(std::move(close));
  }
  return chain;
}

Result<VerifyReport> verify(Database& database, const VerifyOptions& options) {
  const Deadline opening = Deadline::in(std::chrono::seconds(30));
  auto lease = database.acquire(opening);
  if (!lease) return lease.error();
  auto tx = Transaction::begin(**lease, opening);  // never committed: there is nothing to commit
  if (!tx) return tx.error();
  WEIR_TRY(read_only_snapshot(**lease, opening));
  return verify_within(**lease, options);
}

Result<VerifyReport> verify_within(Connection& connection, const VerifyOptions& options) {
  VerifyReport report;
  Work work{connection, options, report, Past(connection),
            StoredCatalogs(connection, report.found)};
  WEIR_TRY(verify_all(work));
  return report;
}

}  // namespace weir
