// LineShipper: lines of a log file → rows → the stream. What `tail` and `load` share.
//
// Lines are decoded into one batch; flush() writes it and returns when the stream has it, trying again
// with backoff while the stream is away, for as long as nobody asks to stop. A line's source and id are
// the file's identity and the line's position in it, so a line that is read twice is one event.
// Refused lines go to the reject file, with their number and the reason; what cannot be kept there
// stops the source at its line. Threads: one.
#pragma once

#include "base/backoff.h"
#include "base/result.h"
#include "base/time.h"
#include "ingest/codec/codec.h"
#include "ingest/codec/log_line.h"
#include "ingest/collector/line_reader.h"
#include "ingest/collector/reject_file.h"
#include "ingest/event/route_template.h"
#include "ingest/stream/sink.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace weir {

/// How the lines of one source are to be read; as the command line says it.
struct LineArguments {
  std::string format = "combined";  // combined, nginx_json or ndjson (events as JSON, a line each)
  std::string tenant;
  std::string subscription;       // for lines that bear none
  std::string subscription_from;  // combined: "user" or "client"
  std::string subscription_map;   // a file: VALUE SUBSCRIPTION, a pair a line
  std::string fields;             // nginx_json: "field=member,field=member"
  std::string api;
  std::string gateway;
  std::string rejects;  // reject file; empty: a default beside the state
};
/// Error `config` or `invalid`, naming the argument; also an unreadable or faulty map file.
Result<LineOptions> line_options(const LineArguments& arguments);

struct ShipCounts {
  std::int64_t lines = 0;
  std::int64_t accepted = 0;  // on the stream, or to be with the next flush
  std::int64_t rejected = 0;
  std::map<std::string, std::int64_t> rejected_by_reason;
  std::optional<EventTime> first_time, last_time;
};

class LineShipper {
 public:
  struct Parts {
    RecordSink& sink;
    const IdentityKey& key;
    Clock& clock;
    Micros permitted_future;
    Micros write_timeout;
    std::uint64_t seed;  // of the backoff
  };
  static Result<LineShipper> make(const Parts& parts, const LineArguments& arguments,
                                  RouteTemplates routes, RejectFile rejects);

  /// The lines that follow belong to the file of this identity (at most 64 bytes).
  void begin_file(std::string source) { source_ = std::move(source); }
  /// A line that was cut is refused.
  void add(const FileLines::Line& line, std::int64_t number);
  bool full() const {
    return batch_.rows() >= kRowsMax || batch_.bytes() + rejects_.waiting() >= kBytesMax;
  }
  /// Refused lines first, then the batch. Error when a refused line cannot be kept, when asked to stop
  /// before the stream had the batch, or when it can never have it. Then call again: all is held yet.
  Status flush(const std::stop_token& stop);
  const ShipCounts& counts() const { return counts_; }

 private:
  static constexpr std::size_t kRowsMax = 32'768;
  static constexpr std::size_t kBytesMax = 16u << 20;

  LineShipper(const Parts& parts, LineArguments arguments, std::optional<LineDecoder> lines,
              RouteTemplates routes, RejectFile rejects);
  void refuse(const FileLines::Line& line, std::int64_t number, const Rejection& why);
  bool decode(const FileLines::Line& line, Rejection& why);
  bool decode_event(std::string_view line, Rejection& why);
  void count_times();

  Parts parts_;
  LineArguments arguments_;
  std::optional<LineDecoder> line_decoder_;  // of log lines
  std::unique_ptr<Decoder> event_decoder_;   // of ndjson
  std::unique_ptr<BatchWriter> writer_;
  RouteTemplates routes_;
  RejectFile rejects_;
  Backoff backoff_;
  std::string source_;
  RequestBatch batch_;
  DecodeReport report_;
  ShipCounts counts_;
};

}  // namespace weir
