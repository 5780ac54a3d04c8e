// The chain of certificates from its start: every digest, every link, and what only moves forward.
//
// Each certificate's SHA-256 is its close's digest and the next one's predecessor; T rises; each close
// begins where the one before ended; within an incarnation the cut N never falls, and E <= N. The
// columns beside a certificate say what it says. Pure.
#pragma once

#include "base/result.h"
#include "billing/verify/difference.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct CertificatePartition {
  std::int64_t partition = 0, n = 0, e = 0;
  bool operator==(const CertificatePartition&) const = default;
};

/// What verification reads of a certificate's own text.
struct CertificateFacts {
  std::int64_t close = 0, t_us = 0, previous_t_us = 0, incarnation = 0, catalog_version = 0;
  std::string predecessor, catalog_digest, frozen_digest;
  std::vector<CertificatePartition> partitions;
};
/// Error `integrity` for a text that is no certificate.
Result<CertificateFacts> read_certificate(const std::string& certificate);

/// A close as its row stands.
struct StoredClose {
  std::int64_t id = 0, t_us = 0, previous_t_us = 0, incarnation = 0, catalog_version = 0;
  std::int64_t closed_at_us = 0;
  std::string predecessor, digest, certificate;
  std::vector<CertificatePartition> partitions;  // by number
};

/// `chain` is all closes by id. A certificate that cannot be read is a difference.
void check_chain(const std::vector<StoredClose>& chain, Differences& found);

}  // namespace weir
