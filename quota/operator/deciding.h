// The frame of every decision: name and reason, R8's look at closed_until, the rows that must be open,
// one audit row, one commit. Private to this folder.
#pragma once

#include "quota/operator/resolve.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

namespace weir {

class Deciding {
 public:
  static Result<Deciding> begin(OperatorStore& store, const Decision& decision, Deadline deadline);

  OperatorTransaction& operator*() { return *transaction_; }
  OperatorTransaction* operator->() { return transaction_.get(); }
  const Decision& decision() const { return decision_; }
  /// As it stood, and stands until the commit.
  std::int64_t closed_until_us() const { return closed_until_us_; }

  /// Writes the audit row and commits.
  Result<Resolution> finish(const AuditEntry& entry, std::vector<std::string> lines);

 private:
  Deciding(std::unique_ptr<OperatorTransaction> transaction, Decision decision)
      : transaction_(std::move(transaction)), decision_(std::move(decision)) {}

  std::unique_ptr<OperatorTransaction> transaction_;
  Decision decision_;
  std::int64_t closed_until_us_ = 0;
};

/// What the ids of a call name, for its messages.
struct Naming {
  const char* thing;  // "gap"
  const char* list;   // "weir-quota gaps list"
};
Error not_there(const Naming& naming, std::int64_t id);
Error settled_already(const Naming& naming, const std::string& id, const Settled& settled);

/// Ascending and once each; `invalid` when there is none.
Result<std::vector<std::int64_t>> tidy_ids(const Naming& naming, std::span<const std::int64_t> ids);

/// Every id has a row, and every row is open. `rows` ascending by id.
template <class Row>
Status check_all_open(const Naming& naming, std::span<const std::int64_t> ids,
                      const std::vector<Row>& rows) {
  for (const std::int64_t id : ids) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.id == id; });
    if (row == rows.end()) return not_there(naming, id);
    if (!row->settled.open()) return settled_already(naming, std::to_string(id), row->settled);
  }
  return Status();
}

/// "3 gaps", "1 gap".
std::string count_of(std::size_t n, const std::string& thing);

}  // namespace weir
