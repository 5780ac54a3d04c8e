#include "quota/operator/commands.h"

#include "quota/operator/commands_decide.h"
#include "quota/operator/listing.h"
#include "quota/operator/producer_list.h"

#include <memory>

namespace weir {
namespace {

/// Declares commands over one set of arguments; the bodies keep them alive.
class Declaring {
 public:
  Declaring(CommandLine& line, Settings* settings, const QuotaOptions& options)
      : line_(line), settings_(settings), options_(&options) {}

  Command& command(const std::string& words, const std::string& sentence) {
    Command& command = line_.command(words, sentence);
    command.settings(settings_);
    command.flag("--json", &arguments_->json, "print one JSON object");
    return command;
  }
  Command& list(const std::string& words, const std::string& sentence) {
    Command& list = command(words, sentence);
    list.flag("--all", &arguments_->all, "what is resolved, too");
    return list;
  }
  Command& decision(const std::string& words, const std::string& sentence) {
    Command& decision = command(words, sentence);
    decision.option("--by", &arguments_->by, "who decides; the system's user when left out");
    decision.option("--reason", &arguments_->reason, "why: is kept for ever; must be said");
    return decision;
  }
  void ids(Command& command, Presence presence) {
    command.positionals("ID", &arguments_->ids, "one or several, from the list", presence);
  }
  void one(Command& command, const char* name, const char* sentence) {
    command.positional(name, &arguments_->id, sentence, Presence::required);
  }
  template <class Body>
  void run(Command& command, Body body) {
    command.run(
        [options = options_, arguments = arguments_, body] { return body(*options, *arguments); });
  }
  OperatorArguments& arguments() { return *arguments_; }
  std::shared_ptr<OperatorArguments> shared() { return arguments_; }
  const QuotaOptions* options() const { return options_; }

 private:
  CommandLine& line_;
  Settings* settings_;
  const QuotaOptions* options_;
  std::shared_ptr<OperatorArguments> arguments_ = std::make_shared<OperatorArguments>();
};

template <class Print>
ExitCode print_read(const QuotaOptions& options, Print print) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  auto database = open_for_operator(options, deadline);
  if (!database) return refuse_decision(database.error());
  auto lease = (*database)->acquire(deadline);
  if (!lease) return refuse_decision(lease.error());
  const Result<std::string> text = print(**lease, deadline);
  if (!text) return refuse_decision(text.error());
  print_out(*text);
  return ExitCode::done;
}

void declare_list(Declaring& to, const std::string& words, const std::string& sentence,
                  const Listing& listing) {
  to.run(to.list(words, sentence),
         [&listing](const QuotaOptions& options, const OperatorArguments& arguments) {
           return print_read(options, [&](Connection& connection, Deadline deadline) {
             return print_listing(connection, listing, arguments.all, arguments.json, deadline);
           });
         });
}

void declare_decision(Declaring& to, const std::string& words, const std::string& sentence,
                      Decide decide) {
  Command& command = to.decision(words, sentence);
  to.ids(command, Presence::required);
  to.run(command, [decide](const QuotaOptions& options, const OperatorArguments& arguments) {
    return decide_command(options, arguments, decide);
  });
}

void declare_quarantine(Declaring& to) {
  declare_list(to, "quarantine list", "records and events that could not be applied",
               kQuarantineList);
  Command& show = to.list("quarantine show", "one of them, with the record as it stands");
  to.one(show, "ID", "of quarantine list");
  to.run(show, quarantine_show_command);

  Command& discard = to.decision("quarantine discard", "they never count");
  to.ids(discard, Presence::optional);
  OperatorArguments& arguments = to.arguments();
  discard.option("--where", &arguments.where, "in bulk: reason=CODE");
  discard.option("--partition", &arguments.partition, "in bulk: of this partition");
  discard.option("--since", &arguments.since, "in bulk: kept at this time (RFC 3339) or later");
  discard.option("--until", &arguments.until, "in bulk: kept before this time");
  discard.flag("--yes", &arguments.yes, "in bulk: do it, not only count");
  to.run(discard, quarantine_discard_command);

  Command& redrive = to.decision("quarantine redrive", "send the mended events through the stream");
  to.one(redrive, "ID", "of quarantine list");
  redrive.option("--file", &arguments.file, "the mended event or events, JSON; else as they stand");
  redrive.option("--set", &arguments.sets, "MEMBER=TEXT or MEMBER:=JSON, in each event");
  redrive.flag("--no-send", &arguments.no_send, "write the file, print the command that sends it");
  redrive.option("--to", &arguments.to, "the file of --no-send");
  redrive.run([options = to.options(), shared = to.shared(), &redrive] {
    return redrive_command(*options, *shared, redrive.config_path());
  });
}

void declare_unprovable(Declaring& to) {
  declare_list(to, "unprovable list", "events too late to be proven new; they block nothing",
               kUnprovableList);
  Command& show = to.command("unprovable show", "one of them");
  to.one(show, "ID", "of unprovable list");
  to.run(show, unprovable_show_command);
  for (const bool accept : {true, false}) {
    Command& command =
        to.decision(accept ? "unprovable accept" : "unprovable discard",
                    accept ? "each counts once, as an adjustment" : "they are never billed");
    OperatorArguments& arguments = to.arguments();
    to.ids(command, Presence::optional);
    command.option("--source", &arguments.source, "in bulk: of this source");
    command.option("--subscription", &arguments.subscription, "in bulk: of this subscription");
    command.option("--since", &arguments.since, "in bulk: that happened at this time or later");
    command.option("--until", &arguments.until, "in bulk: that happened before this time");
    command.option("--partition", &arguments.partition, "in bulk: of this partition");
    command.flag("--yes", &arguments.yes, "in bulk: do it, not only count");
    to.run(command, [accept](const QuotaOptions& options, const OperatorArguments& of) {
      return unprovable_command(options, of, accept);
    });
  }
}

void declare_producers(Declaring& to) {
  to.run(to.list("producers list", "who numbers and seals, and whom READY* waits for"),
         [](const QuotaOptions& options, const OperatorArguments& arguments) {
           return print_read(options, [&](Connection& connection, Deadline deadline) {
             return print_producers(connection, arguments.all, arguments.json, deadline);
           });
         });
  Command& retire = to.decision("producers retire",
                                "it will never seal again: its numbers so far "
                                "are its last");
  to.one(retire, "PRODUCER", "its id");
  to.run(retire, retire_command);
}

void declare_lineage(Declaring& to) {
  to.run(to.command("lineage show", "is the log the one that was read, and what adopting would do"),
         lineage_show_command);
  to.run(to.decision("lineage confirm",
                     "the log is the one that was read: the broker or the log is back"),
         lineage_confirm_command);
  Command& adopt = to.decision("lineage adopt", "go on with a log that was truncated or made anew");
  adopt.flag("--yes", &to.arguments().yes, "do it, not only say what would be done");
  to.run(adopt, lineage_adopt_command);
}

void declare_move(Declaring& to) {
  Command& declare = to.decision("move declare",
                                 "the stream is going to another topic, with another number of "
                                 "partitions; from now on nothing is closed");
  declare.option("--topic", &to.arguments().topic, "the new topic, which is there and empty");
  declare.flag("--yes", &to.arguments().yes, "do it, not only say what would be done");
  to.run(declare, move_declare_command);
  to.run(to.command("move show", "who has not switched yet, and what to do next"),
         move_show_command);
  Command& finish = to.decision("move finish", "everything of the old topic is in: end it there");
  finish.flag("--yes", &to.arguments().yes, "do it, not only say what would be done");
  to.run(finish, move_finish_command);
  to.run(to.decision("move cancel", "stay, as long as nothing stands in the new topic"),
         move_cancel_command);
}

}  // namespace

void declare_operator_commands(CommandLine& line, Settings* settings, const QuotaOptions& options) {
  Declaring to(line, settings, options);
  declare_quarantine(to);
  declare_list(to, "gaps list", "offsets that were never read", kGapsList);
  declare_decision(to, "gaps accept", "what they held is lost, the holes inside them too",
                   accept_gaps);
  declare_list(to, "holes list", "producers' numbers that never came", kHolesList);
  declare_decision(to, "holes accept", "these numbers are lost", accept_holes);
  declare_list(to, "flags list", "where stored state and stream contradict each other", kFlagsList);
  declare_decision(to, "flags clear", "looked into, and settled; lineage has commands of its own",
                   clear_flags);
  declare_unprovable(to);
  declare_producers(to);
  declare_lineage(to);
  declare_move(to);
  declare_list(to, "audit list", "who decided what, and why: the last fifty, or --all", kAuditList);
}

}  // namespace weir
