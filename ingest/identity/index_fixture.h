// For tests: a stream in memory, and a consumer that uses an IdentityIndex as the loop does.
#pragma once

#include "base/digest.h"
#include "ingest/identity/identity_index.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;
constexpr std::int64_t kHour = 60 * kMinute;

/// A well-spread identity for a small number.
inline Identity id_of(std::uint64_t n) {
  auto mix = [](std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  };
  return {mix(n + 1), mix(n + 0x9e3779b97f4a7c15ULL)};
}

/// An event: which one, and its time. The time is the record's append time when none is given.
struct TestEvent {
  std::uint64_t id;
  std::optional<std::int64_t> time = std::nullopt;
};
struct TestRecord {
  std::int64_t append;
  std::vector<TestEvent> events;
};

class TestFolder {
 public:
  TestFolder() : path_(root() / ("weir-" + random_hex(8))) {
    std::filesystem::create_directories(path_);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  /// In memory where there is such a place: a thousand histories fsync a lot.
  static std::filesystem::path root() {
    std::filesystem::path memory = "/dev/shm";
    return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  }
  std::filesystem::path path_;
};

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// One consumer of one partition. `rows` and `next` are its database; all else dies in a crash.
struct TestConsumer {
  explicit TestConsumer(const std::string& folder) {
    options.folder = folder;
    options.volume_id = "volume-a";
    options.restamp_window = Micros(kHour);
    options.skew = Micros(5 * kMinute);
    options.open_age_max = Micros(1000 * kHour);  // tests say when to seal
  }

  IdentityOptions options;
  std::int32_t incarnation = 1;
  std::int32_t partition = 0;
  std::vector<TestRecord> stream;  // by offset
  std::int64_t log_start = 0;      // below, the stream has dropped its records
  bool says_log_start = true;      // to open()

  std::vector<Generation> rows;
  std::int64_t next = 0;

  std::optional<IdentityIndex> index;
  std::int64_t position = 0;
  std::int64_t read_again = 0;  // records, by the last start()
  std::optional<std::int64_t> began_in_the_middle_at;

  std::int64_t append(std::int64_t time, std::vector<TestEvent> events) {
    stream.push_back({time, std::move(events)});
    return static_cast<std::int64_t>(stream.size()) - 1;
  }

  /// Opens the index from what is named, and makes it whole from the stream (R5).
  void start() {
    index.reset();
    auto opened =
        IdentityIndex::open(options, incarnation, partition, rows,
                            says_log_start ? std::optional<std::int64_t>(log_start) : std::nullopt);
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    index.emplace(std::move(*opened));
    auto covered = index->covered();
    bool lost = covered.from < covered.to && covered.to < log_start && covered.to < next;
    if (covered.from == covered.to || lost) {
      std::int64_t from = lost ? log_start : std::max(log_start, index->rebuild_from());
      index->begin_at(from, from == 0 && incarnation == 1);
      if (from > 0) began_in_the_middle_at = from;
    }
    read_again = std::max<std::int64_t>(next - index->covered().to, 0);
    for (position = index->covered().to; position < next;) ask_next();
  }

  /// The verdicts on the record at `offset`.
  std::vector<Verdict> ask(std::int64_t offset) {
    const TestRecord& record = stream[static_cast<std::size_t>(offset)];
    std::vector<Identity> identity;
    std::vector<EventTime> time;
    std::vector<std::uint32_t> row;
    for (const TestEvent& event : record.events) {
      identity.push_back(id_of(event.id));
      time.emplace_back(event.time.value_or(record.append));
      row.push_back(static_cast<std::uint32_t>(row.size()));
    }
    std::vector<Verdict> out(identity.size());
    Status asked = index->classify(offset, AppendTime(record.append), identity, time, row, out);
    EXPECT_TRUE(asked.ok()) << asked.error().text();
    return out;
  }
  std::vector<Verdict> ask_next() {
    std::vector<Verdict> out = ask(position);
    index->advance_to(++position, std::nullopt);
    return out;
  }
  /// Appends a record of one event and reads up to it; its verdict.
  Verdict see(std::int64_t append_time, TestEvent event) {
    append(append_time, {event});
    Verdict verdict = Verdict::fresh;
    while (position < static_cast<std::int64_t>(stream.size())) verdict = ask_next().front();
    return verdict;
  }

  void commit() { next = position; }
  /// Writes a file without naming it.
  std::optional<Generation> seal(bool force = true) {
    auto sealed = index->seal(next, force);
    EXPECT_TRUE(sealed.ok()) << sealed.error().text();
    return sealed.ok() ? *sealed : std::nullopt;
  }
  /// What the loop does after a batch: commit, seal, name in the next commit, expire.
  std::optional<Generation> commit_and_seal(bool force = true) {
    commit();
    std::optional<Generation> sealed = seal(force);
    if (sealed) name(*sealed);
    return sealed;
  }
  void name(const Generation& generation) {
    rows.push_back(generation);
    Status named = index->named(generation);
    EXPECT_TRUE(named.ok()) << named.error().text();
  }
  std::vector<Generation> expire() {
    std::vector<Generation> expired = index->expirable();
    for (const Generation& gone : expired) {
      std::erase_if(rows,
                    [&](const Generation& row) { return row.file_name() == gone.file_name(); });
    }
    Status forgotten = index->forgotten(expired);
    EXPECT_TRUE(forgotten.ok()) << forgotten.error().text();
    return expired;
  }
  void crash_and_start() { start(); }
};

class IndexTest : public testing::Test {
 protected:
  TestFolder folder_;
  TestConsumer consumer_{folder_.path()};
  void SetUp() override { consumer_.start(); }
};

}  // namespace weir
