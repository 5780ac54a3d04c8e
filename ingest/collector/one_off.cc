#include "ingest/collector/one_off.h"

#include <utility>

namespace weir {
namespace {

constexpr Micros kGrace = std::chrono::seconds(3);

Error broken_off(const Error& error, const std::string& folder) {
  return {
      error.code, error.what,
      "run the same command again, or send what is left and end it: weir-ingest retire --spool " +
          folder};
}

Status check_taken(Outlet& outlet, bool kept_elsewhere) {
  const Status taken = outlet.check_taken();
  if (taken || !kept_elsewhere) return taken;
  WEIR_TRY(outlet.drop_kept());
  return Error{ErrorCode::invalid,
               "the topic still cannot take every record; all stay where they are",
               "raise the topic's max.message.bytes, then run the same command again"};
}

/// END behind everything that is in the spool, which then has done its work.
Result<std::string> end(Outlet& outlet, const OneOff& work, const std::stop_token& stop) {
  if (Status ended = outlet.end_soon(stop, kGrace); !ended) {
    return broken_off(ended.error(), outlet.folder());
  }
  std::string id = outlet.producer().standing().id;
  const Status taken = check_taken(outlet, work.kept_elsewhere);
  WEIR_TRY(outlet.remove());
  if (!taken) return taken.error();
  return id;
}

Status append(Outlet& outlet, const OneOff& work) {
  Result<std::int32_t> partitions = outlet.topic_partitions(Deadline::in(work.timeout));
  if (!partitions) return partitions.error();
  WEIR_TRY(work.check(*partitions));
  Status done = outlet.producer().begin(Deadline::in(work.timeout));
  if (done) done = work.append(outlet.producer());
  return done ? done : broken_off(done.error(), outlet.folder());
}

}  // namespace

Result<std::string> run_one_off(const OneOff& work, const std::stop_token& stop) {
  Result<std::unique_ptr<Outlet>> outlet = work.open();
  if (!outlet) return outlet.error();
  if ((*outlet)->producer().standing().ending) {
    // An earlier run had begun to end: it takes nothing more.
    if (Result<std::string> ended = end(**outlet, work, stop); !ended) return ended;
    outlet->reset();
    outlet = work.open();
    if (!outlet) return outlet.error();
  }
  WEIR_TRY(append(**outlet, work));
  return end(**outlet, work, stop);
}

}  // namespace weir
