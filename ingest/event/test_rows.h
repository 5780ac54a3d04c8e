// For tests: request rows out of thin air, and whether two batches hold the same.
#pragma once

#include "base/result.h"
#include "ingest/event/request_batch.h"

#include <rapidcheck.h>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

// The same cases in every run; RC_PARAMS in the environment wins.
inline const int kSeeded = ::setenv("RC_PARAMS", "seed=20260301", 0);

inline IdentityKey test_key(std::string_view secret = "a secret of the tests, long enough") {
  return *IdentityKey::from_secret(secret);
}

constexpr std::int64_t kNow = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z

/// A row that owns its texts.
struct OwnedRow {
  std::string tenant, source, id, subscription, api, route, method, path, client, country,
      user_agent, gateway, error, trace_id;
  std::vector<std::pair<std::string, std::int64_t>> quantities;
  std::int64_t time = kNow, units = 1, latency_us = kAbsent, upstream_latency_us = kAbsent,
               request_bytes = kAbsent, response_bytes = kAbsent;
  std::uint16_t status = 0;
};

inline void append(RequestBatch& batch, const OwnedRow& owned, const IdentityKey& key,
                   Sections sections = Sections::all) {
  std::vector<RequestRow::Quantity> quantities;
  for (const auto& [name, value] : owned.quantities) quantities.push_back({name, value});
  RequestRow row;
  row.tenant = owned.tenant;
  row.source = owned.source;
  row.id = owned.id;
  row.subscription = owned.subscription;
  row.time = EventTime(owned.time);
  row.units = owned.units;
  row.quantities = quantities;
  row.api = owned.api;
  row.route = owned.route;
  row.method = owned.method;
  row.status = owned.status;
  row.path = owned.path;
  row.latency_us = owned.latency_us;
  row.upstream_latency_us = owned.upstream_latency_us;
  row.request_bytes = owned.request_bytes;
  row.response_bytes = owned.response_bytes;
  row.client = owned.client;
  row.country = owned.country;
  row.user_agent = owned.user_agent;
  row.gateway = owned.gateway;
  row.error = owned.error;
  row.trace_id = owned.trace_id;
  append_row(batch, row, key, sections);
}

// ---- generators -------------------------------------------------------------------------------

/// Letters that need escaping, more than one byte, or nothing special.
inline rc::Gen<std::string> any_text(bool free, int length_max) {
  static const std::vector<std::string> kPlain = {"a",  "b",  "Z", "7", "-", "_", "/", "{",
                                                  "\"", "\\", ":", ",", " ", "é", "€", "😀"};
  static const std::vector<std::string> kFree = {
      "a", "\n", "\t", std::string(1, '\0'), "\x1f", "\"", "\\", "€", "😀", "\x7f"};
  return rc::gen::exec([free, length_max] {
    int length = *rc::gen::inRange(0, length_max + 1);
    std::string text;
    for (int i = 0; i < length; ++i) text += *rc::gen::elementOf(free ? kFree : kPlain);
    return text;
  });
}

inline rc::Gen<std::string> few_texts() {
  return rc::gen::weightedOneOf<std::string>(
      {{5, rc::gen::element<std::string>("", "a", "orders", "GET", "sub-1", "sub-2")},
       {1, any_text(false, 8)}});
}

inline rc::Gen<std::string> some_text() {
  return rc::gen::suchThat(any_text(false, 10), [](const std::string& t) { return !t.empty(); });
}

inline rc::Gen<std::int64_t> any_measure() {
  return rc::gen::oneOf(rc::gen::just(kAbsent), rc::gen::inRange<std::int64_t>(0, 100'000),
                        rc::gen::inRange<std::int64_t>(0, INT64_MAX));
}

inline rc::Gen<OwnedRow> any_row() {
  return rc::gen::exec([] {
    OwnedRow row;
    row.tenant = *some_text();
    row.source = *some_text();
    row.id = *some_text();
    row.subscription = *few_texts();
    row.api = *few_texts();
    row.route = *few_texts();
    row.method = *few_texts();
    row.client = *few_texts();
    row.country = *few_texts();
    row.gateway = *few_texts();
    row.path = *any_text(true, 12);
    row.user_agent = *any_text(true, 12);
    row.error = *any_text(true, 4);
    row.trace_id = *any_text(true, 4);
    row.time = *rc::gen::inRange<std::int64_t>(0, kNow + 1);
    row.units = *rc::gen::oneOf(rc::gen::just<std::int64_t>(1),
                                rc::gen::inRange<std::int64_t>(0, (1ll << 53) + 1));
    row.latency_us = *any_measure();
    row.upstream_latency_us = *any_measure();
    row.request_bytes = *any_measure();
    row.response_bytes = *any_measure();
    row.status = *rc::gen::oneOf(rc::gen::just<std::uint16_t>(0),
                                 rc::gen::inRange<std::uint16_t>(100, 1000));
    static const std::vector<std::string> kNames = {"tokens", "bytes", "\"q\\", "€"};
    int count = *rc::gen::inRange(0, static_cast<int>(kNames.size()) + 1);
    for (int i = 0; i < count; ++i) {
      row.quantities.emplace_back(kNames[static_cast<std::size_t>(i)],
                                  *rc::gen::inRange<std::int64_t>(0, (1ll << 53) + 1));
    }
    return row;
  });
}

inline rc::Gen<std::vector<OwnedRow>> any_rows() {
  return rc::gen::container<std::vector<OwnedRow>>(any_row());
}

inline RequestBatch batch_of(const std::vector<OwnedRow>& rows, const IdentityKey& key,
                             Sections sections = Sections::all) {
  RequestBatch batch;
  for (const OwnedRow& row : rows) append(batch, row, key, sections);
  return batch;
}

// ---- comparison -------------------------------------------------------------------------------

inline std::vector<std::string> texts_of(const DictColumn& column) {
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < column.size(); ++row) texts.emplace_back(column.at(row));
  return texts;
}
inline std::vector<std::string> texts_of(const TextColumn& column) {
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < column.size(); ++row) texts.emplace_back(column.at(row));
  return texts;
}
inline std::vector<std::vector<std::pair<std::string, std::int64_t>>> texts_of(
    const QuantityColumn& column) {
  std::vector<std::vector<std::pair<std::string, std::int64_t>>> rows(column.size());
  for (std::size_t row = 0; row < column.size(); ++row) {
    for (std::uint32_t e = column.begin(row); e < column.end(row); ++e) {
      rows[row].emplace_back(column.names().text_of(column.name_code(e)), column.value(e));
    }
  }
  return rows;
}

/// The first column in which two batches differ, "" when they hold the same.
inline std::string difference(const RequestBatch& a, const RequestBatch& b) {
  if (a.rows() != b.rows()) return "rows";
  if (a.has_detail != b.has_detail) return "has_detail";
  if (a.identity != b.identity) return "identity";
  if (a.time != b.time) return "time";
  if (texts_of(a.tenant) != texts_of(b.tenant)) return "tenant";
  if (texts_of(a.subscription) != texts_of(b.subscription)) return "subscription";
  if (a.units != b.units) return "units";
  if (texts_of(a.quantities) != texts_of(b.quantities)) return "quantities";
  if (texts_of(a.api) != texts_of(b.api)) return "api";
  if (texts_of(a.route) != texts_of(b.route)) return "route";
  if (texts_of(a.method) != texts_of(b.method)) return "method";
  if (a.status != b.status) return "status";
  if (texts_of(a.source) != texts_of(b.source)) return "source";
  if (texts_of(a.id) != texts_of(b.id)) return "id";
  if (texts_of(a.path) != texts_of(b.path)) return "path";
  if (a.latency_us != b.latency_us) return "latency_us";
  if (a.upstream_latency_us != b.upstream_latency_us) return "upstream_latency_us";
  if (a.request_bytes != b.request_bytes) return "request_bytes";
  if (a.response_bytes != b.response_bytes) return "response_bytes";
  if (texts_of(a.client) != texts_of(b.client)) return "client";
  if (texts_of(a.country) != texts_of(b.country)) return "country";
  if (texts_of(a.user_agent) != texts_of(b.user_agent)) return "user_agent";
  if (texts_of(a.gateway) != texts_of(b.gateway)) return "gateway";
  if (texts_of(a.error) != texts_of(b.error)) return "error";
  if (texts_of(a.trace_id) != texts_of(b.trace_id)) return "trace_id";
  return "";
}

/// "" when every column has as many rows as the batch (detail columns: or none, by has_detail), and
/// every code is in its dictionary.
inline std::string broken_invariant(const RequestBatch& b) {
  std::size_t n = b.rows();
  std::size_t d = b.has_detail ? n : 0;
  auto dict = [](const DictColumn& column, std::size_t rows) {
    if (column.size() != rows) return false;
    for (auto code : column.codes()) {
      if (code >= column.dictionary().size()) return false;
    }
    return true;
  };
  if (b.identity.size() != n || b.units.size() != n || b.status.size() != n) return "usage size";
  if (b.quantities.size() != n) return "quantities";
  if (b.quantities.values().size() != (n == 0 ? 0 : b.quantities.end(n - 1))) return "open row";
  if (!dict(b.quantities.name_column(), b.quantities.values().size())) return "quantity names";
  for (const DictColumn* c : {&b.tenant, &b.subscription, &b.api, &b.route, &b.method}) {
    if (!dict(*c, n)) return "usage texts";
  }
  for (const DictColumn* c :
       {&b.source, &b.client, &b.country, &b.user_agent, &b.gateway, &b.error}) {
    if (!dict(*c, d)) return "detail texts";
  }
  if (b.id.size() != d || b.path.size() != d || b.trace_id.size() != d) return "detail size";
  if (b.latency_us.size() != d || b.upstream_latency_us.size() != d) return "latencies";
  if (b.request_bytes.size() != d || b.response_bytes.size() != d) return "bytes";
  return "";
}

}  // namespace weir::test
