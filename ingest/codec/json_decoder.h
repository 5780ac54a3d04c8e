// JSON bodies → rows: one event, an array of events, lines of events; the same for CloudEvents.
//
// Internal to this folder.
//
//   {…}          one event. Not JSON: a whole rejection.
//   [{…}, …]     each event for itself: a wrong one is refused and the others go on. An array that
//   is
//                not JSON is one whole rejection, since nobody can tell where its events end.
//   {…}\n{…}\n   (NDJSON) each line for itself: a line that is not JSON is refused alone. Blank
//   lines
//                are passed over and not counted.
//
// Invalid UTF-8 and raw control characters cost the event (or line) they are in, never the record.
// Nesting is bounded by the input's length only in time, and costs no stack.
#pragma once

#include "ingest/codec/cloud_event.h"
#include "ingest/codec/json_event.h"
#include "ingest/codec/json_text.h"
#include "ingest/codec/row_writer.h"

#include <string>
#include <string_view>

namespace weir::json {

enum class Shape { event, cloud_event };

class JsonDecoder {
 public:
  void document(std::string_view bytes, Shape shape, RowWriter& writer);
  void lines(std::string_view bytes, Shape shape, RowWriter& writer);

 private:
  // What became of a text that holds one document.
  struct Fault {
    std::string_view reason;  // empty: none
    std::string_view detail;
  };
  Fault read(std::string_view text, bool array_allowed, RowWriter& writer);
  Fault read_padded(std::string_view text, bool marked, bool array_allowed, RowWriter& writer);
  Fault read_root(ondemand::document& document, bool marked, bool array_allowed, RowWriter& writer);
  bool read_array(ondemand::array& array, bool marked, RowWriter& writer);
  Outcome read_object(ondemand::object& object, bool marked, RowWriter& writer);
  void finish(Outcome outcome, RowWriter& writer);

  Shape shape_ = Shape::event;
  ondemand::parser parser_;
  PaddedBuffer buffer_;
  PaddedBuffer marked_buffer_;
  std::string marked_;
  EventReader reader_;
  CloudEventReader cloud_reader_;
  EventFields event_;
};

}  // namespace weir::json
