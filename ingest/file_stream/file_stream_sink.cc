#include "ingest/file_stream/file_stream_sink.h"

#include "base/backoff.h"
#include "base/http/client.h"
#include "ingest/file_stream/append_wire.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <random>
#include <thread>
#include <unistd.h>
#include <utility>

namespace weir {
namespace {

constexpr Micros kFirstWait = std::chrono::milliseconds(20);
constexpr Micros kWaitMax = std::chrono::milliseconds(250);
// What of the time that is left is kept for the way back: an append that is begun at the last moment
// would be in doubt.
constexpr Micros kWayBackMax = std::chrono::milliseconds(200);

Deadline sooner(Deadline a, Deadline b) { return a.at() < b.at() ? a : b; }

/// What the log itself would refuse, or the wire cannot carry.
Status check(const OutRecord& record, const LogRecord& as_sent) {
  if (record.content_type.size() > 0xffff) {
    return Error{ErrorCode::invalid, "a record's content type is too long", ""};
  }
  if (record.origin.numbered() && !is_producer_id(record.origin.producer)) {
    return Error{ErrorCode::invalid, "a record's origin names no producer", ""};
  }
  const std::size_t bytes = kAppendHeadBytes + append_record_bytes(as_sent);
  if (bytes <= kAppendBytesMax) return {};
  return Error{ErrorCode::invalid,
               "a record of " + std::to_string(bytes) + " bytes is longer than the stream takes",
               "send less in one request"};
}

/// How many of the first records make one request.
std::size_t part_of(std::span<const LogRecord> records) {
  std::size_t bytes = kAppendHeadBytes;
  std::size_t count = 0;
  while (count < records.size()) {
    bytes += append_record_bytes(records[count]);
    if (count > 0 && bytes > kAppendBytesMax) break;
    ++count;
  }
  return count;
}

}  // namespace

/// An HttpClient serves one thread at a time: as many are made as are wanted at once.
struct FileStreamSink::Clients {
  explicit Clients(std::string at) : socket(std::move(at)) {}

  std::unique_ptr<HttpClient> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<HttpClient>(socket);
    auto client = std::move(idle.back());
    idle.pop_back();
    return client;
  }
  void give_back(std::unique_ptr<HttpClient> client) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(client));
  }
  std::uint64_t seed() {
    const std::lock_guard lock(mutex);
    return random();
  }

  const std::string socket;
  std::mutex mutex;
  std::vector<std::unique_ptr<HttpClient>> idle;
  std::mt19937_64 random{std::random_device{}()};
};

Result<std::unique_ptr<FileStreamSink>> FileStreamSink::open(LogDisk& disk,
                                                             const std::string& folder,
                                                             Micros timeout, LogKeeper* own) {
  Result<LogIdentity> log = identify_log(disk, folder);
  if (!log && log.error().code == ErrorCode::not_found) return no_stream_log(folder);
  if (!log) return log.error();
  return std::unique_ptr<FileStreamSink>(new FileStreamSink(folder, timeout, own, *std::move(log)));
}

FileStreamSink::FileStreamSink(std::string folder, Micros timeout, LogKeeper* own, LogIdentity log)
    : folder_(std::move(folder)),
      timeout_(timeout),
      own_(own),
      log_(std::move(log)),
      clients_(std::make_unique<Clients>(writer_socket(folder_))) {}
FileStreamSink::~FileStreamSink() = default;

Result<std::vector<Appended>> FileStreamSink::append(std::span<const OutRecord> records,
                                                     Deadline deadline) {
  deadline = sooner(deadline, Deadline::in(timeout_));
  std::vector<LogRecord> all;
  all.reserve(records.size());
  for (const OutRecord& record : records) {
    all.push_back({record.partition, record.content_type, "", record.value, record.origin});
    WEIR_TRY(check(record, all.back()));
  }
  std::vector<Appended> places;
  for (std::span<const LogRecord> rest = all; !rest.empty();) {
    const std::size_t part = part_of(rest);
    const auto put = append_part(rest.first(part), deadline);
    if (!put) {
      Error error = put.error();
      if (!places.empty()) error.code = ErrorCode::in_doubt;  // the parts before are in the log
      return error;
    }
    places.insert(places.end(), put->begin(), put->end());
    rest = rest.subspan(part);
  }
  return places;
}

Result<std::vector<Appended>> FileStreamSink::append_part(std::span<const LogRecord> records,
                                                          Deadline deadline) {
  Backoff backoff(clients_->seed(), kFirstWait, kWaitMax);
  while (true) {
    auto places = try_once(records, deadline);
    if (places) return places;
    Error error = places.error();
    if (error.code == ErrorCode::conflict) error.code = ErrorCode::unavailable;
    const bool again = places.error().code == ErrorCode::unavailable;
    const Micros wait = backoff.next();
    if (!again || deadline.left() <= wait) return error;
    std::this_thread::sleep_for(wait);
  }
}

Result<std::vector<Appended>> FileStreamSink::try_once(std::span<const LogRecord> records,
                                                       Deadline deadline) {
  if (deadline.passed()) {
    return Error{ErrorCode::unavailable, "the log " + folder_ + ": the deadline has passed", ""};
  }
  if (own_ != nullptr && own_->kept()) return own_->append(log_.id, records, deadline);
  return send(records, deadline);
}

Result<std::vector<Appended>> FileStreamSink::send(std::span<const LogRecord> records,
                                                   Deadline deadline) {
  const Micros left = deadline.left();
  const Micros way_back = std::min(kWayBackMax, left / 10);
  const std::string body = write_append(log_.id, steady_us() + (left - way_back).count(), records);
  auto client = clients_->take();
  const Result<HttpReply> reply =
      client->post("http://weir/v1/append", {{"Content-Type", kAppendType}}, body, deadline);
  clients_->give_back(std::move(client));
  if (!reply && reply.error().code == ErrorCode::in_doubt) {
    return reply.error().within("the log " + folder_);
  }
  if (!reply) return nobody_keeps(reply.error());
  for (const auto& [name, value] : reply->headers) {
    if (name == "content-type" && value == kAppendType) {
      return read_answer(reply->body, records.size());
    }
  }
  // Of the server itself: no handler saw it, or none came to its end.
  const auto code = reply->status == 500 ? ErrorCode::in_doubt : ErrorCode::unavailable;
  return Error{code,
               "the keeper of the log " + folder_ + " answered " + std::to_string(reply->status),
               "look at its log"};
}

/// Nobody took the connection.
Error FileStreamSink::nobody_keeps(const Error& why) const {
  if (own_ != nullptr) {
    for (const std::string& reason : own_->not_ready()) {
      return {ErrorCode::unavailable, reason, ""};
    }
  }
  if (::access(clients_->socket.c_str(), W_OK) != 0 && errno == EACCES) {
    return {ErrorCode::unavailable, "this user may not write to " + clients_->socket,
            "run it as a user of the group that this file has"};
  }
  return {ErrorCode::unavailable, "nobody keeps the log " + folder_ + ": " + why.what,
          "start weir-ingest serve"};
}

}  // namespace weir
