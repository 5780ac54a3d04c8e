#include "billing/commands_decide.h"

#include "billing/command_parts.h"
#include "billing/override_store.h"
#include "billing/print.h"
#include "billing/quota_contract.h"

#include <algorithm>
#include <fmt/core.h>
#include <memory>

namespace weir::billing {
namespace {

/// What the words of one command said. Lives as long as the command line.
struct Words {
  OverrideRequest request;
  std::string id;
};

/// Opens the database and runs `body` with a connection of it.
template <class Open, class Body>
ExitCode with_connection(Open open, const BillingOptions& options, const char* purpose, Body body) {
  const auto database = open(options, purpose);
  if (!database) return give_up(database.error());
  const Deadline deadline = Deadline::in(kCommandTimeout);
  auto lease = (*database)->acquire(deadline);
  if (!lease) return give_up(lease.error());
  return body(**lease, deadline);
}

ExitCode override_add(const BillingOptions& options, const OverrideRequest& request, bool json) {
  return with_connection(open_primary, options, "override", [&](Connection& c, Deadline deadline) {
    const auto added = add_override(c, request, deadline);
    if (!added) return give_up(added.error());
    if (json) {
      print(overrides_json({{added->made, "", "", 0}}));
    } else {
      print(fmt::format("override {} stands: {}{}; {}\n", added->made.id, added->made.code,
                        added->made.producer.empty() ? "" : " of " + added->made.producer,
                        added->worth));
    }
    return ExitCode::done;
  });
}

ExitCode override_list(const BillingOptions& options, bool json) {
  return with_connection(open_database, options, "override", [&](Connection& c, Deadline deadline) {
    const auto all = read_all_overrides(c, deadline);
    if (!all) return give_up(all.error());
    const auto now = read_clock_us(c, deadline);
    if (!now) return give_up(now.error());
    print(json ? overrides_json(*all) : overrides_text(*all, *now));
    return ExitCode::done;
  });
}

/// Digits alone; nullopt for anything else.
std::optional<std::int64_t> whole_number(const std::string& text) {
  const bool digits =
      !text.empty() && text.size() <= 18 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::optional(std::stoll(text)) : std::nullopt;
}

ExitCode override_revoke(const BillingOptions& options, const Words& words) {
  const auto id = whole_number(words.id);
  if (!id) return give_up({ErrorCode::invalid, words.id + " is no override's number", ""});
  return with_connection(open_primary, options, "override", [&](Connection& c, Deadline deadline) {
    const Status revoked =
        revoke_override(c, *id, words.request.by, words.request.reason, deadline);
    if (!revoked) return give_up(revoked.error());
    print("override " + words.id + " is revoked\n");
    return ExitCode::done;
  });
}

ExitCode unattributed_list(const BillingOptions& options, bool json) {
  return with_connection(open_database, options, "unattributed",
                         [&](Connection& c, Deadline deadline) {
                           const auto sums = read_unattributed(c, deadline);
                           if (!sums) return give_up(sums.error());
                           print(json ? unattributed_json(*sums) : unattributed_text(*sums));
                           return ExitCode::done;
                         });
}

/// By number, by T, or the latest.
Result<StoredCertificate> find_certificate(const std::vector<StoredCertificate>& chain,
                                           const std::string& which) {
  const Error missing{ErrorCode::not_found, "there is no certificate " + which,
                      "weir-billing certificates lists them"};
  if (chain.empty()) return missing;
  if (which.empty() || which == "latest") return chain.back();
  const auto id = whole_number(which);
  const auto t = parse_rfc3339(which);
  for (const StoredCertificate& link : chain) {
    if ((id && link.id == *id) || (t && link.t_us == *t)) return link;
  }
  return missing;
}

ExitCode certificate(const BillingOptions& options, const std::string& which, bool json) {
  return with_connection(
      open_database, options, "certificate", [&](Connection& c, Deadline deadline) {
        const auto chain = read_certificates(c, deadline);
        if (!chain) return give_up(chain.error());
        const auto found = find_certificate(*chain, which);
        if (!found) return give_up(found.error());
        const Result<std::string> text =
            json ? Result<std::string>(found->certificate) : certificate_text(*found);
        if (!text) return give_up(text.error());
        print(*text);
        return ExitCode::done;
      });
}

}  // namespace

void declare_decisions(CommandLine& line, Settings& settings, const BillingOptions& options,
                       bool& json) {
  const auto words = std::make_shared<Words>();
  auto declare_command = [&](const char* name, const char* sentence, bool has_json) -> Command& {
    Command& command = line.command(name, sentence);
    command.settings(&settings);
    if (has_json) command.flag("--json", &json, "print one JSON object");
    return command;
  };
  auto declare_decision = [&](Command& command) {
    command.option("--by", &words->request.by, "who decides");
    command.option("--reason", &words->request.reason, "why: it stands on the certificate");
  };

  Command& add = declare_command("override add", "put a person's word in a proof's place", true);
  add.option("--code", &words->request.code, "the reason to override");
  add.option("--producer", &words->request.producer, "whose word is missing");
  add.option("--until", &words->request.until, "for closes up to this T");
  add.option("--period", &words->request.period, "or: for the held period FROM/TO");
  declare_decision(add);
  add.run([words, &options, &json] { return override_add(options, words->request, json); });

  declare_command("override list", "all overrides, revoked ones too", true).run([&options, &json] {
    return override_list(options, json);
  });

  Command& revoke = declare_command("override revoke", "end an override", false);
  revoke.positional("ID", &words->id, "the override", Presence::required);
  declare_decision(revoke);
  revoke.run([words, &options] { return override_revoke(options, *words); });

  Command& show =
      declare_command("certificate", "one close's certificate; --json: its bytes", true);
  show.positional("WHICH", &words->id, "its number, its T, or latest", Presence::optional);
  show.run([words, &options, &json] { return certificate(options, words->id, json); });

  declare_command("unattributed list", "usage that belongs to no subscription", true)
      .run([&options, &json] { return unattributed_list(options, json); });
}

}  // namespace weir::billing
