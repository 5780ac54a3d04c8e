// Decisions by command: which rows, then the transaction, then what was done. Private to this folder.
#pragma once

#include "quota/operator/arguments.h"

namespace weir {

using Decide = Result<Resolution> (*)(OperatorStore&, const Decision&,
                                      std::span<const std::int64_t>, Deadline);

/// What a decision came to: printed, or refused.
ExitCode tell(const Result<Resolution>& done, const Decision& decision,
              const OperatorArguments& arguments);
/// Without --yes: says what would be done, as text or as JSON, and that nothing was.
bool only_planned(const OperatorArguments& arguments, const std::string& text,
                  const std::string& json);

/// By ids.
ExitCode decide_command(const QuotaOptions& options, const OperatorArguments& arguments,
                        Decide decide);
ExitCode quarantine_discard_command(const QuotaOptions& options,
                                    const OperatorArguments& arguments);
ExitCode unprovable_command(const QuotaOptions& options, const OperatorArguments& arguments,
                            bool accept);
ExitCode retire_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode quarantine_show_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode unprovable_show_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode redrive_command(const QuotaOptions& options, const OperatorArguments& arguments,
                         const std::string& config_path);
ExitCode lineage_show_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode lineage_confirm_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode lineage_adopt_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode move_declare_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode move_show_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode move_finish_command(const QuotaOptions& options, const OperatorArguments& arguments);
ExitCode move_cancel_command(const QuotaOptions& options, const OperatorArguments& arguments);

}  // namespace weir
