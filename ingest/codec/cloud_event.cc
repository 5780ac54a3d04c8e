#include "ingest/codec/cloud_event.h"

#include "ingest/event/check.h"

namespace weir::json {
namespace {

Outcome missing(std::string_view field, Rejection& why) {
  refuse(why, reason::kMissing, field, "required by CloudEvents 1.0");
  return Outcome::refused;
}

}  // namespace

Outcome CloudEventReader::read(ondemand::object& object, bool marked, EventFields& event,
                               Rejection& why) {
  attributes_ = Attributes{};
  for (auto next : object) {
    ondemand::field field;
    if (std::move(next).get(field)) return Outcome::broken;
    std::string_view name;
    if (key_of(field, name)) return Outcome::broken;
    Outcome out = read_attribute(name, field.value(), marked, event, why);
    if (out != Outcome::good) return out;
  }
  return settle(event, why);
}

Outcome CloudEventReader::read_attribute(std::string_view name, ondemand::value& value, bool marked,
                                         EventFields& event, Rejection& why) {
  Attributes& to = attributes_;
  if (name == "source") return read_text(value, marked, "source", to.source, why);
  if (name == "id") return read_text(value, marked, "id", to.id, why);
  if (name == "subject") return read_text(value, marked, "subject", to.subject, why);
  if (name == "type") return read_text(value, marked, "type", to.type, why);
  if (name == "specversion") return read_text(value, marked, "specversion", to.spec_version, why);
  if (name == "time") return read_time(value, marked, "time", to.time, to.has_time, why);
  if (name == "data") return read_data(value, marked, event, why);
  if (name == "data_base64") return wrong_type(value, "data_base64", "JSON in data", why);
  if (name != "datacontenttype" && name != "dataschema") ++event.unknown;
  return Outcome::good;
}

Outcome CloudEventReader::read_data(ondemand::value& value, bool marked, EventFields& event,
                                    Rejection& why) {
  ondemand::json_type type;
  if (value.type().get(type)) return Outcome::broken;
  if (type == ondemand::json_type::null) return Outcome::good;
  if (type != ondemand::json_type::object) return wrong_type(value, "data", "an object", why);
  ondemand::object object;
  if (value.get_object().get(object)) return Outcome::broken;
  return data_reader_.read(object, marked, event, why);
}

Outcome CloudEventReader::settle(EventFields& event, Rejection& why) const {
  if (attributes_.spec_version.empty()) return missing("specversion", why);
  if (attributes_.spec_version != "1.0") {
    refuse(why, reason::kUnknownVersion, "specversion", "only CloudEvents 1.0 is known");
    return Outcome::refused;
  }
  if (attributes_.type.empty()) return missing("type", why);
  event.row.source = attributes_.source;
  event.row.id = attributes_.id;
  if (!attributes_.subject.empty()) event.row.subscription = attributes_.subject;
  if (attributes_.has_time) {
    event.row.time = attributes_.time;
    event.has_time = true;
  }
  return Outcome::good;
}

}  // namespace weir::json
