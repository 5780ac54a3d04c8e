// Decoders: bytes of one record or body → rows of a RequestBatch.
//
// A decoder appends the good events to the batch and reports each refused one; a bad event never
// costs its neighbours. A record that cannot be parsed at all is one Rejection with `whole` set,
// and the batch is as before. Rejections come in row order. Nothing allocates an event once warm,
// rejections aside. Threads: one decoder a thread.
#pragma once

#include "base/time.h"
#include "ingest/event/limits.h"
#include "ingest/event/request_batch.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// Content types, as the `content-type` header of records and of HTTP says them (parameters such as
// `; charset=utf-8` are passed over).
inline constexpr std::string_view kJson = "application/json";  // one event, or an array
inline constexpr std::string_view kNdjson = "application/x-ndjson";
inline constexpr std::string_view kCloudEvent = "application/cloudevents+json";
inline constexpr std::string_view kCloudEventBatch = "application/cloudevents-batch+json";
inline constexpr std::string_view kPacked = "application/vnd.weir.batch";
inline constexpr std::string_view kBarrier = "application/vnd.weir.barrier";
inline constexpr std::string_view kSeal = "application/vnd.weir.seal";  // ingest/codec/seal.h
/// Stands for a number that could not be sent (R13); holds no event.
inline constexpr std::string_view kVoid = "application/vnd.weir.void";

struct DecodeContext {
  Sections sections = Sections::all;
  /// Events later than this are refused (append or ingest time + permitted future).
  EventTime latest;
  /// A tenant that is known from outside (the API key). Empty: the event must say it when it bears
  /// a subscription; an event that says another one is refused (tenant_mismatch).
  std::string_view tenant;
  std::size_t record_bytes_max = 8u << 20;
};

struct DecodeReport {
  std::uint32_t events = 0;          // seen: rows appended + rejections (1 when `whole`)
  std::uint64_t unknown_fields = 0;  // ignored
  bool whole = false;                // nothing of the record could be read
  std::vector<Rejection> rejections;
  /// For each row that was appended, its index in the record. Not filled when there is no rejection
  /// (then it is 0, 1, 2, …).
  std::vector<std::uint32_t> row_index;
  void clear();
};

class Decoder {
 public:
  explicit Decoder(const IdentityKey& key);
  ~Decoder();
  /// By content type; "" means JSON. An unknown type is one whole rejection.
  void decode(std::string_view content_type, std::string_view bytes, const DecodeContext& context,
              RequestBatch& into, DecodeReport& report);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Encoders, the other way. Rows [from, to) of a batch with its detail; replaces `out`.
class Encoder {
 public:
  explicit Encoder(const IdentityKey& key);
  ~Encoder();
  void json(const RequestBatch& batch, std::size_t from, std::size_t to, std::string& out);
  void ndjson(const RequestBatch& batch, std::size_t from, std::size_t to, std::string& out);
  void cloud_events(const RequestBatch& batch, std::size_t from, std::size_t to, std::string& out);
  /// Protobuf envelope with two zstd sections; the grammar is in packed.proto.
  void packed(const RequestBatch& batch, std::size_t from, std::size_t to, std::string& out);
  /// As packed(), of the rows that `rows` names, in that order (the sink groups by partition).
  void packed_rows(const RequestBatch& batch, std::span<const std::uint32_t> rows,
                   std::string& out);
  void json_rows(const RequestBatch& batch, std::span<const std::uint32_t> rows, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
