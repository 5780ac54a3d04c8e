#include "tests/contract/quota/operator_fixture.h"

namespace weir {
namespace {

std::string text(std::int64_t n) { return std::to_string(n); }

}  // namespace

std::int64_t OperatorTest::quarantined(std::int64_t offset, const std::string& raw,
                                       const std::string& reason) {
  database_.tell("INSERT INTO quota.quarantine_record VALUES (1, 0, " + text(offset) +
                 ", 'weir.requests', 1000, 'application/json', convert_to('" + raw + "', 'UTF8'))");
  database_.tell(
      "INSERT INTO quota.quarantine (incarnation, partition, record_offset, row, reason, field, "
      "detail, opened_at_us) VALUES (1, 0, " +
      text(offset) + ", -1, '" + reason + "', '', 'not read', 1000)");
  return number("SELECT max(id) FROM quota.quarantine");
}

std::int64_t OperatorTest::gap(std::int64_t from, std::int64_t to, std::int64_t opened_at_us) {
  database_.tell(
      "INSERT INTO quota.gap (incarnation, partition, from_offset, to_offset, reason, "
      "opened_at_us) VALUES (1, 0, " +
      text(from) + ", " + text(to) + ", 'retention', " + text(opened_at_us) + ")");
  return number("SELECT max(id) FROM quota.gap");
}

std::int64_t OperatorTest::hole(const std::string& producer, std::int64_t from, std::int64_t to,
                                std::int64_t found, std::int64_t behind) {
  database_.tell(
      "INSERT INTO quota.hole (incarnation, partition, producer, epoch, from_number, to_number, "
      "opened_at_us, found_offset, behind_incarnation, behind_offset) VALUES (1, 0, '" +
      producer + "', 1, " + text(from) + ", " + text(to) + ", 1000, " + text(found) + ", 1, " +
      text(behind) + ")");
  return number("SELECT max(id) FROM quota.hole");
}

std::int64_t OperatorTest::flag(const std::string& kind, const std::string& what) {
  database_.tell(
      "INSERT INTO quota.integrity_flag (kind, incarnation, what, opened_at_us) VALUES ('" + kind +
      "', 1, '" + what + "', 1000)");
  return number("SELECT max(id) FROM quota.integrity_flag");
}

std::int64_t OperatorTest::unprovable(std::int64_t offset, std::int64_t bucket_us,
                                      std::int64_t units) {
  database_.tell(
      "INSERT INTO quota.unprovable (identity, incarnation, partition, record_offset, row, "
      "event_time_us, append_time_us, tenant, subscription, bucket_us, meters, units, "
      "opened_at_us, source) VALUES (decode(lpad('" +
      text(offset) + "', 32, '0'), 'hex'), 1, 0, " + text(offset) + ", 0, " + text(bucket_us) +
      ", 5000, 'acme', 'sub-1', " + text(bucket_us) + ", '{requests,tokens}', '{1," + text(units) +
      "}', 1000, 'gw-1')");
  return number("SELECT max(id) FROM quota.unprovable");
}

void OperatorTest::producer(const std::string& id, std::int64_t epoch) {
  database_.tell(
      "INSERT INTO quota.producer (producer, accepted_when, registered_at_us, epoch) VALUES ('" +
      id + "', 'spool', 1000, " + text(epoch) + ")");
}

void OperatorTest::highest(const std::string& producer, std::int64_t epoch, std::int32_t partition,
                           std::int64_t highest) {
  database_.tell("INSERT INTO quota.producer_number VALUES ('" + producer + "', " + text(epoch) +
                 ", " + text(partition) + ", " + text(highest) + ")");
}

}  // namespace weir
