// nginx's JSON access log, through a field mapping: one line → LineFields.
//
// Internal to this folder.
#pragma once

#include "base/result.h"
#include "ingest/codec/json_text.h"
#include "ingest/codec/line_reader.h"
#include "ingest/codec/log_line.h"

#include <array>
#include <cstdint>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class NginxJsonReader {
 public:
  /// `fields` over the defaults; error `config` names every field that is unknown.
  static Result<std::unique_ptr<NginxJsonReader>> make(
      const std::vector<std::pair<std::string, std::string>>& fields);

  bool read(std::string_view line, LineFields& fields, Rejection& why);

 private:
  enum Field : std::size_t {
    kTime,
    kRequest,
    kMethod,
    kPath,
    kStatus,
    kLatency,
    kUpstreamLatency,
    kRequestBytes,
    kResponseBytes,
    kClient,
    kCountry,
    kUserAgent,
    kGateway,
    kError,
    kTraceId,
    kApi,
    kTenant,
    kSubscription,
    kUnits,
    kFields
  };
  static const std::array<std::string_view, kFields> kNames;

  // A member of the line's object, and which field it is the n-th choice for.
  struct Member {
    std::string name;
    Field field;
    std::size_t choice;
  };
  // A field's value in the line at hand.
  struct Value {
    std::string_view text;
    std::size_t choice = SIZE_MAX;  // the smallest that was there with a value
    bool seen = false;              // some member of it was there, even if empty
  };

  bool read_members(std::string_view line, Rejection& why);
  bool read_member(simdjson::ondemand::field& field, Rejection& why);
  bool settle_marks(Rejection& why);
  bool settle_request(LineFields& fields, Rejection& why);
  bool settle_time(LineFields& fields, Rejection& why);
  bool settle_numbers(LineFields& fields, Rejection& why);
  void settle_texts(LineFields& fields);
  bool digits(Field field, std::int64_t& into, Rejection& why);
  bool seconds(Field field, std::int64_t& into, Rejection& why);
  bool not_a(std::string_view wanted, Field field, Rejection& why);

  std::vector<Member> members_;
  std::array<Value, kFields> values_;
  simdjson::ondemand::parser parser_;
  json::PaddedBuffer buffer_;
  std::string marked_line_;
  bool marked_ = false;
  std::array<std::string, 3> mended_;  // path (or request), user agent, error
};

}  // namespace weir
