#include "base/volume/volume_marker.h"

#include "base/digest.h"
#include "base/time.h"
#include "base/volume/descriptor.h"
#include "base/volume/durable_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sstream>
#include <sys/vfs.h>
#include <unistd.h>
#include <utility>

namespace weir {
namespace {

constexpr std::string_view kName = "weir-volume";
constexpr std::size_t kBytesMax = 4096;

std::string accept_command(const VolumeClaim& claim) {
  return "weir-" + claim.side + " volume accept";
}

Error refused(const std::string& folder, const VolumeClaim& claim, const std::string& what,
              const std::string& remedy) {
  return Error{ErrorCode::config, claim.setting + ": " + folder + " " + what, remedy};
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string text_of(const VolumeMarker& marker) {
  return fmt::format(
      "# Weir knows this volume by this file. Leave it where it is; do not copy it to another "
      "one.\n"
      "side {}\nid {}\ndeployment {}\nfilesystem {}\nmade {}\n",
      marker.side, marker.id, or_dash(marker.deployment), or_dash(marker.filesystem),
      marker.made_at);
}

std::optional<VolumeMarker> parsed(const std::string& text) {
  VolumeMarker marker;
  const std::array<std::pair<std::string_view, std::string*>, 5> fields = {
      {{"side", &marker.side},
       {"id", &marker.id},
       {"deployment", &marker.deployment},
       {"filesystem", &marker.filesystem},
       {"made", &marker.made_at}}};
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    if (line.starts_with('#') || space == std::string::npos) continue;
    for (const auto& [name, into] : fields) {
      if (line.substr(0, space) == name) *into = line.substr(space + 1);
    }
  }
  const bool whole = std::ranges::none_of(fields, [](const auto& f) { return f.second->empty(); });
  if (!whole) return std::nullopt;
  for (std::string* bound : {&marker.deployment, &marker.filesystem}) {
    if (*bound == "-") bound->clear();
  }
  return marker;
}

/// What stands in a folder and was not there when a volume is new.
Result<std::optional<std::string>> something_in(const std::string& folder,
                                                const VolumeClaim& claim) {
  Result<std::vector<std::string>> names = list_folder(folder);
  if (!names) return names.error();
  const auto allowed = [&](const std::string& name) {
    if (name.starts_with('.') || name == "lost+found" || name.starts_with(kName)) return true;
    return std::ranges::any_of(claim.may_hold, [&](const std::string& may) {
      return may.ends_with('*') ? name.starts_with(may.substr(0, may.size() - 1)) : name == may;
    });
  };
  for (const std::string& name : *names) {
    if (!allowed(name)) return std::optional(name);
  }
  return std::optional<std::string>();
}

Result<VolumeMarker> new_marker(const std::string& folder, const VolumeClaim& claim) {
  Result<std::string> filesystem = filesystem_of(folder);
  if (!filesystem) return filesystem.error();
  return VolumeMarker{claim.side, random_hex(16), claim.deployment, *filesystem,
                      format_rfc3339(system_clock().now().value)};
}

/// false: another process was first. The marker appears whole or not at all.
Result<bool> write_first(const std::string& folder, const VolumeMarker& marker) {
  const std::string path = marker_path(folder), aside = path + ".tmp-" + random_hex(6);
  Result<Descriptor> file = Descriptor::open(aside, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return file.error();
  Status done = write_all(file->get(), aside, text_of(marker));
  if (done) done = sync_descriptor(file->get(), aside);
  const bool linked = done && ::link(aside.c_str(), path.c_str()) == 0;
  const int fault = errno;
  (void)::unlink(aside.c_str());
  if (!done) return done.error();
  if (!linked && fault == EEXIST) return false;
  if (!linked) return error_of(fault, "cannot make", path);
  WEIR_TRY(sync_folder(folder));
  return true;
}

Error missing(const std::string& folder, const VolumeClaim& claim) {
  return refused(
      folder, claim,
      "has no marker, but " + claim.known_by + " knows volume " + claim.id + " in this place",
      "is it mounted? If that volume is lost or replaced on purpose: " + accept_command(claim));
}

/// Nothing: another process of this side was first.
Result<std::optional<VolumeMarker>> mark_new(const std::string& folder, const VolumeClaim& claim) {
  if (!claim.id.empty()) return missing(folder, claim);
  Result<std::optional<std::string>> other = something_in(folder, claim);
  if (!other) return other.error();
  if (*other) {
    // It may have been put there by whoever marked the volume since we looked.
    Result<std::optional<VolumeMarker>> since = read_marker(folder);
    if (!since) return since.error();
    if (*since) return std::optional<VolumeMarker>();
    return refused(folder, claim, "has no marker and is not empty: it holds " + **other,
                   "mount the volume, or name an empty folder; if it is the right one and the "
                   "marker was lost: " +
                       accept_command(claim));
  }
  Result<VolumeMarker> made = new_marker(folder, claim);
  if (!made) return made.error();
  Result<bool> first = write_first(folder, *made);
  if (!first) return first.error();
  return *first ? std::optional(*std::move(made)) : std::optional<VolumeMarker>();
}

}  // namespace

std::string marker_path(const std::string& folder) { return folder + "/" + std::string(kName); }

Result<std::string> filesystem_of(const std::string& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return error_of(errno, "cannot look at", folder);
  const auto type = static_cast<std::uint32_t>(info.f_type);
  const bool lasts = type == EXT4_SUPER_MAGIC || type == BTRFS_SUPER_MAGIC || type == TMPFS_MAGIC;
  const auto high = static_cast<std::uint32_t>(info.f_fsid.__val[0]);
  const auto low = static_cast<std::uint32_t>(info.f_fsid.__val[1]);
  if (!lasts || (high == 0 && low == 0)) return std::string();
  return fmt::format("{:x}-{:08x}{:08x}", type, high, low);
}

Result<std::optional<VolumeMarker>> read_marker(const std::string& folder) {
  Result<std::string> text = read_file(marker_path(folder), kBytesMax);
  if (!text && text.error().code == ErrorCode::not_found) return std::optional<VolumeMarker>();
  if (!text) return text.error();
  std::optional<VolumeMarker> marker = parsed(*text);
  if (marker) return marker;
  return Error{ErrorCode::config, marker_path(folder) + " is not a whole marker of a volume",
               "is it the right volume? If so remove this file, then: weir-… volume accept"};
}

Status check_marker(const std::string& folder, const VolumeMarker& marker,
                    const VolumeClaim& claim) {
  if (marker.side != claim.side) {
    return refused(folder, claim, "is the volume of " + marker.side + ", not of " + claim.side,
                   "are the mounts swapped? Each side needs a volume of its own");
  }
  if (!marker.deployment.empty() && !claim.deployment.empty() &&
      marker.deployment != claim.deployment) {
    return refused(
        folder, claim,
        "holds data of " + marker.deployment + "; this process works for " + claim.deployment,
        "mount its own volume, or name an empty folder; if this one is to be given over: " +
            accept_command(claim));
  }
  if (!claim.id.empty() && marker.id != claim.id) {
    return refused(
        folder, claim,
        "is volume " + marker.id + ", but " + claim.known_by + " knows volume " + claim.id +
            " in this place",
        "are the mounts swapped? If it was replaced on purpose: " + accept_command(claim));
  }
  Result<std::string> filesystem = filesystem_of(folder);
  if (!filesystem) return filesystem.error();
  const bool both = !marker.filesystem.empty() && !filesystem->empty();
  if (both && marker.filesystem != *filesystem) {
    return refused(
        folder, claim,
        "lies on file system " + *filesystem + "; volume " + marker.id + " was made on " +
            marker.filesystem,
        "this is a copy, or the volume is not mounted. If it was moved on purpose and the "
        "old one is gone: " +
            accept_command(claim));
  }
  return {};
}

Result<VolumeMarker> claim_volume(const std::string& folder, const VolumeClaim& claim) {
  WEIR_TRY(make_folders(folder));
  Result<std::optional<VolumeMarker>> found = read_marker(folder);
  if (!found) return found.error();
  if (!*found) {
    Result<std::optional<VolumeMarker>> made = mark_new(folder, claim);
    if (!made) return made.error();
    if (*made) return **std::move(made);
    found = read_marker(folder);
    if (!found) return found.error();
    if (!*found) return refused(folder, claim, "lost its marker just now", "start again");
  }
  WEIR_TRY(check_marker(folder, **found, claim));
  return **std::move(found);
}

Result<VolumeMarker> accept_volume(const std::string& folder, const VolumeClaim& claim) {
  Result<std::optional<VolumeMarker>> found = read_marker(folder);
  if (!found) return found.error();
  if (*found && (*found)->side != claim.side) {
    return refused(folder, claim, "is the volume of " + (*found)->side + ", not of " + claim.side,
                   "are the mounts swapped? What is another side's is never given over");
  }
  Result<VolumeMarker> marker = new_marker(folder, claim);
  if (!marker) return marker;
  if (*found && (*found)->deployment == claim.deployment) {
    marker->id = (*found)->id;
    marker->made_at = (*found)->made_at;
  }
  WEIR_TRY(write_file_durably(marker_path(folder), text_of(*marker)));
  return marker;
}

}  // namespace weir
