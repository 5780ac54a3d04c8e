#include "tests/simulation/database/postings.h"

namespace weir::simulation {

Status post(Session& session, Billing& billing, const Posting& posting) {
  WEIR_TRY(billing.ledger_account.insert(session, posting.debit.id, posting.debit.kind));
  WEIR_TRY(billing.ledger_account.insert(session, posting.credit.id, posting.credit.kind));
  if (posting.amount.minor.value <= 0 || posting.debit.id == posting.credit.id) {
    return check_violation();
  }
  return billing.ledger_entry.insert_new(
      session, {posting.kind, posting.reference},
      {posting.debit.id, posting.credit.id, posting.amount.currency, posting.amount.minor.value,
       session.now_us()});
}

Status add_charge_event(Session& session, Billing& billing, const std::string& key,
                        const std::string& from, const std::string& to, const std::string& detail) {
  return billing.charge_event.insert_new(session, ++billing.charge_event_ids,
                                         {key, from, to, detail, session.now_us()});
}

}  // namespace weir::simulation
