// A quota database of its own for one test, on the real PostgreSQL of WEIR_TEST_POSTGRES.
//
// Made new and migrated, dropped at the end. `connect()` gives further sessions: the other side of a
// two-session history.
#pragma once

#include "base/time.h"
#include "quota/postgres_store.h"
#include "storage/postgres/database.h"

#include <string>

namespace weir {

class QuotaDatabase {
 public:
  static constexpr std::int64_t kBucketUs = 900'000'000;

  QuotaDatabase();
  ~QuotaDatabase();

  Connection connect() const;
  PostgresOptions options() const;
  /// The first column of the first row; "" for no row or null.
  std::string ask(const std::string& sql) const;
  void tell(const std::string& sql) const;
  /// Applies a catalogue (TOML) as the next version, without R8's rules.
  void apply_catalog(const std::string& toml) const;
  /// True as soon as `sql` gives 't'; false when that does not happen within 10 s.
  bool eventually(const std::string& sql) const;

 private:
  std::string name_;
  std::string conninfo_;
};

/// What WEIR_TEST_POSTGRES says; the test fails with a clear message when it is not set.
std::string test_postgres();
inline Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

/// Tenant acme with the meters `requests` (count) and `tokens` (sum of tokens).
extern const char* const kTestCatalog;

}  // namespace weir
