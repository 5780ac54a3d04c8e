// migrate, catalog check, catalog diff, catalog apply.
#include "billing/catalog_store.h"
#include "billing/command_parts.h"
#include "billing/commands.h"
#include "billing/migrations.h"
#include "billing/quota_contract.h"

#include <cstdlib>
#include <fmt/core.h>
#include <fstream>
#include <iterator>

namespace weir::billing {
namespace {

std::string actor() {
  const char* name = std::getenv("USER");
  return name == nullptr || *name == '\0' ? "unknown" : name;
}

CatalogRead read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {{}, {{path, "cannot be read"}}};
  const std::string toml((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return read_catalog(toml, path);
}

}  // namespace

ExitCode migrate_command(const BillingOptions& options) {
  if (options.database.empty()) {
    return give_up({ErrorCode::config, "billing.database is not set", ""});
  }
  const Deadline deadline = Deadline::in(kCommandTimeout);
  Result<Connection> connection = Connection::open(postgres_options(options, "migrate"), deadline);
  if (!connection) return give_up(connection.error());
  const auto done = weir::migrate(*connection, "billing", billing_migrations(), deadline);
  if (!done) return give_up(done.error());
  for (const std::string& name : *done) fmt::print("applied {}\n", name);
  if (done->empty()) fmt::print("the billing schema is up to date\n");
  return ExitCode::done;
}

ExitCode catalog_check_command(const std::string& path) {
  const CatalogRead read = read_file(path);
  if (!read.faults.empty()) return refuse(read.faults);
  const Catalog& catalog = read.catalog;
  fmt::print("{}: {} customers, {} plans, {} subscriptions; digest {}\n", path,
             catalog.customers.size(), catalog.plans.size(), catalog.subscriptions.size(),
             catalog.digest());
  return ExitCode::done;
}

ExitCode catalog_diff_command(const BillingOptions& options, const std::string& path) {
  const CatalogRead read = read_file(path);
  if (!read.faults.empty()) return refuse(read.faults);
  const auto database = open_database(options, "catalog diff");
  if (!database) return give_up(database.error());
  const Deadline deadline = Deadline::in(kCommandTimeout);
  auto lease = (*database)->acquire(deadline);
  if (!lease) return give_up(lease.error());
  const auto stored = read_billing_catalog(**lease, deadline);
  if (!stored) return give_up(stored.error());
  Result<Catalog> present = Catalog{};
  if (*stored) present = read_catalog_json((*stored)->canonical);
  if (!present) return give_up(present.error());
  const std::vector<std::string> lines = diff_catalogs(*present, read.catalog);
  for (const std::string& line : lines) fmt::print("{}\n", line);
  if (lines.empty()) fmt::print("no change\n");
  return ExitCode::done;
}

ExitCode catalog_apply_command(const BillingOptions& options, const std::string& path) {
  const CatalogRead read = read_file(path);
  if (!read.faults.empty()) return refuse(read.faults);
  const auto database = open_database(options, "catalog apply");
  if (!database) return give_up(database.error());
  const Deadline deadline = Deadline::in(kCommandTimeout);
  auto lease = (*database)->acquire(deadline);
  if (!lease) return give_up(lease.error());
  const auto applied = apply_billing_catalog(**lease, read.catalog, actor(), deadline);
  if (!applied) return give_up(applied.error());
  if (!applied->faults.empty()) return refuse(applied->faults);
  fmt::print("{} version {}, digest {}\n",
             applied->changed ? "applied" : "already in force:", applied->version, applied->digest);
  return ExitCode::done;
}

}  // namespace weir::billing
