#include "billing/verify/frozen_check.h"

#include "base/time.h"
#include "billing/certificate.h"

#include <algorithm>
#include <set>

namespace weir {
namespace {

std::string units_text(const SnapshotUnits& units) {
  return "usage " + std::to_string(units.usage) + ", late " + std::to_string(units.late) +
         ", attributed " + std::to_string(units.attributed);
}

std::string name_of(const UsageRow& row) {
  return row.tenant + "/" + row.subscription + " " + row.meter + " at " +
         format_rfc3339(row.bucket_us);
}

void check_snapshot(const std::string& where, const Frozen& stored, const Frozen& again,
                    Differences& found) {
  for (const auto& [key, units] : again.snapshot) {
    const auto row = stored.snapshot.find(key);
    const bool there = row != stored.snapshot.end();
    if (there && row->second == units) continue;
    found.add("snapshot_units", where + ", " + weir::name_of(key.period) + " " + key.meter,
              there ? units_text(row->second) : "", units_text(units));
  }
  for (const auto& [key, units] : stored.snapshot) {
    if (again.snapshot.contains(key)) continue;
    found.add("snapshot_units", where + ", " + weir::name_of(key.period) + " " + key.meter,
              units_text(units), "");
  }
}

/// Both sorted; what is in one of them alone.
template <class T, class Text>
void check_lists(const char* what, const std::string& where, const std::vector<T>& stored,
                 const std::vector<T>& again, Text text, Differences& found) {
  const std::set<T> there(stored.begin(), stored.end());
  const std::set<T> wanted(again.begin(), again.end());
  for (const T& one : there) {
    if (!wanted.contains(one)) found.add(what, where, text(one), "");
  }
  for (const T& one : wanted) {
    if (!there.contains(one)) found.add(what, where, "", text(one));
  }
}

std::vector<UsageRow> rows_of(const std::vector<UnattributedRow>& rows) {
  std::vector<UsageRow> usage;
  for (const UnattributedRow& row : rows) usage.push_back(row.usage);
  return usage;
}

}  // namespace

std::string name_of(const PeriodKey& key) {
  return key.tenant + "/" + key.subscription + " " + format_rfc3339(key.from_us);
}

void check_frozen(const StoredClose& close, const StoredFrozen& stored, const Frozen& again,
                  Differences& found) {
  const std::string where = "close " + std::to_string(close.id);
  auto usage_text = [](const UsageRow& row) {
    return name_of(row) + ": " + std::to_string(row.units);
  };
  check_snapshot(where, stored.frozen, again, found);
  check_lists(
      "due_period", where, stored.frozen.due, again.due,
      [](const DuePeriod& due) {
        return weir::name_of(due.key) + " to " + format_rfc3339(due.key.to_us) + " of " +
               due.customer;
      },
      found);
  check_lists("unattributed", where, stored.frozen.unattributed, again.unattributed, usage_text,
              found);
  check_lists("attribution", where, rows_of(stored.frozen.attributed), rows_of(again.attributed),
              usage_text, found);
  check_lists(
      "adjustment", where, stored.frozen.assigned, again.assigned,
      [](std::int64_t id) { return "adjustment " + std::to_string(id); }, found);
  for (const StoredDue& due : stored.due) {
    found.expect("due_catalog", where + ", " + weir::name_of(due.due.key), due.catalog_version,
                 close.catalog_version);
  }
  const Result<CertificateFacts> facts = read_certificate(close.certificate);
  if (!facts) return;  // check_chain says so
  found.expect("snapshot_digest", where + ", the stored rows", facts->frozen_digest,
               digest_of(stored.frozen));
  found.expect("snapshot_digest", where + ", frozen again", facts->frozen_digest, digest_of(again));
}

}  // namespace weir
