// Compactor: the oldest segments go when the volume fills up. Declared in compact.h.
#include "analytics/compact.h"
#include "base/log.h"

#include <algorithm>
#include <tuple>

namespace weir {
namespace {

/// Bytes and files alike: a volume runs out of inodes as it does of bytes.
struct Amount {
  std::int64_t bytes = 0, files = 0;
  bool covers(const Amount& other) const { return bytes >= other.bytes && files >= other.files; }
};

/// Of `total` beyond `percent`; 0 when there is less, or when it has no number.
std::int64_t beyond(std::int64_t used, std::int64_t total, std::int64_t percent) {
  return total == 0 ? 0 : std::max<std::int64_t>(0, used - total / 100 * percent);
}

struct Fill {
  Amount used, total;
  Amount over(std::int64_t percent) const {
    return {beyond(used.bytes, total.bytes, percent), beyond(used.files, total.files, percent)};
  }
};

/// What is used once all that waits for its removal is gone.
Fill fill_of(const VolumeSpace& space, const Retired& retired) {
  const Amount total{static_cast<std::int64_t>(space.bytes_total),
                     static_cast<std::int64_t>(space.inodes_total)};
  const Amount used{total.bytes - static_cast<std::int64_t>(space.bytes_free) - retired.bytes,
                    total.files - static_cast<std::int64_t>(space.inodes_free) - retired.files};
  return {used, total};
}

}  // namespace

Status Compactor::fit_volume(CompactReport& report) {
  if (options_.expire_percent >= 100) return {};
  Result<VolumeSpace> space = options_.space ? options_.space() : volume_space(volume_->root());
  if (!space) return space.error();
  Result<Retired> retired = catalogue_->retired();
  if (!retired) return retired.error();
  const Fill fill = fill_of(*space, *retired);
  const Amount over = fill.over(options_.expire_percent);
  if (over.bytes == 0 && over.files == 0) return tell_hopeless(false), Status();

  Result<std::vector<DataFile>> segments = catalogue_->live_files(FileKind::segment);
  if (!segments) return segments.error();
  Amount all{0, static_cast<std::int64_t>(segments->size())};
  for (const DataFile& file : *segments) all.bytes += file.bytes;
  // Of what is not scarce nothing need go.
  Amount wanted = fill.over(options_.expire_to_percent);
  if (over.bytes == 0) wanted.bytes = 0;
  if (over.files == 0) wanted.files = 0;
  if (!all.covers(wanted)) return tell_hopeless(true), Status();

  std::ranges::sort(*segments, {},
                    [](const DataFile& file) { return std::tuple(file.append_max_us, file.id); });
  Amount gone;
  for (const DataFile& file : *segments) {
    if (gone.covers(wanted)) break;
    WEIR_TRY(expire_file(file, "volume", report));
    gone.bytes += file.bytes;
    ++gone.files;
  }
  log_warn("the oldest segments were expired: the volume fills up",
           {{"files", gone.files},
            {"bytes", gone.bytes},
            {"expire_percent", options_.expire_percent},
            {"expire_to_percent", options_.expire_to_percent}});
  return {};
}

/// Once, until it is otherwise.
void Compactor::tell_hopeless(bool hopeless) {
  if (hopeless && !told_hopeless_) {
    log_error("the volume fills up, and no expiry of segments would help: others fill it",
              {{"folder", volume_->root()},
               {"expire_percent", options_.expire_percent},
               {"remedy", "see what else lies on this volume; analytics needs one of its own"}});
  }
  told_hopeless_ = hopeless;
}

}  // namespace weir
