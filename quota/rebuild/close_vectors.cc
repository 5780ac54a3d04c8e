#include "quota/rebuild/close_vectors.h"

#include "base/digest.h"
#include "base/time.h"

#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kCertificate = "\"certificate\":{";

struct Link {
  CloseVector close;
  std::string digest, predecessor;
};

Error wrong(const std::string& what) {
  return Error{ErrorCode::invalid, what,
               "export the chain again: weir-billing certificates --export"};
}

bool integer(const dom::element& of, const char* name, std::int64_t& into) {
  return of[name].get(into) == simdjson::SUCCESS;
}

bool text(const dom::element& of, const char* name, std::string& into) {
  std::string_view view;
  if (of[name].get(view) != simdjson::SUCCESS) return false;
  into = view;
  return true;
}

/// The certificate's own bytes: it is the line's last member.
std::string_view bytes_of_certificate(std::string_view line) {
  const std::size_t at = line.find(kCertificate);
  if (at == std::string_view::npos || line.empty()) return {};
  const std::size_t from = at + kCertificate.size() - 1;
  return line.substr(from, line.size() - from - 1);
}

Status read_partitions(const dom::element& certificate, CloseVector& close) {
  dom::array partitions;
  if (certificate["partitions"].get(partitions) != simdjson::SUCCESS) return wrong("no partitions");
  for (const dom::element one : partitions) {
    CutCounts& cut = close.partitions.emplace_back();
    if (!integer(one, "partition", cut.partition) || !integer(one, "n", cut.n) ||
        cut.partition != static_cast<std::int64_t>(close.partitions.size()) - 1) {
      return wrong("partitions are not what they should be");
    }
    integer(one, "received", cut.received);
    integer(one, "applied", cut.applied);
    integer(one, "duplicate", cut.duplicate);
    integer(one, "quarantined", cut.quarantined);
    integer(one, "unprovable", cut.unprovable);
    integer(one, "adjusted", cut.adjusted);
  }
  return Status();
}

Status read_late(const dom::element& root, CloseVector& close) {
  dom::array sums;
  if (root["adjustments"].get(sums) != simdjson::SUCCESS) {
    return wrong("no adjustments: written by an older weir-billing");
  }
  for (const dom::element one : sums) {
    LateSum& sum = close.late.emplace_back();
    std::string_view tenant, subscription, meter;
    if (one.at(0).get(tenant) != simdjson::SUCCESS ||
        one.at(1).get(subscription) != simdjson::SUCCESS ||
        one.at(2).get(meter) != simdjson::SUCCESS ||
        one.at(3).get(sum.bucket_us) != simdjson::SUCCESS ||
        one.at(4).get(sum.units) != simdjson::SUCCESS) {
      return wrong("an adjustment is not [tenant, subscription, meter, bucket_us, units]");
    }
    sum.tenant = tenant;
    sum.subscription = subscription;
    sum.meter = meter;
  }
  return Status();
}

Result<Link> read_link(std::string_view line) {
  dom::parser parser;
  dom::element root, certificate;
  const simdjson::padded_string padded(line);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS ||
      root["certificate"].get(certificate) != simdjson::SUCCESS) {
    return wrong("no certificate");
  }
  Link link;
  std::string closed_at;
  if (!integer(certificate, "close", link.close.id) ||
      !integer(certificate, "t_us", link.close.t_us) ||
      !integer(certificate, "incarnation", link.close.incarnation) ||
      !text(certificate, "closed_at", closed_at) || !text(root, "digest", link.digest) ||
      !text(certificate, "predecessor", link.predecessor)) {
    return wrong("a member is missing");
  }
  const Result<std::int64_t> at = parse_rfc3339(closed_at);
  if (!at) return wrong("closed_at is no time");
  link.close.closed_at_us = *at;
  if (sha256_hex(bytes_of_certificate(line)) != link.digest) {
    return wrong("the certificate does not have its digest");
  }
  WEIR_TRY(read_partitions(certificate, link.close));
  WEIR_TRY(read_late(root, link.close));
  return link;
}

Status check_follows(const std::vector<CloseVector>& chain, const Link& link,
                     const std::string& before) {
  if (link.predecessor != before) return wrong("does not follow the line before it");
  if (chain.empty()) return Status();
  if (link.close.t_us <= chain.back().t_us) return wrong("T does not rise");
  return Status();
}

}  // namespace

Result<std::vector<CloseVector>> read_close_vectors(std::string_view lines) {
  std::vector<CloseVector> chain;
  std::string digest;
  std::size_t number = 0;
  while (!lines.empty()) {
    ++number;
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (line.empty()) continue;
    Result<Link> link = read_link(line);
    const Status follows = link ? check_follows(chain, *link, digest) : Status(link.error());
    if (!follows) return follows.error().within("line " + std::to_string(number));
    digest = link->digest;
    chain.push_back(std::move(link->close));
  }
  return chain;
}

}  // namespace weir
