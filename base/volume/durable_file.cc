#include "base/volume/durable_file.h"

#include "base/digest.h"
#include "base/volume/descriptor.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A name in the same folder that no other writer uses; listings show it as what it is.
std::string temporary_beside(const std::string& path) { return path + ".tmp-" + random_hex(6); }

Status write_and_sync(const std::string& path, std::string_view bytes) {
  Result<Descriptor> file = Descriptor::open(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return file.error();
  WEIR_TRY(write_all(file->get(), path, bytes));
  WEIR_TRY(sync_descriptor(file->get(), path));
  return file->close(path);
}

Status rename_and_sync(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return error_of(errno, "cannot rename " + from, to);
  return sync_folder(folder_of(to));
}

}  // namespace

Status write_file_durably(const std::string& path, std::string_view bytes) {
  const std::string temporary = temporary_beside(path);
  Status written = write_and_sync(temporary, bytes);
  if (written) written = rename_and_sync(temporary, path);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Status publish_file(const std::string& from, const std::string& to) {
  {
    Result<Descriptor> file = Descriptor::open(from, O_RDONLY);
    if (!file) return file.error();
    WEIR_TRY(sync_descriptor(file->get(), from));
  }
  return rename_and_sync(from, to);
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  Result<Descriptor> file = Descriptor::open(path, O_RDONLY);
  if (!file) return file.error();
  std::string bytes;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t n = ::read(file->get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of(errno, "cannot read", path);
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(n));
    if (bytes.size() > bytes_max) {
      return Error{ErrorCode::invalid,
                   path + " is longer than " + std::to_string(bytes_max) + " bytes", ""};
    }
  }
}

Status remove_file_durably(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return error_of(errno, "cannot remove", path);
  }
  return sync_folder(folder_of(path));
}

Status sync_folder(const std::string& folder) {
  Result<Descriptor> handle = Descriptor::open(folder, O_RDONLY | O_DIRECTORY);
  if (!handle) return handle.error();
  return sync_descriptor(handle->get(), folder);
}

Status make_folders(const std::string& folder) {
  std::string path;
  for (std::size_t at = 0; at != std::string::npos;) {
    at = folder.find('/', at + 1);
    path = folder.substr(0, at);
    if (::mkdir(path.c_str(), 0777) == 0) {
      WEIR_TRY(sync_folder(folder_of(path)));
      continue;
    }
    const int why = errno;
    struct stat info {};
    const bool is_there = ::stat(path.c_str(), &info) == 0;
    if (is_there && S_ISDIR(info.st_mode)) continue;
    return is_there ? error_of(ENOTDIR, "cannot make the folder", path)
                    : error_of(why, "cannot make the folder", path);
  }
  return {};
}

Result<std::vector<std::string>> list_folder(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  auto entry = std::filesystem::directory_iterator(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return error_of(error.value(), "cannot list", folder);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace weir
