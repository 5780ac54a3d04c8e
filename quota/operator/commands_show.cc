// quarantine show, unprovable show: one thing, with everything that is known of it.
#include "base/json_writer.h"
#include "quota/operator/commands_decide.h"
#include "quota/operator/listing.h"
#include "quota/operator/raw_record.h"
#include "quota/postgres_sql.h"

namespace weir {
namespace {

constexpr std::size_t kShownBytes = 4096;

struct Fact {
  const char* name;
  std::string value;
};

void print_facts(const std::vector<Fact>& facts) {
  for (const Fact& fact : facts) {
    if (fact.value.empty()) continue;
    std::string name = fact.name;
    name.resize(std::max<std::size_t>(name.size(), 14), ' ');
    print_out(name + fact.value + "\n");
  }
}

std::string time_at(const Rows& rows, int column) {
  return rows.null(0, column) ? "" : format_rfc3339(rows.integer(0, column));
}
std::string text_at(const Rows& rows, int column) { return std::string(rows.text(0, column)); }

void print_json(const std::vector<Fact>& facts, const std::string& key, const std::string& raw) {
  JsonWriter json;
  json.begin_object();
  for (const Fact& fact : facts) json.field(fact.name, fact.value);
  print_out(json.field(key, raw).end_object().text() + "\n");
}

Result<Rows> read_one(Connection& connection, const OperatorArguments& arguments, const char* thing,
                      std::string_view sql, Deadline deadline) {
  Result<std::vector<std::int64_t>> ids = read_ids({arguments.id});
  if (!ids) return std::move(ids).error();
  Result<Rows> rows = connection.run(sql, Params().integer(ids->front()), deadline);
  if (!rows || !rows->empty()) return rows;
  return Error{ErrorCode::not_found, std::string("there is no ") + thing + " " + arguments.id,
               "the list shows what there is, with --all what is resolved too"};
}

/// "17 to partition 3: open".
Result<std::string> children_of_row(Connection& connection, const std::string& id,
                                    Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT coalesce(string_agg(id || ' to partition ' || partition || ': ' || state, '; ' "
      "ORDER BY id), '') FROM quota.redrive WHERE quarantine_id = $1::bigint",
      Params().text(id), deadline);
  if (!rows) return std::move(rows).error();
  return std::string(rows->text(0, 0));
}

std::vector<Fact> quarantine_facts(const Rows& rows, const std::string& children) {
  const std::string event = rows.integer(0, 3) < 0 ? "the whole record" : text_at(rows, 3);
  return {{"incarnation", text_at(rows, 0)},
          {"topic", text_at(rows, 4)},
          {"partition", text_at(rows, 1)},
          {"offset", text_at(rows, 2)},
          {"event", event},
          {"reason", text_at(rows, 6)},
          {"field", text_at(rows, 7)},
          {"detail", text_at(rows, 8)},
          {"content_type", text_at(rows, 5).empty() ? "none: JSON" : text_at(rows, 5)},
          {"append_time", time_at(rows, 10)},
          {"opened_at", time_at(rows, 9)},
          {"bytes", text_at(rows, 15)},
          {"redriven_as", children},
          {"resolved_at", time_at(rows, 11)},
          {"resolution", text_at(rows, 12)},
          {"resolved_by", text_at(rows, 13)},
          {"why", text_at(rows, 14)}};
}

}  // namespace

ExitCode quarantine_show_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  auto database = open_for_operator(options, deadline);
  if (!database) return refuse_decision(database.error());
  auto lease = (*database)->acquire(deadline);
  if (!lease) return refuse_decision(lease.error());
  const auto rows = read_one(
      **lease, arguments, "quarantine row",
      "SELECT q.incarnation, q.partition, q.record_offset, q.row, r.topic, r.content_type, "
      "q.reason, q.field, q.detail, q.opened_at_us, r.append_time_us, q.resolved_at_us, "
      "q.resolution, q.resolved_by, q.resolved_reason, length(r.raw), r.raw FROM quota.quarantine "
      "q JOIN quota.quarantine_record r USING (incarnation, partition, record_offset) "
      "WHERE q.id = $1",
      deadline);
  if (!rows) return refuse_decision(rows.error());
  const auto children = children_of_row(**lease, arguments.id, deadline);
  if (!children) return refuse_decision(children.error());
  const auto key = IdentityKey::from_secret(options.identity_secret);
  const std::string raw =
      show_record(rows->text(0, 5), rows->bytes(0, 16), key ? std::optional(*key) : std::nullopt,
                  arguments.all ? SIZE_MAX : kShownBytes);
  const std::vector<Fact> facts = quarantine_facts(*rows, *children);
  if (arguments.json) {
    print_json(facts, "record", raw);
    return ExitCode::done;
  }
  print_facts(facts);
  print_out("\n" + raw);
  if (rows->null(0, 11)) {
    print_out("\nweir-quota quarantine redrive " + arguments.id + " --reason TEXT [--set " +
              "MEMBER=VALUE | --file MENDED]\nweir-quota quarantine discard " + arguments.id +
              " --reason TEXT\n");
  }
  return ExitCode::done;
}

ExitCode unprovable_show_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  auto database = open_for_operator(options, deadline);
  if (!database) return refuse_decision(database.error());
  auto lease = (*database)->acquire(deadline);
  if (!lease) return refuse_decision(lease.error());
  const auto rows = read_one(
      **lease, arguments, "unprovable event",
      "SELECT encode(identity, 'hex'), incarnation, partition, record_offset, row, event_time_us, "
      "append_time_us, tenant, subscription, source, bucket_us, opened_at_us, accepted_at_us, "
      "resolution, accepted_by, accepted_reason, (SELECT string_agg(m.meter || ' ' || m.units, ', "
      "' "
      "ORDER BY m.meter) FROM unnest(meters, units) AS m (meter, units)) "
      "FROM quota.unprovable WHERE id = $1",
      deadline);
  if (!rows) return refuse_decision(rows.error());
  const std::vector<Fact> facts = {
      {"identity", text_at(*rows, 0)},     {"incarnation", text_at(*rows, 1)},
      {"partition", text_at(*rows, 2)},    {"offset", text_at(*rows, 3)},
      {"event", text_at(*rows, 4)},        {"event_time", time_at(*rows, 5)},
      {"append_time", time_at(*rows, 6)},  {"tenant", text_at(*rows, 7)},
      {"subscription", text_at(*rows, 8)}, {"source", text_at(*rows, 9)},
      {"bucket", time_at(*rows, 10)},      {"units", text_at(*rows, 16)},
      {"opened_at", time_at(*rows, 11)},   {"decided_at", time_at(*rows, 12)},
      {"resolution", text_at(*rows, 13)},  {"decided_by", text_at(*rows, 14)},
      {"why", text_at(*rows, 15)}};
  if (arguments.json) {
    print_json(facts, "id", arguments.id);
    return ExitCode::done;
  }
  print_facts(facts);
  if (rows->null(0, 12)) {
    print_out(
        "\nit came later than copies are remembered: whether it was counted before, only its "
        "producer knows\nweir-quota unprovable accept " +
        arguments.id + " --reason TEXT, or discard " + arguments.id + " --reason TEXT\n");
  }
  return ExitCode::done;
}

}  // namespace weir
