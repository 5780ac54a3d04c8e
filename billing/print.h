// What the commands print: for people as tables, for machines as one JSON object a command.
//
// Money is a decimal string with its currency beside it, times are RFC 3339 UTC, units are whole
// numbers.
#pragma once

#include "billing/cycle.h"
#include "billing/override_store.h"
#include "billing/reports.h"

#include <string>
#include <vector>

namespace weir {

std::string check_text(const Standing& standing, const Readiness& readiness);
std::string check_json(const Standing& standing, const Readiness& readiness);

std::string run_text(const CycleReport& report, std::int64_t now_us);
std::string run_json(const CycleReport& report, std::int64_t now_us);

std::string invoices_text(const std::vector<StoredInvoice>& invoices);
std::string invoices_json(const std::vector<StoredInvoice>& invoices);
std::string invoice_text(const StoredInvoice& invoice);
std::string invoice_json(const StoredInvoice& invoice);

std::string preview_text(const std::vector<DraftInvoice>& drafts, std::int64_t t_us);
std::string preview_json(const std::vector<DraftInvoice>& drafts, std::int64_t t_us);

std::string held_text(const std::vector<HeldPeriod>& held, const std::vector<StuckCharge>& stuck,
                      std::int64_t now_us);
std::string held_json(const std::vector<HeldPeriod>& held, const std::vector<StuckCharge>& stuck,
                      std::int64_t now_us);

std::string unattributed_text(const std::vector<UnattributedSum>& sums);
std::string unattributed_json(const std::vector<UnattributedSum>& sums);

std::string overrides_text(const std::vector<StoredOverride>& overrides, std::int64_t now_us);
std::string overrides_json(const std::vector<StoredOverride>& overrides);

/// One certificate for people: every field that its JSON has. Error `integrity` when it is no JSON.
Result<std::string> certificate_text(const StoredCertificate& certificate);

std::string certificates_text(const std::vector<StoredCertificate>& chain);
std::string certificates_json(const std::vector<StoredCertificate>& chain);

}  // namespace weir
