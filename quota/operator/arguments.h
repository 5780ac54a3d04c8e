// What the operator's commands share: their arguments, the way into the database, how a decision is
// printed. Private to this folder.
#pragma once

#include "base/command_line.h"
#include "quota/operator/resolve.h"
#include "quota/options.h"
#include "storage/postgres/database.h"

#include <memory>
#include <string>
#include <vector>

namespace weir {

constexpr Micros kOperatorTimeout = std::chrono::seconds(60);

struct OperatorArguments {
  bool json = false, all = false, yes = false, no_send = false;
  std::string by, reason;
  std::vector<std::string> ids;
  std::string id, file, to, topic;
  std::vector<std::string> sets;
  // Which ones, in bulk.
  std::vector<std::string> where;  // "reason=malformed"
  std::int64_t partition = -1;
  std::string since, until, source, subscription;

  bool filtered() const {
    return !where.empty() || partition >= 0 || !since.empty() || !until.empty() ||
           !source.empty() || !subscription.empty();
  }
  /// `by` is the operating system's user unless it was given.
  Decision decision() const;
};

/// "17" or "17 18": `invalid` for what is no number.
Result<std::vector<std::int64_t>> read_ids(const std::vector<std::string>& words);

/// The pool of an operator's command, over a database that is up to date and agrees with the settings.
Result<std::unique_ptr<Database>> open_for_operator(const QuotaOptions& options, Deadline deadline);

/// Logs the error; an id that is wrong or settled is `data`.
ExitCode refuse_decision(const Error& error);
void print_out(const std::string& text);
void print_resolution(const Resolution& resolution, const Decision& decision, bool json);

}  // namespace weir
