#include "ingest/producer/kept_records.h"

#include "ingest/codec/codec.h"
#include "ingest/codec/seal.h"
#include "ingest/spool/whole_file.h"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace weir {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kEndings = {
    {{".json", kJson}, {".packed", kPacked}, {".ndjson", kNdjson}}};
constexpr std::string_view kOtherEnding = ".bin";

std::string_view ending_of(std::string_view content_type) {
  for (const auto& [ending, type] : kEndings) {
    if (type == content_type) return ending;
  }
  return kOtherEnding;
}

/// Takes `word` and the number behind it off the front of `text`.
template <typename Number>
bool take(std::string_view& text, std::string_view word, Number& into) {
  if (!text.starts_with(word)) return false;
  const char* begin = text.data() + word.size();
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), into);
  if (error != std::errc() || end == begin) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<KeptRecord> read_name(std::string_view name) {
  KeptRecord record;
  std::string_view rest = name;
  if (!take(rest, "epoch-", record.epoch) || !take(rest, "-partition-", record.partition.value) ||
      !take(rest, "-number-", record.number)) {
    return std::nullopt;
  }
  take(rest, "-redrive-", record.redrive);
  const std::size_t point = rest.rfind('.');
  if (!rest.starts_with("-of-") || point == std::string_view::npos) return std::nullopt;
  record.producer = rest.substr(4, point - 4);
  for (const auto& [ending, type] : kEndings) {
    if (rest.substr(point) == ending) record.content_type = type;
  }
  if (!is_producer_id(record.producer)) return std::nullopt;
  return record;
}

}  // namespace

std::string kept_folder(const std::string& folder) { return folder + "/rejects"; }

std::string name_of(const KeptRecord& record) {
  const std::string redrive =
      record.redrive == 0 ? std::string() : fmt::format("-redrive-{}", record.redrive);
  return fmt::format("epoch-{}-partition-{}-number-{}{}-of-{}{}", record.epoch,
                     record.partition.value, record.number, redrive, record.producer,
                     ending_of(record.content_type));
}

Result<std::string> keep_record(LogDisk& disk, const std::string& folder, const KeptRecord& record,
                                std::string_view value) {
  const std::string into = kept_folder(folder);
  WEIR_TRY(disk.make_folders(into));
  WEIR_TRY(write_whole(disk, into, name_of(record), value));
  return into + "/" + name_of(record);
}

Result<std::vector<KeptRecord>> kept_records(LogDisk& disk, const std::string& folder) {
  std::vector<KeptRecord> records;
  Result<std::vector<std::string>> names = disk.list(kept_folder(folder));
  if (!names && names.error().code == ErrorCode::not_found) return records;
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (name.ends_with(".new")) continue;  // was being written when its process died
    std::optional<KeptRecord> record = read_name(name);
    if (!record) {
      return Error{ErrorCode::integrity, kept_folder(folder) + "/" + name + ": is no kept record",
                   "put it somewhere else: only weir-ingest writes there"};
    }
    records.push_back(*std::move(record));
  }
  return records;
}

Result<std::string> read_kept(LogDisk& disk, const std::string& folder, const KeptRecord& record) {
  const std::string path = kept_folder(folder) + "/" + name_of(record);
  Result<std::unique_ptr<LogFile>> file = disk.open(path, OpenFor::reading);
  if (!file) return file.error();
  Result<std::uint64_t> size = (*file)->size();
  if (!size) return size.error();
  std::string bytes(static_cast<std::size_t>(*size), '\0');
  Result<std::size_t> got = (*file)->read(0, bytes);
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

Status remove_kept(LogDisk& disk, const std::string& folder,
                   const std::vector<KeptRecord>& records) {
  for (const KeptRecord& record : records) {
    WEIR_TRY(disk.remove(kept_folder(folder) + "/" + name_of(record)));
  }
  return records.empty() ? Status{} : disk.sync_folder(kept_folder(folder));
}

}  // namespace weir
