// A CloudEvents 1.0 event in structured JSON → one event.
//
// Internal to this folder.
//
//   source, id    → source, id: what makes the event unique there makes it unique here
//   subject       → subscription          time → time
//   data          the event's fields; source, id, and, where the attributes have them, time and
//                 subscription are the attributes' and not the data's
//   specversion   "1.0", else unknown_version;  type   required, and not looked at
//   data_base64   refused: an event is JSON
//   datacontenttype, dataschema are passed over; extension attributes are passed over and counted
#pragma once

#include "ingest/codec/json_event.h"

namespace weir::json {

class CloudEventReader {
 public:
  Outcome read(ondemand::object& object, bool marked, EventFields& event, Rejection& why);

 private:
  struct Attributes {
    std::string_view spec_version, type, source, id, subject;
    EventTime time;
    bool has_time = false;
  };
  Outcome read_attribute(std::string_view name, ondemand::value& value, bool marked,
                         EventFields& event, Rejection& why);
  Outcome read_data(ondemand::value& value, bool marked, EventFields& event, Rejection& why);
  Outcome settle(EventFields& event, Rejection& why) const;

  Attributes attributes_;
  EventReader data_reader_;
};

}  // namespace weir::json
