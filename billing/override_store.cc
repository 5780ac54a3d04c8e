#include "billing/override_store.h"

#include "base/json_writer.h"
#include "base/time.h"
#include "billing/quota_contract.h"

namespace weir {
namespace {

/// The facts that an override is checked against.
Result<Standing> read_facts(Connection& connection, Deadline deadline) {
  Standing standing;
  auto deployment = read_quota_deployment(connection, deadline);
  if (!deployment) return deployment.error();
  standing.deployment = *std::move(deployment);
  auto producers = read_producers(connection, deadline);
  if (!producers) return producers.error();
  standing.producers = *std::move(producers);
  auto overrides = read_overrides(connection, deadline);
  if (!overrides) return overrides.error();
  standing.overrides = *std::move(overrides);
  const auto now = read_clock_us(connection, deadline);
  if (!now) return now.error();
  standing.now_us = *now;
  return standing;
}

/// The end of the held period FROM/TO, if there is one.
Result<std::vector<std::int64_t>> held_ends(Connection& connection, const std::string& period,
                                            Deadline deadline) {
  if (period.empty()) return std::vector<std::int64_t>();
  const std::size_t slash = period.find('/');
  const Error unreadable{
      ErrorCode::invalid, "--period " + period + " is not FROM/TO",
      "2026-03-01T00:00:00Z/2026-04-01T00:00:00Z, as weir-billing held shows it"};
  if (slash == std::string::npos) return unreadable;
  const auto from = parse_rfc3339(std::string_view(period).substr(0, slash));
  const auto to = parse_rfc3339(std::string_view(period).substr(slash + 1));
  if (!from || !to) return unreadable;
  const Result<Rows> rows = connection.run(
      "select distinct period_to_us from billing.held where resolved_at_us is null "
      "and period_from_us = $1 and period_to_us = $2",
      Params().integer(*from).integer(*to), deadline);
  if (!rows) return rows.error();
  std::vector<std::int64_t> ends;
  for (std::size_t i = 0; i < rows->size(); ++i) ends.push_back(rows->integer(i, 0));
  return ends;
}

/// At this T, the same is overridden already.
Status check_new(const Override& made, const std::vector<Override>& standing) {
  for (const Override& other : standing) {
    if (other.code != made.code || other.producer != made.producer) continue;
    if (other.until_us < made.until_us) continue;
    return Error{ErrorCode::conflict,
                 "override " + std::to_string(other.id) + " by " + other.by + " stands for it", ""};
  }
  return {};
}

Status add_audit(Transaction& tx, const Override& made, const std::string& action,
                 const std::string& worth, Deadline deadline) {
  JsonWriter json;
  json.begin_object().field("override", made.id).field("code", made.code);
  json.field("producer", made.producer).field("until_us", made.until_us).end_object();
  WEIR_TRY(
      tx.run("insert into billing.audit (at_us, actor, action, detail, reason, worth) "
             "values (quota.v1_clock_us(), $1, $2, $3, $4, $5)",
             Params().text(made.by).text(action).text(json.text()).text(made.reason).text(worth),
             deadline));
  return {};
}

StoredOverride stored(const Rows& rows, std::size_t i) {
  StoredOverride row;
  row.made = {rows.integer(i, 0), std::string(rows.text(i, 1)), std::string(rows.text(i, 2)),
              rows.integer(i, 3), std::string(rows.text(i, 4)), std::string(rows.text(i, 5)),
              rows.integer(i, 6)};
  row.revoked_by = rows.text(i, 7);
  row.revoked_reason = rows.text(i, 8);
  row.revoked_at_us = rows.integer(i, 9);
  return row;
}

}  // namespace

Result<CheckedOverride> add_override(Connection& connection, const OverrideRequest& request,
                                     Deadline deadline) {
  Result<Transaction> tx = Transaction::begin(connection, deadline);
  if (!tx) return tx.error();
  // One at a time, and none between a close and its certificate.
  WEIR_TRY(tx->run("select one from billing.gate for update", deadline));
  const auto facts = read_facts(connection, deadline);
  if (!facts) return facts.error();
  const auto ends = held_ends(connection, request.period, deadline);
  if (!ends) return ends.error();
  Result<CheckedOverride> checked = check_override(request, *facts, *ends);
  if (!checked) return checked;
  WEIR_TRY(check_new(checked->made, facts->overrides));
  Override& made = checked->made;
  made.made_at_us = facts->now_us;
  const Result<Rows> rows = tx->run(
      "insert into billing.override (code, producer, until_us, made_at_us, made_by, reason) "
      "values ($1, $2, $3, $4, $5, $6) returning id",
      Params()
          .text(made.code)
          .text(made.producer)
          .integer(made.until_us)
          .integer(made.made_at_us)
          .text(made.by)
          .text(made.reason),
      deadline);
  if (!rows) return rows.error();
  made.id = rows->integer(0, 0);
  WEIR_TRY(add_audit(*tx, made, "override add", checked->worth, deadline));
  WEIR_TRY(tx->commit(deadline));
  return checked;
}

Status revoke_override(Connection& connection, std::int64_t id, const std::string& by,
                       const std::string& reason, Deadline deadline) {
  if (blank(by) || blank(reason)) {
    return Error{ErrorCode::invalid, "--by or --reason is missing", "say who decides, and why"};
  }
  Result<Transaction> tx = Transaction::begin(connection, deadline);
  if (!tx) return tx.error();
  WEIR_TRY(tx->run("select one from billing.gate for update", deadline));
  const auto all = read_all_overrides(connection, deadline);
  if (!all) return all.error();
  for (const StoredOverride& found : *all) {
    if (found.made.id != id) continue;
    if (!found.revoked_by.empty()) {
      return Error{
          ErrorCode::conflict,
          "override " + std::to_string(id) + " was revoked by " + found.revoked_by + " before", ""};
    }
    WEIR_TRY(tx->run(
        "insert into billing.override (code, producer, until_us, made_at_us, made_by, reason, "
        "revokes) values ($1, $2, $3, quota.v1_clock_us(), $4, $5, $6)",
        Params()
            .text(found.made.code)
            .text(found.made.producer)
            .integer(found.made.until_us)
            .text(by)
            .text(reason)
            .integer(id),
        deadline));
    Override revoked = found.made;
    revoked.by = by;
    revoked.reason = reason;
    WEIR_TRY(add_audit(*tx, revoked, "override revoke", "", deadline));
    return tx->commit(deadline);
  }
  return Error{ErrorCode::not_found, "there is no override " + std::to_string(id),
               "weir-billing override list"};
}

Result<std::vector<StoredOverride>> read_all_overrides(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select o.id, o.code, o.producer, o.until_us, o.made_by, o.reason, o.made_at_us, "
      "coalesce(r.made_by, ''), coalesce(r.reason, ''), coalesce(r.made_at_us, 0) "
      "from billing.override o left join billing.override r on r.revokes = o.id "
      "where o.revokes is null order by o.id",
      deadline);
  if (!rows) return rows.error();
  std::vector<StoredOverride> all;
  for (std::size_t i = 0; i < rows->size(); ++i) all.push_back(stored(*rows, i));
  return all;
}

}  // namespace weir
