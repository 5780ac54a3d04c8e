#include "ingest/codec/row_writer.h"

#include "ingest/event/check.h"

namespace weir {

RowWriter::RowWriter(const IdentityKey& key, const DecodeContext& context, RequestBatch& into,
                     DecodeReport& report)
    : key_(key), context_(context), into_(into), report_(report), start_(into.rows()) {}

// The tenant of the API key is the tenant; an event may repeat it, never change it.
bool RowWriter::settle_tenant(RequestRow& row) {
  if (context_.tenant.empty()) return true;
  if (row.tenant.empty()) row.tenant = context_.tenant;
  if (row.tenant == context_.tenant) return true;
  return refuse(why_, reason::kTenantMismatch, "tenant", "not the tenant of the API key");
}

void RowWriter::write(RequestRow& row, bool has_time) {
  bool good = settle_tenant(row) &&
              (has_time || refuse(why_, reason::kMissing, "time", "required, and absent")) &&
              check_row(row, context_.latest, why_);
  if (!good) return refused();
  append_row(into_, row, key_, context_.sections);
  if (!report_.rejections.empty()) report_.row_index.push_back(report_.events);
  ++report_.events;
}

void RowWriter::refused() {
  if (report_.rejections.empty()) {
    for (std::uint32_t row = 0; row < report_.events; ++row) report_.row_index.push_back(row);
  }
  why_.row = report_.events++;
  report_.rejections.push_back(why_);
}

void RowWriter::whole(std::string_view reason, std::string_view field, std::string_view detail) {
  into_.truncate(start_);
  report_.clear();
  report_.whole = true;
  report_.events = 1;
  refuse(why_, reason, field, detail);
  why_.row = 0;
  report_.rejections.push_back(why_);
}

void DecodeReport::clear() {
  events = 0;
  unknown_fields = 0;
  whole = false;
  rejections.clear();
  row_index.clear();
}

}  // namespace weir
