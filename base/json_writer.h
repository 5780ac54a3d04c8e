// Writes JSON in the order of the calls, without white space: certificates (whose bytes are digested)
// and --json.
//
//   JsonWriter json;
//   json.begin_object().field("id", 7).key("lines").begin_array().value("a").end_array().end_object();
//   json.text()  →  {"id":7,"lines":["a"]}
#pragma once

#include "base/log.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name) {
    separate();
    text_ += json_quote(name);
    text_.push_back(':');
    fresh_ = true;
    return *this;
  }
  JsonWriter& value(std::string_view value) { return raw(json_quote(value)); }
  JsonWriter& value(const char* value) { return raw(json_quote(value)); }
  JsonWriter& value(std::int64_t value) { return raw(std::to_string(value)); }
  JsonWriter& value(std::int32_t value) { return raw(std::to_string(value)); }
  JsonWriter& value(bool value) { return raw(value ? "true" : "false"); }

  template <class T>
  JsonWriter& field(std::string_view name, const T& of) {
    return key(name).value(of);
  }
  /// JSON that is ready.
  JsonWriter& raw(std::string_view json) {
    separate();
    text_ += json;
    return *this;
  }

  const std::string& text() const { return text_; }

 private:
  JsonWriter& open(char bracket) {
    separate();
    text_.push_back(bracket);
    fresh_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    text_.push_back(bracket);
    fresh_ = false;
    return *this;
  }
  void separate() {
    if (!fresh_) text_.push_back(',');
    fresh_ = false;
  }

  std::string text_;
  bool fresh_ = true;  // nothing stands before the next value in its list
};

}  // namespace weir
