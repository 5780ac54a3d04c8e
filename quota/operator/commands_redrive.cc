// quarantine redrive: mended events go back through the stream (R7).
//
// The row is split in the database first; then `weir-ingest redrive` appends the children that are
// open. Whatever happens in between, the same command again sends only what is still open, and the
// consumer applies each child once.
#include "base/json_writer.h"
#include "base/volume/durable_file.h"
#include "quota/operator/commands_decide.h"
#include "quota/operator/mended.h"
#include "quota/operator/postgres_operator_store.h"
#include "quota/operator/run_program.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace weir {
namespace {

struct Stored {
  std::string content_type, raw;
  std::int64_t row = -1;
  std::int32_t partitions = 0;
  bool split = false;
};

Result<Stored> read_stored(Connection& connection, std::int64_t id, Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT r.content_type, r.raw, q.row, (SELECT partitions FROM quota.deployment), "
      "EXISTS (SELECT FROM quota.redrive WHERE quarantine_id = q.id) FROM quota.quarantine q "
      "JOIN quota.quarantine_record r USING (incarnation, partition, record_offset) "
      "WHERE q.id = $1",
      Params().integer(id), deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) {
    return Error{ErrorCode::not_found, "there is no quarantine row " + std::to_string(id),
                 "weir-quota quarantine list shows what there is"};
  }
  return Stored{std::string(rows->text(0, 0)), rows->bytes(0, 1), rows->integer(0, 2),
                static_cast<std::int32_t>(rows->integer(0, 3)), rows->text(0, 4) == "t"};
}

Result<std::string> read_mended(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::invalid, path + " cannot be read", ""};
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

/// What the operator asks to send; nothing when the row was split before and nothing new is said.
Result<std::vector<NewRedrive>> wanted_children(const QuotaOptions& options,
                                                const OperatorArguments& arguments,
                                                const Stored& stored) {
  if (stored.split && arguments.file.empty() && arguments.sets.empty()) {
    return std::vector<NewRedrive>();
  }
  Result<IdentityKey> key = IdentityKey::from_secret(options.identity_secret);
  if (!key) return std::move(key).error();
  std::vector<Edit> edits;
  for (const std::string& set : arguments.sets) {
    Result<Edit> edit = read_edit(set);
    if (!edit) return std::move(edit).error();
    edits.push_back(*std::move(edit));
  }
  Result<std::vector<std::string>> events = std::vector<std::string>();
  if (arguments.file.empty()) {
    events = events_of_record(stored.content_type, stored.raw, stored.row, *key);
  } else {
    Result<std::string> text = read_mended(arguments.file);
    if (!text) return std::move(text).error();
    events = split_events(*text);
  }
  if (!events) return std::move(events).error();
  return children_of(*events, edits, stored.partitions, *key);
}

/// As `weir-ingest redrive` reads it: {"child":17,"partition":3,"event":{...}} a line.
std::string lines_of(const std::vector<RedriveRow>& children) {
  std::string text;
  for (const RedriveRow& child : children) {
    JsonWriter json;
    json.begin_object().field("child", child.id).field("partition", child.partition.value);
    text += json.key("event").raw(child.event).end_object().text() + "\n";
  }
  return text;
}

/// The same stream as ours, whatever our settings came from.
std::vector<std::string> ingest_line(const QuotaOptions& options, const std::string& program,
                                     const std::string& row, const std::string& file,
                                     const std::string& config_path) {
  std::vector<std::string> line = {program, "redrive", file, "--row", row};
  if (!config_path.empty()) line.insert(line.end(), {"--config", config_path});
  for (std::string& flag : options.stream.flags()) line.push_back(std::move(flag));
  return line;
}

/// A file that goes away with this object.
class TemporaryFile {
 public:
  static Result<TemporaryFile> make(const std::string& text) {
    const char* folder = std::getenv("TMPDIR");
    std::string path = (folder != nullptr && *folder != '\0' ? folder : "/tmp") +
                       std::string("/weir-redrive-XXXXXX");
    const int fd = ::mkstemp(path.data());
    if (fd < 0) return Error{ErrorCode::config, path + " cannot be made", "set TMPDIR"};
    ::close(fd);
    TemporaryFile made(path);
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) return Error{ErrorCode::full, path + " cannot be written", "set TMPDIR"};
    return made;
  }
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

ExitCode print_command(const QuotaOptions& options, const OperatorArguments& arguments,
                       const Split& split, const std::string& config_path) {
  const std::string path =
      arguments.to.empty() ? "redrive-" + arguments.id + ".ndjson" : arguments.to;
  std::ofstream file(path, std::ios::binary);
  file << lines_of(split.to_send);
  file.close();
  if (!file) return refuse_decision({ErrorCode::invalid, path + " cannot be written", "--to FILE"});
  print_out("not sent; to send " + std::to_string(split.to_send.size()) + ":\n" +
            shell_line(ingest_line(options, "weir-ingest", arguments.id, path, config_path)) +
            "\n");
  return ExitCode::done;
}

ExitCode send(const QuotaOptions& options, const std::string& row, const Split& split,
              const std::string& config_path) {
  const auto program = program_beside("weir-ingest");
  if (!program) return refuse_decision(program.error());
  const auto file = TemporaryFile::make(lines_of(split.to_send));
  if (!file) return refuse_decision(file.error());
  std::fflush(stdout);
  const auto ended = run_program(ingest_line(options, *program, row, file->path(), config_path),
                                 Deadline::in(kOperatorTimeout + options.stream.delivery_timeout));
  if (!ended) return refuse_decision(ended.error());
  if (*ended != 0) {
    return refuse_decision(
        {ErrorCode::unavailable, "weir-ingest redrive ended with " + std::to_string(*ended),
         "mend what it says; the same command again sends what is still open, and "
         "ends what this one had begun"});
  }
  print_out(
      "appended; each is decided when weir-quota consume has read it: weir-quota quarantine "
      "list\n");
  return ExitCode::done;
}

}  // namespace

ExitCode redrive_command(const QuotaOptions& options, const OperatorArguments& arguments,
                         const std::string& config_path) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  const Decision decision = arguments.decision();
  if (Status whole = check_decision(decision); !whole) return refuse_decision(whole.error());
  const auto ids = read_ids({arguments.id});
  if (!ids) return refuse_decision(ids.error());
  auto database = open_for_operator(options, deadline);
  if (!database) return refuse_decision(database.error());
  auto lease = (*database)->acquire(deadline);
  if (!lease) return refuse_decision(lease.error());
  const auto stored = read_stored(**lease, ids->front(), deadline);
  if (!stored) return refuse_decision(stored.error());
  const auto children = wanted_children(options, arguments, *stored);
  if (!children) return refuse_decision(children.error());

  PostgresOperatorStore store(**database);
  const auto split = split_redrive(store, decision, ids->front(), *children, deadline);
  if (!split) return refuse_decision(split.error());
  print_resolution(split->resolution, decision, arguments.json);
  if (arguments.no_send) return print_command(options, arguments, *split, config_path);
  return send(options, arguments.id, *split, config_path);
}

}  // namespace weir
