#include "billing/verify/chain.h"

#include "base/digest.h"
#include "base/time.h"

#include <simdjson.h>

namespace weir {
namespace {

using simdjson::dom::element;

// These throw simdjson_error, which read_certificate() catches: the edge of the library.
std::int64_t number(element object, std::string_view key) { return std::int64_t(object[key]); }
std::string text(element object, std::string_view key) {
  return std::string(std::string_view(object[key]));
}

CertificateFacts read(element root) {
  CertificateFacts facts;
  facts.close = number(root, "close");
  facts.t_us = number(root, "t_us");
  facts.previous_t_us = number(root, "previous_t_us");
  facts.incarnation = number(root, "incarnation");
  facts.catalog_version = number(root, "catalog_version");
  facts.predecessor = text(root, "predecessor");
  facts.catalog_digest = text(root, "catalog_digest");
  facts.frozen_digest = text(root, "frozen_digest");
  for (element partition : simdjson::dom::array(root["partitions"])) {
    facts.partitions.push_back(
        {number(partition, "partition"), number(partition, "n"), number(partition, "e")});
  }
  return facts;
}

std::string text_of(const std::vector<CertificatePartition>& partitions) {
  std::string text;
  for (const CertificatePartition& one : partitions) {
    text += (text.empty() ? "" : ", ") + std::to_string(one.partition) + ": N " +
            std::to_string(one.n) + " E " + std::to_string(one.e);
  }
  return text;
}

/// The columns say what the certificate says.
void check_columns(const StoredClose& close, const CertificateFacts& facts, Differences& found) {
  const std::string where = "close " + std::to_string(close.id);
  found.expect("certificate_close", where, close.id, facts.close);
  found.expect("certificate_t", where, close.t_us, facts.t_us);
  found.expect("certificate_previous_t", where, close.previous_t_us, facts.previous_t_us);
  found.expect("certificate_predecessor", where, close.predecessor, facts.predecessor);
  found.expect("certificate_incarnation", where, close.incarnation, facts.incarnation);
  found.expect("certificate_catalog", where, close.catalog_version, facts.catalog_version);
  if (close.partitions != facts.partitions) {
    found.add("certificate_partitions", where, text_of(close.partitions),
              text_of(facts.partitions));
  }
  for (const CertificatePartition& one : close.partitions) {
    if (one.e <= one.n) continue;
    found.add("barrier_behind_cut", where + " partition " + std::to_string(one.partition),
              "E " + std::to_string(one.e), "at most N " + std::to_string(one.n));
  }
}

/// What one close says of the one before it.
void check_link(const StoredClose* before, const StoredClose& close, Differences& found) {
  const std::string where = "close " + std::to_string(close.id);
  found.expect("chain_id", where, close.id, before == nullptr ? 1 : before->id + 1);
  found.expect("chain_predecessor", where, close.predecessor,
               before == nullptr ? std::string() : before->digest);
  found.expect("chain_previous_t", where, close.previous_t_us,
               before == nullptr ? INT64_MIN : before->t_us);
  if (before == nullptr) return;
  if (close.t_us <= before->t_us) {
    found.add("chain_moves_back", where, format_rfc3339(close.t_us),
              "after " + format_rfc3339(before->t_us));
  }
  if (close.incarnation < before->incarnation) {
    found.expect("chain_incarnation", where, close.incarnation, before->incarnation);
  }
  if (close.incarnation != before->incarnation) return;
  found.expect("chain_partition_count", where, close.partitions.size(), before->partitions.size());
  for (std::size_t i = 0; i < std::min(close.partitions.size(), before->partitions.size()); ++i) {
    if (close.partitions[i].n >= before->partitions[i].n) continue;
    found.add("cut_moves_back", where + " partition " + std::to_string(i),
              "N " + std::to_string(close.partitions[i].n),
              "at least " + std::to_string(before->partitions[i].n));
  }
}

}  // namespace

Result<CertificateFacts> read_certificate(const std::string& certificate) {
  try {
    simdjson::dom::parser parser;
    return read(parser.parse(simdjson::padded_string(certificate)));
  } catch (const simdjson::simdjson_error& error) {
    return Error{ErrorCode::integrity,
                 "the certificate cannot be read: " + std::string(error.what()), ""};
  }
}

void check_chain(const std::vector<StoredClose>& chain, Differences& found) {
  const StoredClose* before = nullptr;
  for (const StoredClose& close : chain) {
    const std::string where = "close " + std::to_string(close.id);
    found.expect("certificate_digest", where, close.digest, sha256_hex(close.certificate));
    check_link(before, close, found);
    const Result<CertificateFacts> facts = read_certificate(close.certificate);
    if (facts) {
      check_columns(close, *facts, found);
    } else {
      found.add("certificate_unreadable", where, facts.error().what, "");
    }
    before = &close;
  }
}

}  // namespace weir
