#include "billing/command_parts.h"

#include "base/log.h"
#include "billing/migrations.h"
#include "billing/quota_contract.h"

#include <cstdio>

namespace weir::billing {

ExitCode give_up(const Error& error) {
  log_error(error.text());
  return exit_code_of(error);
}

ExitCode refuse(const std::vector<Fault>& faults) {
  std::fputs((format_faults(faults) + "\n").c_str(), stderr);
  return ExitCode::config;
}

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

Result<std::unique_ptr<Database>> open_database(const BillingOptions& options,
                                                const std::string& purpose) {
  if (options.database.empty()) {
    return Error{ErrorCode::config, "billing.database is not set",
                 "set it in the configuration file, or WEIR_BILLING_DATABASE"};
  }
  auto database = std::make_unique<Database>(postgres_options(options, purpose));
  const Deadline deadline = Deadline::in(kCommandTimeout);
  Result<Database::Lease> lease = database->acquire(deadline);
  if (!lease) return lease.error();
  const Status migrated =
      check_migrated(**lease, "billing", billing_migrations(), "weir-billing migrate", deadline);
  if (!migrated) return migrated.error();
  return database;
}

Result<std::unique_ptr<Database>> open_primary(const BillingOptions& options,
                                               const std::string& purpose) {
  auto database = open_database(options, purpose);
  if (!database) return database;
  const Deadline deadline = Deadline::in(kCommandTimeout);
  Result<Database::Lease> lease = (*database)->acquire(deadline);
  if (!lease) return lease.error();
  const Result<bool> replica = is_replica(**lease, deadline);
  if (!replica) return replica.error();
  if (!*replica) return database;
  return Error{ErrorCode::unavailable, "replica: billing.database is a replica, or read-only",
               "point it at the primary: nothing is judged or written elsewhere"};
}

Profile profile_of(const BillingOptions& options) {
  return options.profile == "production" ? Profile::production : Profile::development;
}

}  // namespace weir::billing
