#include "quota/operator/arguments.h"

#include "base/json_writer.h"
#include "quota/commands.h"

#include <charconv>
#include <cstdio>

namespace weir {
Decision OperatorArguments::decision() const { return {by.empty() ? system_user() : by, reason}; }

Result<std::vector<std::int64_t>> read_ids(const std::vector<std::string>& words) {
  std::vector<std::int64_t> ids;
  for (const std::string& word : words) {
    std::int64_t id = 0;
    const char* end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, id);
    if (error != std::errc() || rest != end || id <= 0) {
      return Error{ErrorCode::invalid, "'" + word + "' is no id", "the list's first column is it"};
    }
    ids.push_back(id);
  }
  return ids;
}

Result<std::unique_ptr<Database>> open_for_operator(const QuotaOptions& options,
                                                    Deadline deadline) {
  return open_database(options, "operator", deadline);
}

ExitCode refuse_decision(const Error& error) {
  const ExitCode code = give_up(error);
  return error.code == ErrorCode::conflict ? ExitCode::data : code;
}

void print_out(const std::string& text) { std::fputs(text.c_str(), stdout); }

void print_resolution(const Resolution& resolution, const Decision& decision, bool json) {
  if (json) {
    JsonWriter out;
    out.begin_object().field("audit", resolution.audit_id).field("by", decision.by);
    out.field("worth", resolution.worth).key("done").begin_array();
    for (const std::string& line : resolution.lines) out.value(line);
    print_out(out.end_array().end_object().text() + "\n");
    return;
  }
  for (const std::string& line : resolution.lines) print_out(line + "\n");
  if (!resolution.worth.empty()) print_out("worth: " + resolution.worth + "\n");
  if (resolution.audit_id != 0) {
    print_out("recorded as audit " + std::to_string(resolution.audit_id) + " by " + decision.by +
              "\n");
  }
}

}  // namespace weir
