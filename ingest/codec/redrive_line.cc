#include "ingest/codec/redrive_line.h"

#include <limits>
#include <simdjson.h>

namespace weir {
namespace {

Error wrong(const char* member) {
  return Error{ErrorCode::invalid, std::string(member) + " is missing or wrong",
               R"(a line is {"child":17,"partition":3,"event":{...}})"};
}

}  // namespace

Result<RedriveLine> read_redrive_line(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(line.data(), line.size()).get(root) != simdjson::SUCCESS)
    return wrong("the JSON");
  RedriveLine read;
  std::int64_t partition = 0;
  simdjson::dom::object event;
  if (root["child"].get(read.child) != simdjson::SUCCESS || read.child < 1) return wrong("child");
  if (root["partition"].get(partition) != simdjson::SUCCESS || partition < 0 ||
      partition > std::numeric_limits<std::int32_t>::max()) {
    return wrong("partition");
  }
  if (root["event"].get(event) != simdjson::SUCCESS) return wrong("event");
  read.partition = static_cast<std::int32_t>(partition);
  read.event = simdjson::minify(event);
  return read;
}

}  // namespace weir
