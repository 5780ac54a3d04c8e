// The certificate of a close: what was known, what was proven, what is assumed and what a person
// decided instead. JSON, in a fixed order of fields; its SHA-256 is the close's digest, and it names its
// predecessor's, so that the closes are a chain.
#pragma once

#include "billing/close_store.h"
#include "billing/freeze.h"
#include "billing/readiness.h"

#include <string>

namespace weir {

/// `record.certificate` and `record.head.digest` are not read: they are what comes of this.
std::string certificate_of(const CloseRecord& record, const Standing& standing,
                           const Frozen& frozen);

/// Hex SHA-256 over the snapshot, the due periods and the unattributed usage.
std::string digest_of(const Frozen& frozen);

}  // namespace weir
