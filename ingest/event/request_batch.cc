#include "ingest/event/request_batch.h"

#include "base/result.h"

namespace weir {
namespace {

// Each column of a batch, in one place: what clears, truncates, measures and copies must not forget
// one. `visit` is called with (column of a, column of b) for the columns of the named section.
template <class A, class B, class Visit>
void visit_usage(A& a, B& b, Visit&& visit) {
  visit(a.identity, b.identity);
  visit(a.time, b.time);
  visit(a.tenant, b.tenant);
  visit(a.subscription, b.subscription);
  visit(a.units, b.units);
  visit(a.quantities, b.quantities);
  visit(a.api, b.api);
  visit(a.route, b.route);
  visit(a.method, b.method);
  visit(a.status, b.status);
}

template <class A, class B, class Visit>
void visit_detail(A& a, B& b, Visit&& visit) {
  visit(a.source, b.source);
  visit(a.id, b.id);
  visit(a.path, b.path);
  visit(a.latency_us, b.latency_us);
  visit(a.upstream_latency_us, b.upstream_latency_us);
  visit(a.request_bytes, b.request_bytes);
  visit(a.response_bytes, b.response_bytes);
  visit(a.client, b.client);
  visit(a.country, b.country);
  visit(a.user_agent, b.user_agent);
  visit(a.gateway, b.gateway);
  visit(a.error, b.error);
  visit(a.trace_id, b.trace_id);
}

template <class Batch, class Visit>
void visit_all(Batch& batch, Visit&& visit) {
  auto one = [&](auto& column, auto&) { visit(column); };
  visit_usage(batch, batch, one);
  visit_detail(batch, batch, one);
}

template <class T>
std::size_t bytes_of(const std::vector<T>& column) {
  return column.size() * sizeof(T);
}
template <class Column>
std::size_t bytes_of(const Column& column) {
  return column.bytes();
}

template <class T>
void truncate_column(std::vector<T>& column, std::size_t rows) {
  if (rows < column.size()) column.resize(rows);
}
template <class Column>
void truncate_column(Column& column, std::size_t rows) {
  column.truncate(rows);
}

template <class T>
void append_column(std::vector<T>& to, const std::vector<T>& from, std::size_t begin,
                   std::size_t end) {
  to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(begin),
            from.begin() + static_cast<std::ptrdiff_t>(end));
}
template <class Column>
void append_column(Column& to, const Column& from, std::size_t begin, std::size_t end) {
  to.append_range(from, begin, end);
}

void append_usage(RequestBatch& batch, const RequestRow& row, const IdentityKey& key) {
  batch.identity.push_back(key.identify(row.tenant, row.source, row.id));
  batch.time.push_back(row.time);
  batch.tenant.append(row.tenant);
  batch.subscription.append(row.subscription);
  batch.units.push_back(row.units);
  for (const RequestRow::Quantity& quantity : row.quantities) {
    batch.quantities.add(quantity.name, quantity.value);
  }
  batch.quantities.end_row();
  batch.api.append(row.api);
  batch.route.append(row.route);
  batch.method.append(row.method);
  batch.status.push_back(row.status);
}

void append_detail(RequestBatch& batch, const RequestRow& row) {
  batch.source.append(row.source);
  batch.id.append(row.id);
  batch.path.append(row.path);
  batch.latency_us.push_back(row.latency_us);
  batch.upstream_latency_us.push_back(row.upstream_latency_us);
  batch.request_bytes.push_back(row.request_bytes);
  batch.response_bytes.push_back(row.response_bytes);
  batch.client.append(row.client);
  batch.country.append(row.country);
  batch.user_agent.append(row.user_agent);
  batch.gateway.append(row.gateway);
  batch.error.append(row.error);
  batch.trace_id.append(row.trace_id);
}

}  // namespace

std::size_t RequestBatch::bytes() const {
  std::size_t total = 0;
  visit_all(*this, [&](const auto& column) { total += bytes_of(column); });
  return total;
}

void RequestBatch::clear() {
  visit_all(*this, [](auto& column) { column.clear(); });
  has_detail = false;
}

void RequestBatch::truncate(std::size_t to_rows) {
  visit_all(*this, [&](auto& column) { truncate_column(column, to_rows); });
  if (to_rows == 0) has_detail = false;
}

void RequestBatch::append(const RequestBatch& other, std::size_t from, std::size_t to) {
  WEIR_CHECK(this != &other && from <= to && to <= other.rows());
  if (from == to) return;
  WEIR_CHECK(rows() == 0 || has_detail == other.has_detail);
  has_detail = other.has_detail;
  auto copy = [&](auto& mine, const auto& theirs) { append_column(mine, theirs, from, to); };
  visit_usage(*this, other, copy);
  if (has_detail) visit_detail(*this, other, copy);
}

void append_row(RequestBatch& batch, const RequestRow& row, const IdentityKey& key,
                Sections sections) {
  WEIR_CHECK(batch.rows() == 0 || batch.has_detail == (sections == Sections::all));
  batch.has_detail = sections == Sections::all;
  append_usage(batch, row, key);
  if (batch.has_detail) append_detail(batch, row);
}

void append_row(RequestBatch& batch, const RequestRow& row, const IdentityKey& key) {
  append_row(batch, row, key, Sections::all);
}

RequestRow row_at(const RequestBatch& batch, std::size_t i,
                  std::vector<RequestRow::Quantity>& quantities) {
  WEIR_CHECK(batch.has_detail && i < batch.rows());
  quantities.clear();
  for (std::uint32_t entry = batch.quantities.begin(i); entry < batch.quantities.end(i); ++entry) {
    quantities.push_back({batch.quantities.names().text_of(batch.quantities.name_code(entry)),
                          batch.quantities.value(entry)});
  }
  RequestRow row;
  row.tenant = batch.tenant.at(i);
  row.source = batch.source.at(i);
  row.id = batch.id.at(i);
  row.subscription = batch.subscription.at(i);
  row.time = batch.time[i];
  row.units = batch.units[i];
  row.quantities = quantities;
  row.api = batch.api.at(i);
  row.route = batch.route.at(i);
  row.method = batch.method.at(i);
  row.status = batch.status[i];
  row.path = batch.path.at(i);
  row.latency_us = batch.latency_us[i];
  row.upstream_latency_us = batch.upstream_latency_us[i];
  row.request_bytes = batch.request_bytes[i];
  row.response_bytes = batch.response_bytes[i];
  row.client = batch.client.at(i);
  row.country = batch.country.at(i);
  row.user_agent = batch.user_agent.at(i);
  row.gateway = batch.gateway.at(i);
  row.error = batch.error.at(i);
  row.trace_id = batch.trace_id.at(i);
  return row;
}

}  // namespace weir
