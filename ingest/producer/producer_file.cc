#include "ingest/producer/producer_file.h"

#include "base/digest.h"
#include "ingest/spool/whole_file.h"

#include <sstream>

namespace weir {
namespace {

constexpr std::size_t kFileBytesMax = 4u << 20;
constexpr const char* kProducerName = "producer";
constexpr const char* kCursorName = "cursor";
constexpr std::string_view kHead = "weir-producer 1";

Result<std::optional<std::string>> read_whole(LogDisk& disk, const std::string& path) {
  Result<std::unique_ptr<LogFile>> file = disk.open(path, OpenFor::reading);
  if (!file && file.error().code == ErrorCode::not_found) return std::optional<std::string>();
  if (!file) return file.error();
  Result<std::uint64_t> size = (*file)->size();
  if (!size) return size.error();
  if (*size > kFileBytesMax) return Error{ErrorCode::integrity, path + ": is far too long", ""};
  std::string bytes(static_cast<std::size_t>(*size), '\0');
  Result<std::size_t> got = (*file)->read(0, bytes);
  if (!got) return got.error();
  bytes.resize(*got);
  return std::optional(std::move(bytes));
}

std::string with_sum(const std::string& text) { return text + "sum " + sha256_hex(text) + "\n"; }

/// What stands above the sum; nullopt when the sum is not of it.
std::optional<std::string> without_sum(const std::string& text) {
  const std::size_t sum = text.rfind("sum ");
  if (sum == std::string::npos || (sum > 0 && text[sum - 1] != '\n')) return std::nullopt;
  std::string above = text.substr(0, sum);
  if (with_sum(above) != text) return std::nullopt;
  return above;
}

const char* name_of(ProducerFile::End end) {
  return end == ProducerFile::End::none    ? "none"
         : end == ProducerFile::End::begun ? "begun"
                                           : "done";
}

bool read_epoch(std::istringstream& words, EpochFact& fact) {
  std::string registered;
  if (!(words >> fact.epoch >> fact.topic >> fact.partitions >> fact.log_id >> registered)) {
    return false;
  }
  fact.registered = registered == "registered";
  for (std::int64_t number = 0; words >> number;) fact.last.push_back(number);
  return fact.partitions > 0 && fact.epoch > 0 &&
         (fact.last.empty() || fact.last.size() == static_cast<std::size_t>(fact.partitions));
}

bool read_fact(const std::string& line, ProducerFile& file) {
  std::istringstream words(line);
  std::string name, value;
  words >> name;
  if (name == "epoch") return read_epoch(words, file.epochs.emplace_back());
  if (!(words >> value)) return false;
  if (name == "id") {
    file.id = value;
  } else if (name == "accepted_when") {
    for (const AcceptedWhen each :
         {AcceptedWhen::spool, AcceptedWhen::broker, AcceptedWhen::input}) {
      if (value == name_of(each)) file.accepted_when = each;
    }
  } else if (name == "end") {
    for (const auto each :
         {ProducerFile::End::none, ProducerFile::End::begun, ProducerFile::End::done}) {
      if (value == name_of(each)) file.end = each;
    }
  }
  return true;
}

}  // namespace

std::string epoch_folder(const std::string& folder, std::int64_t epoch) {
  return folder + "/epoch-" + std::to_string(epoch);
}

Status remove_files(LogDisk& disk, const std::string& folder) {
  Result<std::vector<std::string>> names = disk.list(folder);
  if (!names && names.error().code == ErrorCode::not_found) return {};
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    const bool is_folder = disk.list(path).ok();
    WEIR_TRY(is_folder ? remove_files(disk, path) : disk.remove(path));
  }
  return disk.sync_folder(folder);
}

Result<std::optional<ProducerFile>> read_producer_file(LogDisk& disk, const std::string& folder) {
  const std::string path = folder + "/" + kProducerName;
  Result<std::optional<std::string>> text = read_whole(disk, path);
  if (!text) return text.error();
  if (!*text) return std::optional<ProducerFile>();
  const Error damaged{ErrorCode::integrity, path + ": is damaged",
                      "set the folder aside: a new producer begins, and the old one's events that "
                      "were not forwarded hold its periods until an operator retires it"};
  const std::optional<std::string> above = without_sum(**text);
  if (!above) return damaged;
  ProducerFile file;
  std::istringstream lines(*above);
  std::string line;
  if (!std::getline(lines, line) || line != kHead) return damaged;
  while (std::getline(lines, line)) {
    if (!read_fact(line, file)) return damaged;
  }
  if (!is_producer_id(file.id) || file.epochs.empty()) return damaged;
  return std::optional(std::move(file));
}

Status write_producer_file(LogDisk& disk, const std::string& folder, const ProducerFile& file) {
  std::ostringstream text;
  text << kHead << "\nid " << file.id << "\naccepted_when " << name_of(file.accepted_when) << "\n";
  for (const EpochFact& fact : file.epochs) {
    text << "epoch " << fact.epoch << ' ' << fact.topic << ' ' << fact.partitions << ' '
         << fact.log_id << (fact.registered ? " registered" : " unregistered");
    for (const std::int64_t number : fact.last) text << ' ' << number;
    text << '\n';
  }
  text << "end " << name_of(file.end) << "\n";
  return write_whole(disk, folder, kProducerName, with_sum(text.str()));
}

Result<std::optional<std::vector<Offset>>> read_cursor(LogDisk& disk, const std::string& folder,
                                                       std::int64_t epoch) {
  Result<std::optional<std::string>> text = read_whole(disk, folder + "/" + kCursorName);
  if (!text) return text.error();
  const std::optional<std::vector<Offset>> none;
  if (!*text) return none;
  const std::optional<std::string> above = without_sum(**text);
  if (!above) return none;
  std::istringstream words(*above);
  std::string word;
  std::int64_t of = 0;
  if (!(words >> word >> of) || of != epoch || !(words >> word)) return none;
  std::vector<Offset> next;
  for (std::int64_t offset = 0; words >> offset;) next.push_back(Offset{offset});
  return std::optional(std::move(next));
}

Status write_cursor(LogDisk& disk, const std::string& folder, std::int64_t epoch,
                    const std::vector<Offset>& next) {
  std::ostringstream text;
  text << "epoch " << epoch << "\nnext";
  for (const Offset offset : next) text << ' ' << offset.value;
  text << '\n';
  return write_whole(disk, folder, kCursorName, with_sum(text.str()));
}

}  // namespace weir
