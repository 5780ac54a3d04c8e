#include "ingest/codec/json_decoder.h"

#include "ingest/event/check.h"

namespace weir::json {
namespace {

constexpr std::string_view kNotJson = "not JSON";
constexpr std::string_view kBehind = "text behind the end of the JSON value";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Whether the document was read to its very end.
bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace

void JsonDecoder::document(std::string_view bytes, Shape shape, RowWriter& writer) {
  shape_ = shape;
  Fault fault = read(buffer_.copy(bytes), true, writer);
  if (!fault.reason.empty()) writer.whole(fault.reason, "", fault.detail);
}

void JsonDecoder::lines(std::string_view bytes, Shape shape, RowWriter& writer) {
  shape_ = shape;
  std::string_view rest = buffer_.copy(bytes);
  while (!rest.empty()) {
    std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (is_blank(line)) continue;
    Fault fault = read(line, false, writer);
    if (fault.reason.empty()) continue;
    refuse(writer.why(), fault.reason, "", fault.detail);
    writer.refused();
  }
}

// `text` lies in buffer_.
JsonDecoder::Fault JsonDecoder::read(std::string_view text, bool array_allowed, RowWriter& writer) {
  ondemand::document document;
  simdjson::error_code error =
      parser_.iterate(text.data(), text.size(), buffer_.readable_from(text.data())).get(document);
  if (!error) return read_root(document, false, array_allowed, writer);
  if (error == simdjson::UTF8_ERROR || error == simdjson::UNESCAPED_CHARS) {
    mark_bad_text(text, marked_);
    return read_padded(marked_buffer_.copy(marked_), true, array_allowed, writer);
  }
  return {reason::kMalformed, error == simdjson::EMPTY ? "empty" : kNotJson};
}

JsonDecoder::Fault JsonDecoder::read_padded(std::string_view text, bool marked, bool array_allowed,
                                            RowWriter& writer) {
  ondemand::document document;
  simdjson::error_code error =
      parser_.iterate(text.data(), text.size(), marked_buffer_.readable_from(text.data()))
          .get(document);
  if (error) return {reason::kMalformed, kNotJson};
  return read_root(document, marked, array_allowed, writer);
}

JsonDecoder::Fault JsonDecoder::read_root(ondemand::document& document, bool marked,
                                          bool array_allowed, RowWriter& writer) {
  ondemand::json_type type;
  if (document.type().get(type)) return {reason::kMalformed, kNotJson};
  if (type == ondemand::json_type::array && array_allowed) {
    ondemand::array array;
    if (document.get_array().get(array)) return {reason::kMalformed, "the array has no end"};
    if (!read_array(array, marked, writer)) return {reason::kMalformed, kNotJson};
    return at_end(document) ? Fault{} : Fault{reason::kMalformed, kBehind};
  }
  if (type != ondemand::json_type::object) return {reason::kWrongType, "wanted a JSON object"};
  ondemand::object object;
  if (document.get_object().get(object)) return {reason::kMalformed, "the object has no end"};
  Outcome outcome = read_object(object, marked, writer);
  if (outcome == Outcome::broken) return {reason::kMalformed, kNotJson};
  if (outcome == Outcome::good && !at_end(document)) return {reason::kMalformed, kBehind};
  finish(outcome, writer);
  return {};
}

// False when it is no JSON.
bool JsonDecoder::read_array(ondemand::array& array, bool marked, RowWriter& writer) {
  for (auto next : array) {
    ondemand::value value;
    if (std::move(next).get(value)) return false;
    ondemand::json_type type;
    if (value.type().get(type)) return false;
    if (type != ondemand::json_type::object) {
      refuse(writer.why(), reason::kWrongType, "", "wanted a JSON object");
      writer.refused();
      continue;
    }
    ondemand::object object;
    if (value.get_object().get(object)) return false;
    Outcome outcome = read_object(object, marked, writer);
    if (outcome == Outcome::broken) return false;
    finish(outcome, writer);
  }
  return true;
}

Outcome JsonDecoder::read_object(ondemand::object& object, bool marked, RowWriter& writer) {
  event_.reset();
  return shape_ == Shape::event ? reader_.read(object, marked, event_, writer.why())
                                : cloud_reader_.read(object, marked, event_, writer.why());
}

void JsonDecoder::finish(Outcome outcome, RowWriter& writer) {
  if (outcome == Outcome::refused) return writer.refused();
  writer.count_unknown(event_.unknown);
  writer.write(event_.row, event_.has_time);
}

}  // namespace weir::json
