// RequestBatch: request events as columns.
//
// The one shape in which events flow through Weir, from decoder to commit: equal-length columns, no
// object per event. Strings that repeat are dictionary-coded (DictColumn), those that don't are
// slices of one arena (TextColumn). A batch is filled, used, clear()ed and filled again; after a
// few rounds nothing allocates (tests/unit holds that to zero allocations an event).
//
//   usage section (what quota reads): identity, time, tenant, subscription, units, quantities, api,
//                                     route, method, status
//   detail section (what only analytics reads): source, id, path, latencies, bytes, client, …
//
// A batch decoded with Sections::usage leaves every detail column empty (size 0) and has_detail
// false. Threads: one at a time.
#pragma once

#include "base/time.h"
#include "ingest/event/columns.h"
#include "ingest/event/identity.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace weir {

/// Absent latencies, sizes and statuses.
constexpr std::int64_t kAbsent = -1;

enum class Sections { usage, all };

struct RequestBatch {
  // usage section
  std::vector<Identity> identity;   // hash of (tenant, source, id) under the deployment's key
  std::vector<EventTime> time;      // when the request finished
  DictColumn tenant;                // "" when the event bears none
  DictColumn subscription;          // "" when the event bears none: analytics only
  std::vector<std::int64_t> units;  // >= 0, <= 2^53; 1 when the event says nothing
  QuantityColumn quantities;        // named quantities ("tokens"), sparse
  DictColumn api;
  DictColumn route;  // template: "/v1/orders/{id}"
  DictColumn method;
  std::vector<std::uint16_t> status;  // 0 when absent

  // detail section
  bool has_detail = false;
  DictColumn source;
  TextColumn id;
  TextColumn path;
  std::vector<std::int64_t> latency_us;  // kAbsent when absent; so the next three
  std::vector<std::int64_t> upstream_latency_us;
  std::vector<std::int64_t> request_bytes;
  std::vector<std::int64_t> response_bytes;
  DictColumn client;
  DictColumn country;
  DictColumn user_agent;
  DictColumn gateway;
  DictColumn error;
  TextColumn trace_id;

  std::size_t rows() const { return time.size(); }
  /// Bytes that the columns hold, for bounds.
  std::size_t bytes() const;
  /// Empties every column and keeps its memory.
  void clear();
  /// Drops the rows from `rows` on (a decoder takes back a half-written event or record).
  void truncate(std::size_t rows);
  /// Appends rows [from, to) of `other`, codes translated.
  void append(const RequestBatch& other, std::size_t from, std::size_t to);
};

/// One event as a row of views, for building batches by hand (collector, generator, tests). Not for
/// the path of events: decoders write columns.
struct RequestRow {
  std::string_view tenant, source, id, subscription;
  EventTime time;
  std::int64_t units = 1;
  struct Quantity {
    std::string_view name;
    std::int64_t value;
  };
  std::span<const Quantity> quantities;
  std::string_view api, route, method;
  std::uint16_t status = 0;
  std::string_view path;
  std::int64_t latency_us = kAbsent, upstream_latency_us = kAbsent;
  std::int64_t request_bytes = kAbsent, response_bytes = kAbsent;
  std::string_view client, country, user_agent, gateway, error, trace_id;
};
void append_row(RequestBatch& batch, const RequestRow& row, const IdentityKey& key);
/// With Sections::usage the detail columns stay empty. The sections of a batch's rows never differ.
void append_row(RequestBatch& batch, const RequestRow& row, const IdentityKey& key,
                Sections sections);
/// Row `i` of a batch that has its detail; the quantities are written into `quantities`.
RequestRow row_at(const RequestBatch& batch, std::size_t i,
                  std::vector<RequestRow::Quantity>& quantities);

}  // namespace weir
