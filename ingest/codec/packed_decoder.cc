#include "ingest/codec/packed_decoder.h"

#include "base/compress.h"
#include "ingest/codec/packed_limits.h"
#include "ingest/event/check.h"

#include <algorithm>
#include <cstring>
#include <simdjson.h>

namespace weir {
namespace {

// zstd's failures, as reasons: see base/compress.h for its texts.
std::string_view reason_of(const Error& error) {
  return error.what.starts_with("zstd: truncated") ? reason::kTruncated : reason::kMalformed;
}

}  // namespace

void PackedDecoder::decode(std::string_view bytes, const DecodeContext& context, RequestBatch& into,
                           DecodeReport& report, RowWriter& writer) {
  context_ = &context;
  start_ = into.rows();
  faults_.clear();
  bool all = context.sections == Sections::all;
  std::string_view why = read_envelope(bytes, envelope_);
  if (!why.empty()) return writer.whole(why, "", "the envelope cannot be read");
  WEIR_CHECK(start_ == 0 || into.has_detail == all);
  bool good = check_envelope() && read_usage(into) && (!all || read_detail(into));
  if (!good) return writer.whole(fault_reason_, fault_field_, "the packed record cannot be read");
  if (envelope_.rows > 0) into.has_detail = all;
  report.events = envelope_.rows;
  if (!faults_.empty()) drop_faulty_rows(into, report);
}

bool PackedDecoder::fail(std::string_view why, std::string_view field) {
  fault_reason_ = why;
  fault_field_ = field;
  return false;
}

bool PackedDecoder::check_envelope() {
  const PackedEnvelope& e = envelope_;
  if (e.schema_version != kPackedVersion) return fail(reason::kUnknownVersion, "schema_version");
  if (e.identity_key != fingerprint_) return fail(reason::kForeignKey, "identity_key");
  if (e.rows > kPackedRowsMax) return fail(reason::kOutOfRange, "rows");
  if (e.usage_bytes > kSectionBytesMax) return fail(reason::kOutOfRange, "usage_bytes");
  if (e.detail_bytes > kSectionBytesMax) return fail(reason::kOutOfRange, "detail_bytes");
  // Each row takes 16 bytes at least: no memory is reserved for rows that cannot be there.
  if (std::size_t{e.rows} * sizeof(Identity) > e.usage_bytes) {
    return fail(reason::kTruncated, "usage");
  }
  return true;
}

bool PackedDecoder::open(std::string_view section, std::uint32_t claimed, std::string_view field) {
  Result<std::size_t> size = zstd_decompress(section, claimed, section_);
  if (!size) return fail(reason_of(size.error()), field);
  return *size == claimed || fail(reason::kMalformed, field);
}

bool PackedDecoder::read_usage(RequestBatch& into) {
  if (!open(envelope_.usage, envelope_.usage_bytes, "usage")) return false;
  PackedReader in(section_);
  if (!read_usage_columns(in, into)) return fail(in.fault(), "usage");
  if (!in.at_end()) return fail(reason::kMalformed, "usage");
  check_tenants(into);
  return true;
}

bool PackedDecoder::read_usage_columns(PackedReader& in, RequestBatch& into) {
  std::size_t n = envelope_.rows;
  Column tenant{"tenant", kNameBytesMax, Text::identifier, context_->tenant};
  Column subscription{"subscription", kNameBytesMax, Text::identifier};
  return identity(in, into.identity) && time(in, into.time) && dict(in, n, tenant, into.tenant) &&
         dict(in, n, subscription, into.subscription) && units(in, into.units) &&
         quantities(in, into.quantities) &&
         dict(in, n, {"api", kNameBytesMax, Text::identifier}, into.api) &&
         dict(in, n, {"route", kNameBytesMax, Text::identifier}, into.route) &&
         dict(in, n, {"method", kNameBytesMax, Text::identifier}, into.method) &&
         status(in, into.status);
}

bool PackedDecoder::read_detail(RequestBatch& into) {
  if (envelope_.rows > 0 && envelope_.detail.empty()) return fail(reason::kMissing, "detail");
  if (!open(envelope_.detail, envelope_.detail_bytes, "detail")) return false;
  PackedReader in(section_);
  if (!read_detail_columns(in, into)) return fail(in.fault(), "detail");
  return in.at_end() || fail(reason::kMalformed, "detail");
}

bool PackedDecoder::read_detail_columns(PackedReader& in, RequestBatch& into) {
  std::size_t n = envelope_.rows;
  return dict(in, n, {"source", kSourceBytesMax, Text::required}, into.source) &&
         texts(in, {"id", kIdBytesMax, Text::required}, into.id) &&
         texts(in, {"path", kPathBytesMax, Text::free}, into.path) &&
         measure(in, "latency_us", into.latency_us) &&
         measure(in, "upstream_latency_us", into.upstream_latency_us) &&
         measure(in, "request_bytes", into.request_bytes) &&
         measure(in, "response_bytes", into.response_bytes) &&
         dict(in, n, {"client", kNameBytesMax, Text::identifier}, into.client) &&
         dict(in, n, {"country", kNameBytesMax, Text::identifier}, into.country) &&
         dict(in, n, {"user_agent", kUserAgentBytesMax, Text::free}, into.user_agent) &&
         dict(in, n, {"gateway", kNameBytesMax, Text::identifier}, into.gateway) &&
         dict(in, n, {"error", kNameBytesMax, Text::free}, into.error) &&
         texts(in, {"trace_id", kNameBytesMax, Text::free}, into.trace_id);
}

void PackedDecoder::fault(std::size_t row, std::string_view why, std::string_view field) {
  faults_.push_back({static_cast<std::uint32_t>(row), why, field});
}

// A subscription is named by (tenant, id): one without a tenant names nobody.
void PackedDecoder::check_tenants(const RequestBatch& into) {
  Dictionary::Code no_tenant = into.tenant.dictionary().find("");
  if (no_tenant == Dictionary::kNone) return;
  Dictionary::Code no_subscription = into.subscription.dictionary().find("");
  for (std::size_t row = 0; row < envelope_.rows; ++row) {
    if (into.tenant.code_at(start_ + row) == no_tenant &&
        into.subscription.code_at(start_ + row) != no_subscription) {
      fault(row, reason::kMissing, "tenant");
    }
  }
}

void PackedDecoder::drop_faulty_rows(RequestBatch& into, DecodeReport& report) {
  auto by_row = [](const RowFault& a, const RowFault& b) { return a.row < b.row; };
  auto same_row = [](const RowFault& a, const RowFault& b) { return a.row == b.row; };
  std::stable_sort(faults_.begin(), faults_.end(), by_row);
  faults_.erase(std::unique(faults_.begin(), faults_.end(), same_row), faults_.end());
  kept_.clear();
  std::uint32_t next = 0;
  auto keep_until = [&](std::uint32_t end) {
    kept_.append(into, start_ + next, start_ + end);
    for (; next < end; ++next) report.row_index.push_back(next);
  };
  for (const RowFault& bad : faults_) {
    keep_until(bad.row);
    next = bad.row + 1;
    report.rejections.push_back({bad.row, bad.reason, bad.field, std::string(explain(bad.reason))});
  }
  keep_until(envelope_.rows);
  into.truncate(start_);
  into.append(kept_, 0, kept_.rows());
}

}  // namespace weir
