#include "base/volume/ballast.h"

#include "base/log.h"
#include "base/process.h"
#include "base/volume/descriptor.h"
#include "base/volume/durable_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace weir {
namespace {

constexpr auto kLookEvery = std::chrono::minutes(1);
constexpr std::int64_t kBlock = 4096;

std::int64_t size_for(const VolumeSpace& space, std::int64_t bytes_wanted) {
  const auto total = static_cast<std::int64_t>(space.bytes_total);
  return std::min(bytes_wanted, total / 100 * kBallastPercentMax) / kBlock * kBlock;
}

bool has_room(const VolumeSpace& space, std::int64_t bytes) {
  const auto total = static_cast<std::int64_t>(space.bytes_total);
  const auto free = static_cast<std::int64_t>(space.bytes_free);
  return free - bytes >= total / 100 * kBallastRoomPercent;
}

/// All of it or nothing: a file that is cut short by a full disk does not stay.
Status allocate(const std::string& path, std::int64_t bytes) {
  const std::string aside = path + ".new";
  WEIR_TRY(remove_file_durably(aside));
  Result<Descriptor> file = Descriptor::open(aside, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return file.error();
  const int fault = ::posix_fallocate(file->get(), 0, bytes);
  if (fault == 0) return publish_file(aside, path);
  (void)::unlink(aside.c_str());
  return error_of(fault, "cannot allocate", path);
}

}  // namespace

std::string ballast_path(const std::string& folder) { return folder + "/ballast"; }

Result<std::int64_t> ballast_bytes(const std::string& folder) {
  const std::string path = ballast_path(folder);
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return static_cast<std::int64_t>(info.st_blocks) * 512;
  if (errno == ENOENT) return std::int64_t{0};
  return error_of(errno, "cannot look at", path);
}

Result<std::int64_t> keep_ballast(const std::string& folder, std::int64_t bytes_wanted) {
  const std::string path = ballast_path(folder);
  Result<VolumeSpace> space = volume_space(folder);
  if (!space) return space.error();
  Result<std::int64_t> held = ballast_bytes(folder);
  if (!held) return held;
  const std::int64_t bytes = size_for(*space, bytes_wanted);
  if (bytes == 0) {
    WEIR_TRY(remove_file_durably(path));
    return std::int64_t{0};
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && info.st_size == bytes) return held;
  // One of another size is only given up where there is room for its successor.
  space->bytes_free += static_cast<std::uint64_t>(*held);
  if (!has_room(*space, bytes)) return held;
  WEIR_TRY(remove_file_durably(path));
  WEIR_TRY(allocate(path, bytes));
  return ballast_bytes(folder);
}

Result<std::int64_t> release_ballast(const std::string& folder) {
  Result<std::int64_t> held = ballast_bytes(folder);
  if (!held || *held == 0) return held;
  // By plain unlink: on a volume that is full to the last byte nothing may be written first.
  if (::unlink(ballast_path(folder).c_str()) != 0) {
    return error_of(errno, "cannot remove", ballast_path(folder));
  }
  return held;
}

struct BallastKeeper::State {
  void look() {
    const Result<std::int64_t> held = keep_ballast(folder, wanted);
    if (!held) {
      log_warn("the ballast could not be kept", {{"error", held.error().text()}});
      return;
    }
    bytes->set(*held);
    const std::int64_t before = std::exchange(last, *held);
    if (before == *held) return;
    if (*held > 0) {
      log_info("the volume has its ballast", {{"folder", folder}, {"bytes", *held}});
    } else {
      log_error("the volume has no ballast",
                {{"folder", folder},
                 {"remedy", "make room: it is made again when a tenth of the volume is free"}});
    }
  }

  const std::string folder;
  const std::int64_t wanted;
  Gauge* const bytes;  // none of one that nobody wants: an alert asks for it
  std::int64_t last = -1;
  std::jthread thread = {};
};

BallastKeeper::BallastKeeper(std::string folder, std::string name, std::int64_t bytes_wanted,
                             Metrics& metrics)
    : state_(new State{
          std::move(folder), bytes_wanted,
          bytes_wanted == 0
              ? nullptr
              : &metrics.gauge("weir_volume_ballast_bytes",
                               "What an operator can release when the volume is full; 0: nothing",
                               {{"volume", name}})}) {
  if (bytes_wanted == 0) {
    if (const Result<std::int64_t> gone = keep_ballast(state_->folder, 0); !gone) {
      log_warn("the ballast could not be removed", {{"error", gone.error().text()}});
    }
    return;
  }
  state_->look();
  state_->thread = std::jthread([state = state_.get()](const std::stop_token& stop) {
    while (!sleep_until_stop(stop, kLookEvery)) state->look();
  });
}

BallastKeeper::~BallastKeeper() = default;

}  // namespace weir
