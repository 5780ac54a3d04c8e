#include "ingest/spool/memory_disk.h"

#include "ingest/spool/memory_volume.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace weir {
namespace {

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Error failed(ErrorCode code, const std::string& path) {
  return {code, "memory disk: " + path + " fails as asked", ""};
}
Error missing(const std::string& path) {
  return {ErrorCode::not_found, "memory disk: there is no " + path, ""};
}

}  // namespace

struct MemoryDisk::State {
  struct Fault {
    ErrorCode code;
    int times;
  };

  std::mutex mutex;  // guards everything here, the contents too
  std::map<std::string, MemoryFolder> folders;
  std::set<std::string> locked;
  std::map<Call, Fault> faults;
  std::int64_t life = 1;  // counts power failures
  std::int64_t steps = 0;
  std::int64_t die_at = 0;
  Choice torn;
  bool dead = false;
  std::uint64_t bytes_max = 0;

  /// Before any call: the error that it is to fail with. `dying` is set at the step itself.
  std::optional<Error> fault(Call call, const std::string& path, bool* dying = nullptr) {
    if (dead) return Error{ErrorCode::unavailable, "memory disk: the power is gone", ""};
    if (call != Call::read && ++steps == die_at) {
      dead = true;
      if (dying != nullptr) *dying = true;
      return Error{ErrorCode::unavailable, "memory disk: the power is gone", ""};
    }
    const auto found = faults.find(call);
    if (found == faults.end()) return std::nullopt;
    const ErrorCode code = found->second.code;
    if (--found->second.times == 0) faults.erase(found);
    return failed(code, path);
  }
  MemoryFolder::Content find(const std::string& path) {
    const auto [folder, name] = split(path);
    const auto found = folders.find(folder);
    return found == folders.end() ? nullptr : found->second.find(name);
  }
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [path, folder] : folders) {
      for (const auto& [name, content] : folder.now()) sum += content->now().size();
    }
    return sum;
  }
};

class MemoryDisk::File : public LogFile {
 public:
  File(std::shared_ptr<State> state, MemoryFolder::Content content, std::string path)
      : state_(std::move(state)), content_(std::move(content)), path_(std::move(path)) {
    life_ = state_->life;
  }

  Result<std::size_t> read(std::uint64_t at, std::span<char> into) override {
    std::lock_guard lock(state_->mutex);
    if (auto error = fault(Call::read)) return *error;
    const std::string& bytes = content_->now();
    if (at >= bytes.size()) return std::size_t{0};
    const std::size_t got = std::min<std::size_t>(into.size(), bytes.size() - at);
    std::copy_n(bytes.data() + at, got, into.data());
    return got;
  }
  Status write(std::uint64_t at, std::string_view bytes) override {
    std::lock_guard lock(state_->mutex);
    WEIR_CHECK(at <= content_->now().size());
    bool dying = false;
    if (auto error = fault(Call::write, &dying)) {
      if (dying) content_->write(at, bytes.substr(0, state_->torn(bytes.size() + 1)));
      if (error->code == ErrorCode::full) content_->write(at, bytes.substr(0, bytes.size() / 2));
      return *error;
    }
    const std::size_t fits = what_fits(at, bytes.size());
    content_->write(at, bytes.substr(0, fits));
    if (fits < bytes.size()) return failed(ErrorCode::full, path_);
    return {};
  }
  Status truncate(std::uint64_t bytes) override {
    std::lock_guard lock(state_->mutex);
    if (auto error = fault(Call::truncate)) return *error;
    content_->truncate(bytes);
    return {};
  }
  Status sync() override {
    std::lock_guard lock(state_->mutex);
    if (auto error = fault(Call::sync)) {
      if (!state_->dead) content_->sync_in_vain();
      return *error;
    }
    content_->sync();
    return {};
  }
  Result<std::uint64_t> size() override {
    std::lock_guard lock(state_->mutex);
    if (auto error = fault(Call::read)) return *error;
    return std::uint64_t{content_->now().size()};
  }

 private:
  std::optional<Error> fault(Call call, bool* dying = nullptr) {
    if (life_ != state_->life) {
      return Error{ErrorCode::unavailable, "memory disk: opened before the power failure", ""};
    }
    return state_->fault(call, path_, dying);
  }
  std::size_t what_fits(std::uint64_t at, std::size_t wanted) const {
    if (state_->bytes_max == 0) return wanted;
    const std::uint64_t used = state_->bytes();
    const std::uint64_t free = state_->bytes_max > used ? state_->bytes_max - used : 0;
    return std::min<std::size_t>(wanted, content_->now().size() - at + free);
  }

  const std::shared_ptr<State> state_;
  const MemoryFolder::Content content_;
  const std::string path_;
  std::int64_t life_ = 0;
};

class MemoryDisk::Lock : public LogLock {
 public:
  Lock(std::shared_ptr<State> state, std::string folder)
      : state_(std::move(state)), folder_(std::move(folder)), life_(state_->life) {}
  ~Lock() override {
    std::lock_guard lock(state_->mutex);
    if (life_ == state_->life) state_->locked.erase(folder_);
  }

 private:
  const std::shared_ptr<State> state_;
  const std::string folder_;
  const std::int64_t life_;
};

MemoryDisk::MemoryDisk() : state_(std::make_shared<State>()) {}
MemoryDisk::~MemoryDisk() = default;

Result<std::unique_ptr<LogFile>> MemoryDisk::open(const std::string& path, OpenFor use) {
  std::lock_guard lock(state_->mutex);
  if (auto error = state_->fault(use == OpenFor::making ? Call::make : Call::read, path)) {
    return *error;
  }
  const auto [folder, name] = split(path);
  const auto in = state_->folders.find(folder);
  if (in == state_->folders.end()) return missing(path);
  MemoryFolder::Content content = in->second.find(name);
  if (use == OpenFor::making && content) content->truncate(0);
  if (use == OpenFor::making && !content) {
    content = std::make_shared<MemoryContent>();
    in->second.add(name, content);
  }
  if (!content) return missing(path);
  return std::unique_ptr<LogFile>(std::make_unique<File>(state_, std::move(content), path));
}

Status MemoryDisk::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(state_->mutex);
  if (auto error = state_->fault(Call::rename, from)) return *error;
  WEIR_CHECK(split(from).first == split(to).first);
  if (!state_->find(from)) return missing(from);
  state_->folders[split(from).first].rename(split(from).second, split(to).second);
  return {};
}

Status MemoryDisk::remove(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  if (auto error = state_->fault(Call::remove, path)) return *error;
  if (state_->find(path)) state_->folders[split(path).first].remove(split(path).second);
  return {};
}

Status MemoryDisk::make_folders(const std::string& folder) {
  std::lock_guard lock(state_->mutex);
  if (auto error = state_->fault(Call::make, folder)) return *error;
  for (std::string path = folder; !path.empty(); path = split(path).first) state_->folders[path];
  return {};
}

Status MemoryDisk::sync_folder(const std::string& folder) {
  std::lock_guard lock(state_->mutex);
  if (auto error = state_->fault(Call::sync, folder)) return *error;
  if (!state_->folders.contains(folder)) return missing(folder);
  state_->folders[folder].sync();
  return {};
}

Result<std::vector<std::string>> MemoryDisk::list(const std::string& folder) {
  std::lock_guard lock(state_->mutex);
  if (auto error = state_->fault(Call::read, folder)) return *error;
  if (!state_->folders.contains(folder)) return missing(folder);
  std::vector<std::string> names;
  for (const auto& [name, content] : state_->folders[folder].now()) names.push_back(name);
  for (const auto& [path, unused] : state_->folders) {
    if (split(path).first == folder && path != folder) names.push_back(split(path).second);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::unique_ptr<LogLock>> MemoryDisk::lock(const std::string& folder) {
  std::lock_guard lock(state_->mutex);
  if (auto error = state_->fault(Call::read, folder)) return *error;
  if (!state_->folders.contains(folder)) return missing(folder);
  if (!state_->locked.insert(folder).second) {
    return Error{ErrorCode::conflict, folder + " is in use by another process", ""};
  }
  return std::unique_ptr<LogLock>(std::make_unique<Lock>(state_, folder));
}

std::uint64_t MemoryDisk::boot() {
  std::lock_guard lock(state_->mutex);
  return static_cast<std::uint64_t>(state_->life);
}

std::unique_ptr<LogWatch> MemoryDisk::watch(const std::string&) {
  class Never : public LogWatch {
   public:
    bool wait(Micros) override { return false; }
  };
  return std::make_unique<Never>();
}

void MemoryDisk::power_fail(const Choice& choice) {
  std::lock_guard lock(state_->mutex);
  for (auto& [path, folder] : state_->folders) folder.power_fail(choice);
  state_->locked.clear();
  state_->faults.clear();
  state_->dead = false;
  state_->die_at = 0;
  ++state_->life;
}

void MemoryDisk::kill_process() {
  std::lock_guard lock(state_->mutex);
  state_->locked.clear();
  state_->faults.clear();
  state_->dead = false;
  state_->die_at = 0;
}

void MemoryDisk::die_at_step(std::int64_t step, Choice choice) {
  std::lock_guard lock(state_->mutex);
  state_->steps = 0;
  state_->die_at = step;
  state_->torn = std::move(choice);
}

std::int64_t MemoryDisk::steps() const {
  std::lock_guard lock(state_->mutex);
  return state_->steps;
}

bool MemoryDisk::dead() const {
  std::lock_guard lock(state_->mutex);
  return state_->dead;
}

void MemoryDisk::fail(Call call, ErrorCode code, int times) {
  std::lock_guard lock(state_->mutex);
  state_->faults[call] = {code, times};
}

void MemoryDisk::set_bytes_max(std::uint64_t bytes) {
  std::lock_guard lock(state_->mutex);
  state_->bytes_max = bytes;
}

std::string MemoryDisk::content(const std::string& path) const {
  std::lock_guard lock(state_->mutex);
  const MemoryFolder::Content content = state_->find(path);
  return content ? content->now() : "";
}

void MemoryDisk::set_content(const std::string& path, std::string bytes) {
  std::lock_guard lock(state_->mutex);
  const MemoryFolder::Content content = state_->find(path);
  WEIR_CHECK(content != nullptr);
  content->set(std::move(bytes));
}

}  // namespace weir
