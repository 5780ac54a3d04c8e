#include "quota/operator/deciding.h"

#include "base/crash_point.h"

namespace weir {
namespace {

bool blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

}  // namespace

Status check_decision(const Decision& decision) {
  if (blank(decision.by)) {
    return Error{ErrorCode::invalid, "nobody decides this: the name is empty", "say --by NAME"};
  }
  if (blank(decision.reason)) {
    return Error{ErrorCode::invalid, "the reason is empty",
                 "say --reason \"why this is right\": it is kept for ever"};
  }
  return Status();
}

Result<Deciding> Deciding::begin(OperatorStore& store, const Decision& decision,
                                 Deadline deadline) {
  WEIR_TRY(check_decision(decision));
  Result<std::unique_ptr<OperatorTransaction>> begun = store.begin(deadline);
  if (!begun) return std::move(begun).error();
  Deciding deciding(*std::move(begun), decision);
  Result<std::int64_t> closed_until_us = deciding->hold_closed_until();
  if (!closed_until_us) return std::move(closed_until_us).error();
  deciding.closed_until_us_ = *closed_until_us;
  return deciding;
}

Result<Resolution> Deciding::finish(const AuditEntry& entry, std::vector<std::string> lines) {
  WEIR_CRASH_POINT("audit.before_write");
  Result<std::int64_t> audit_id = transaction_->add_audit(entry, decision_);
  if (!audit_id) return std::move(audit_id).error();
  if (Status committed = transaction_->commit(); !committed) {
    Error error = committed.error();
    if (error.code == ErrorCode::in_doubt) {
      error.remedy = "the same command again says whether it was done: it is done at most once";
    }
    return error;
  }
  WEIR_CRASH_POINT("audit.after_commit");
  return Resolution{*audit_id, entry.worth, std::move(lines)};
}

Error not_there(const Naming& naming, std::int64_t id) {
  return Error{ErrorCode::not_found,
               std::string("there is no ") + naming.thing + " " + std::to_string(id),
               std::string(naming.list) + " shows what there is"};
}

Error settled_already(const Naming& naming, const std::string& id, const Settled& settled) {
  return Error{ErrorCode::conflict,
               std::string(naming.thing) + " " + id + " was " + settled.how + " already" +
                   (settled.by.empty() ? "" : ", by " + settled.by) + "; nothing was changed",
               std::string(naming.list) + " --all shows when and why"};
}

Result<std::vector<std::int64_t>> tidy_ids(const Naming& naming,
                                           std::span<const std::int64_t> ids) {
  std::vector<std::int64_t> tidy(ids.begin(), ids.end());
  std::sort(tidy.begin(), tidy.end());
  tidy.erase(std::unique(tidy.begin(), tidy.end()), tidy.end());
  if (tidy.empty()) {
    return Error{ErrorCode::invalid, std::string("no ") + naming.thing + " is named",
                 std::string(naming.list) + " shows what there is"};
  }
  return tidy;
}

std::string count_of(std::size_t n, const std::string& thing) {
  return std::to_string(n) + " " + thing + (n == 1 ? "" : "s");
}

}  // namespace weir
