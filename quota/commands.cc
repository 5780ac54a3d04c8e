#include "quota/commands.h"

#include "base/log.h"
#include "catalog/catalog.h"
#include "quota/catalog_store.h"
#include "quota/setup.h"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <fstream>
#include <iterator>
#include <pwd.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr Micros kCommandTimeout = std::chrono::seconds(60);

ExitCode refuse(const std::vector<Fault>& faults) {
  std::fputs((format_faults(faults) + "\n").c_str(), stderr);
  return ExitCode::config;
}

/// The catalogue of a file; nothing and `refused` set when it has faults.
std::optional<Catalog> read_file_catalog(const std::string& path, ExitCode& refused) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    refused = refuse({{path, "cannot be read"}});
    return std::nullopt;
  }
  const std::string toml((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CatalogRead read = read_catalog(toml, path);
  if (!read.faults.empty()) {
    refused = refuse(read.faults);
    return std::nullopt;
  }
  return std::move(read.catalog);
}

/// Prints a query's rows under its column names, by tabs.
ExitCode print_rows(const QuotaOptions& options, const char* header, std::string_view sql) {
  const Deadline deadline = Deadline::in(kCommandTimeout);
  auto database = open_database(options, "command", deadline);
  if (!database) return give_up(database.error());
  Result<Database::Lease> connection = (*database)->acquire(deadline);
  if (!connection) return give_up(connection.error());
  Result<Rows> rows = (*connection)->run(sql, deadline);
  if (!rows) return give_up(rows.error());
  fmt::print("{}\n", header);
  const auto columns = 1 + std::count(header, header + std::string_view(header).size(), '\t');
  for (std::size_t row = 0; row < rows->size(); ++row) {
    for (int column = 0; column < columns; ++column) {
      fmt::print("{}{}", column == 0 ? "" : "\t", rows->text(row, column));
    }
    fmt::print("\n");
  }
  return ExitCode::done;
}

}  // namespace

std::string system_user() {
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? "" : user->pw_name;
}

Status check_database_named(const QuotaOptions& options) {
  if (!options.database.empty()) return Status();
  return Error{ErrorCode::config, "quota.database is not set",
               "set it in the configuration file, or WEIR_QUOTA_DATABASE"};
}

Result<std::unique_ptr<Database>> open_database(const QuotaOptions& options,
                                                const std::string& role, Deadline deadline) {
  WEIR_TRY(check_database_named(options));
  auto database = std::make_unique<Database>(postgres_options(options, role));
  Result<Database::Lease> lease = database->acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Deployment> stands =
      check_database(**lease, options.decided, options.stream.topic, deadline);
  if (!stands) return std::move(stands).error();
  return database;
}

ExitCode give_up(const Error& error) {
  // A list of faults is for people: one a line.
  if (error.what.find('\n') != std::string::npos) {
    std::fputs(error.text().c_str(), stderr);
  } else {
    log_error(error.text());
  }
  return exit_code_of(error);
}

ExitCode migrate_command(const QuotaOptions& options) {
  const Deadline deadline = Deadline::in(kCommandTimeout);
  if (Status named = check_database_named(options); !named) return give_up(named.error());
  Result<Connection> connection = Connection::open(postgres_options(options, "command"), deadline);
  if (!connection) return give_up(connection.error());
  Result<std::vector<std::string>> done =
      set_up_database(*connection, options.decided, options.stream.topic, deadline);
  if (!done) return give_up(done.error());
  for (const std::string& name : *done) fmt::print("applied {}\n", name);
  if (done->empty()) fmt::print("the quota database is up to date\n");
  return ExitCode::done;
}

ExitCode catalog_check_command(const std::string& path) {
  ExitCode refused = ExitCode::done;
  const std::optional<Catalog> catalog = read_file_catalog(path, refused);
  if (!catalog) return refused;
  fmt::print("{}: {} tenants, {} meters, {} plans, {} customers, {} subscriptions; digest {}\n",
             path, catalog->tenants.size(), catalog->meters.size(), catalog->plans.size(),
             catalog->customers.size(), catalog->subscriptions.size(), catalog->digest());
  return ExitCode::done;
}

ExitCode catalog_diff_command(const QuotaOptions& options, const std::string& path) {
  ExitCode refused = ExitCode::done;
  const std::optional<Catalog> next = read_file_catalog(path, refused);
  if (!next) return refused;
  const Deadline deadline = Deadline::in(kCommandTimeout);
  auto database = open_database(options, "command", deadline);
  if (!database) return give_up(database.error());
  Result<Database::Lease> connection = (*database)->acquire(deadline);
  if (!connection) return give_up(connection.error());
  Result<std::optional<Catalog>> present = read_stored_catalog(**connection, deadline);
  if (!present) return give_up(present.error());
  const std::vector<std::string> lines = diff_catalogs(present->value_or(Catalog{}), *next);
  for (const std::string& line : lines) fmt::print("{}\n", line);
  if (lines.empty()) fmt::print("no change\n");
  return ExitCode::done;
}

ExitCode catalog_apply_command(const QuotaOptions& options, const std::string& path) {
  ExitCode refused = ExitCode::done;
  const std::optional<Catalog> next = read_file_catalog(path, refused);
  if (!next) return refused;
  const Deadline deadline = Deadline::in(kCommandTimeout);
  auto database = open_database(options, "command", deadline);
  if (!database) return give_up(database.error());
  Result<Database::Lease> connection = (*database)->acquire(deadline);
  if (!connection) return give_up(connection.error());
  const std::string known = system_user();
  const std::string user = known.empty() ? "unknown" : known;
  Result<AppliedCatalog> applied = apply_catalog(**connection, *next, user, deadline);
  if (!applied) return give_up(applied.error());
  if (!applied->faults.empty()) return refuse(applied->faults);
  fmt::print("{} version {}, digest {}\n",
             applied->changed ? "applied" : "already in force:", applied->version, applied->digest);
  return ExitCode::done;
}

ExitCode status_command(const QuotaOptions& options) {
  const ExitCode deployment = print_rows(
      options, "deployment\ttopic\tincarnation\tpartitions\tclosed_until_us\tcatalogue\tblockers",
      "SELECT deployment_id, topic, incarnation, partitions, closed_until_us, "
      "coalesce(catalog_version, 0), (SELECT count(*) FROM quota.v2_blockers) "
      "FROM quota.v1_deployment");
  if (deployment != ExitCode::done) return deployment;
  fmt::print("\n");
  return print_rows(
      options,
      "partition\tnext\treceived\tapplied\tduplicate\tquarantined\tunprovable\tadjusted\t"
      "complete_through_us",
      "SELECT partition, next, received, applied, duplicate, quarantined, unprovable, adjusted, "
      "coalesce(complete_through_us, 0) FROM quota.v1_progress ORDER BY incarnation, partition");
}

}  // namespace weir
