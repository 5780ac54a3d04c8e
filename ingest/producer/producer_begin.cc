// Who a producer is: the spool in hand, the first registration, another topic's new epoch.
#include "base/log.h"
#include "ingest/producer/producer_state.h"
#include "ingest/spool/unmake_log.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::size_t kIdDigits = 8;
constexpr std::size_t kNameMax = 64 - kIdDigits - 1;

std::string make_id(const std::string& name, const std::string& log_id) {
  std::string id;
  for (const char c : name.substr(0, kNameMax)) {
    id += is_producer_id(std::string_view(&c, 1)) ? c : '-';
  }
  if (id.empty()) id = "weir";
  return id + "-" + log_id.substr(0, kIdDigits);
}

Deadline briefly(Deadline deadline) {
  return Deadline::in(std::min<Micros>(deadline.left(), std::chrono::seconds(2)));
}

std::vector<std::int64_t> numbers_of(const std::vector<Offset>& ends) {
  std::vector<std::int64_t> numbers;
  for (const Offset end : ends) numbers.push_back(end.value);
  return numbers;
}

}  // namespace

Result<std::unique_ptr<FileLog>> Producer::State::open_log(std::int64_t epoch,
                                                           std::int32_t partitions) {
  FileLogOptions log_options;
  log_options.folder = epoch_folder(options.folder, epoch);
  log_options.partitions = partitions;
  log_options.bytes_max = options.spool_bytes_max;
  log_options.segment_bytes = options.segment_bytes;
  return FileLog::open(disk, log_options, clock);
}

Status Producer::State::take_log(std::unique_ptr<FileLog> opened) {
  for (const std::string& cut : opened->cut_at_open()) {
    log_warn("spool: a torn end was cut off; nothing of it was accepted", {{"what", cut}});
  }
  Result<std::unique_ptr<Forwarder>> made =
      Forwarder::open({disk, *opened, options, clock, forwarded, voided, oldest_waiting_us,
                       file->id, file->present().epoch});
  if (!made) return made.error();
  forwarder = *std::move(made);
  {
    const std::lock_guard held(mutex);
    log = std::move(opened);
    told.id = file->id;
    told.epoch = file->present().epoch;
    told.ending = file->end != ProducerFile::End::none;
    told.ended = file->end == ProducerFile::End::done;
  }
  note_progress();
  return {};
}

Status Producer::State::open_spool() {
  Result<std::optional<ProducerFile>> stored = read_producer_file(disk, options.folder);
  if (!stored) return stored.error();
  if (*stored && (*stored)->end == ProducerFile::End::done) {
    log_info("the spool's producer has ended; a new one begins", {{"producer", (*stored)->id}});
    lock.reset();
    WEIR_TRY(remove_spool(disk, options.folder));
    Result<std::unique_ptr<LogLock>> again = disk.lock(options.folder);
    if (!again) return again.error();
    lock = *std::move(again);
    return {};
  }
  if (!*stored) return {};
  file = *std::move(stored);
  const EpochFact& present = file->present();
  Result<std::unique_ptr<FileLog>> opened = open_log(present.epoch, 0);
  if (!opened && opened.error().code != ErrorCode::not_found) return opened.error();
  if (!opened || (*opened)->id() != present.log_id) {
    return Error{ErrorCode::integrity,
                 options.folder + ": the spool of producer " + file->id + " is gone",
                 "set the folder aside: a new producer begins. Retire the old one by name when it "
                 "is known what it had accepted"};
  }
  return take_log(*std::move(opened));
}

Status Producer::State::begin(Deadline deadline) {
  if (open_for_records) return {};
  const Status begun = find_out(deadline);
  if (!begun) {
    refuse_because("not ready to take events: " + begun.error().text());
    return begun;
  }
  if (file->accepted_when != options.accepted_when) {
    file->accepted_when = options.accepted_when;
    WEIR_TRY(write_producer_file(disk, options.folder, *file));
  }
  refuse_because("");
  open_for_records = true;
  log_info("producer begins", {{"producer", file->id},
                               {"epoch", file->present().epoch},
                               {"topic", file->present().topic},
                               {"partitions", file->present().partitions},
                               {"accepted_when", name_of(options.accepted_when)}});
  return {};
}

Status Producer::State::find_out(Deadline deadline) {
  if (file && !forwarder) {  // an earlier try got that far
    Result<std::unique_ptr<FileLog>> opened = open_log(file->present().epoch, 0);
    if (!opened) return opened.error();
    WEIR_TRY(take_log(*std::move(opened)));
  }
  const bool same_topic = file && file->present().topic == options.topic;
  const bool known = same_topic && file->present().registered && !file->present().over();
  Result<std::int32_t> partitions = stream.partition_count(known ? briefly(deadline) : deadline);
  if (!partitions) {
    // A registered spool takes events with the stream away; the count is checked when it is back.
    if (known && partitions.error().code == ErrorCode::unavailable) return {};
    return partitions.error().within("the partitions of " + options.topic + " must be known first");
  }
  if (!file) WEIR_TRY(make_first(*partitions));
  const EpochFact& present = file->present();
  if (known && *partitions > most_partitions()) return changed_count(*partitions);
  if (present.topic != options.topic || present.partitions != *partitions || present.over()) {
    WEIR_TRY(change_epoch(*partitions, deadline));
  }
  return register_everywhere(deadline);
}

/// A spool that the file "producer" does not name yet. One that is there was left by a crash before it
/// was named: nothing was accepted in it, and the topic may have another count by now.
Result<std::unique_ptr<FileLog>> Producer::State::make_log(std::int64_t epoch,
                                                           std::int32_t partitions) {
  const std::string folder = epoch_folder(options.folder, epoch);
  {
    Result<std::unique_ptr<FileLog>> left = open_log(epoch, 0);
    if (!left) return open_log(epoch, partitions);  // there is none, or a part of one
    for (std::int32_t p = 0; p < (*left)->partitions(); ++p) {
      if ((*left)->bounds(PartitionId{p}).end.value == 0) continue;
      return Error{ErrorCode::integrity,
                   folder + ": the spool holds records, but not whose they are",
                   "put the file \"producer\" of " + options.folder +
                       " back as it was last, or set the folder aside"};
    }
    if ((*left)->partitions() == partitions) return left;
  }
  WEIR_TRY(unmake_log(disk, folder));
  WEIR_TRY(remove_files(disk, folder));
  return open_log(epoch, partitions);
}

Status Producer::State::make_first(std::int32_t partitions) {
  Result<std::unique_ptr<FileLog>> made = make_log(1, partitions);
  if (!made) return made.error();
  ProducerFile fresh;
  fresh.id = make_id(options.name, (*made)->id());
  fresh.accepted_when = options.accepted_when;
  fresh.epochs.push_back({1, options.topic, partitions, (*made)->id(), false, {}});
  WEIR_TRY(write_producer_file(disk, options.folder, fresh));
  file = std::move(fresh);
  return take_log(*std::move(made));
}

/// Everywhere, before the first event is accepted; then it is remembered.
Status Producer::State::register_everywhere(Deadline deadline) {
  if (file->present().registered) return {};
  WEIR_TRY(send_everywhere(stream, seal_of(Seal::Kind::registration, {}),
                           file->present().partitions, deadline));
  file->present().registered = true;
  const Status kept = write_producer_file(disk, options.folder, *file);
  if (!kept) file->present().registered = false;
  return kept;
}

Status Producer::State::drain_to(RecordSink& sink, Deadline deadline) {
  while (!forwarder->passed(spool_ends())) {
    const Result<bool> sent = forwarder->step(sink, deadline);
    note_progress();
    if (!sent) return sent.error();
  }
  return {};
}

/// To the topic that it was accepted for, which also gets the epoch's last seal.
Status Producer::State::drain_former(Deadline deadline) {
  const EpochFact& former = file->present();
  if (former.topic == options.topic) return drain_to(stream, deadline);
  if (!former.registered) return {};  // then nothing was accepted
  const bool drained = forwarder->passed(spool_ends());
  Result<std::unique_ptr<RecordSink>> sink = Error{ErrorCode::not_found, "cannot be opened", ""};
  if (options.open_topic) sink = options.open_topic(former.topic);
  Result<std::int32_t> partitions = sink ? (*sink)->partition_count(deadline) : sink.error();
  if (!partitions && partitions.error().code == ErrorCode::not_found) {
    if (drained) return {};  // all of it was forwarded; the new epoch's seals carry its numbers
    return Error{ErrorCode::conflict,
                 "the spool holds events for topic " + former.topic + ", which is not there",
                 "make the topic again for as long as it takes to drain them, or set the spool "
                 "folder aside and retire the producer by name"};
  }
  if (!partitions) return partitions.error();
  const WallTime now = clock.now();
  WEIR_TRY(drain_to(**sink, deadline));
  WEIR_TRY(remember_over());
  Seal last = seal_of(Seal::Kind::sealed, spool_ends());
  last.final = true;
  // What stands in an input and was not read yet is accepted all the same (R15): no W is known.
  last.until_us = options.accepted_when == AcceptedWhen::input ? 0 : now.value;
  return send_everywhere(**sink, last, former.partitions, deadline);
}

/// Before the final seal is sent: whoever starts with the old topic again after it must not go on
/// with numbers that nobody reads any more (R2).
Status Producer::State::remember_over() {
  if (file->present().over()) return {};
  ProducerFile over = *file;
  over.present().last = numbers_of(spool_ends());
  WEIR_TRY(write_producer_file(disk, options.folder, over));
  file = std::move(over);
  return {};
}

Status Producer::State::change_epoch(std::int32_t partitions, Deadline deadline) {
  const EpochFact former = file->present();
  log_warn("the topic is another one than the spool's: draining, then a new epoch begins",
           {{"producer", file->id},
            {"epoch", former.epoch},
            {"topic", former.topic},
            {"partitions", former.partitions},
            {"new_topic", options.topic},
            {"new_partitions", partitions}});
  WEIR_TRY(drain_former(deadline));
  Result<std::unique_ptr<FileLog>> made = make_log(former.epoch + 1, partitions);
  if (!made) return made.error();
  ProducerFile next = *file;
  next.present().last = numbers_of(spool_ends());
  next.epochs.push_back({former.epoch + 1, options.topic, partitions, (*made)->id(), false, {}});
  WEIR_TRY(write_producer_file(disk, options.folder, next));
  file = std::move(next);
  forwarder.reset();
  {
    const std::lock_guard held(mutex);
    log.reset();
    proposed.reset();
  }
  to_send.reset();
  WEIR_TRY(take_log(*std::move(made)));
  return remove_files(disk, epoch_folder(options.folder, former.epoch));
}

/// Of any epoch for this topic.
std::int32_t Producer::State::most_partitions() const {
  std::int32_t most = 0;
  for (const EpochFact& epoch : file->epochs) {
    if (epoch.topic == options.topic) most = std::max(most, epoch.partitions);
  }
  return most;
}

/// R2: a topic's partitions never change. Those that came by mistake go again, and what was dealt to them
/// would be stuck; those that it had before a mistake come back.
Error Producer::State::changed_count(std::int32_t partitions) const {
  const bool grown = partitions > most_partitions();
  return {
      ErrorCode::conflict,
      "topic " + options.topic + " has " + std::to_string(partitions) +
          " partitions now, and the spool is for " + std::to_string(file->present().partitions),
      grown ? "a topic's partitions never change: put it back as it was; to grow, move to another "
              "topic (weir-quota move declare). For a new deployment, set the spool folder aside"
            : "restart weir-ingest when the topic is what it should be: the spool is drained, and "
              "a new epoch begins"};
}

/// The count may change under a running producer: until it is what it was nothing more is accepted;
/// what was accepted before goes on its way.
Status Producer::State::check_partitions(Deadline deadline) {
  const Result<std::int32_t> partitions = stream.partition_count(deadline);
  if (!partitions) return {};
  const bool same = *partitions == file->present().partitions;
  const std::string why = same ? "" : changed_count(*partitions).text();
  bool told_before = false;
  {
    const std::lock_guard held(mutex);
    told_before = std::exchange(not_ready, why) == why;
  }
  if (told_before) return {};
  if (same) {
    log_info("the topic is as it was: events are taken again", {{"topic", options.topic}});
  } else {
    log_error(why);
  }
  return {};
}

}  // namespace weir
